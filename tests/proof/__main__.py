"""Proves that replays are what real loads would give, and that leaving gives back what was there.

    make proof ROUNDS=5000              prints the seed of the first round
    make proof ROUNDS=1 SEED=1234       repeats one round
    make proof ROUNDS=0 WALKS=3000      walks through projects, in each shell with each module tool

The first difference ends the rounds of its tool. It is reduced to the smallest tree and change, or to
the fewest steps, and printed as lines for a shell.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import provision
import seeds
from homes import CHECKOUT, MODULE_TOOLS, SHELLS
from proof import rounds, walks
from proof.product import Product

_PROGRESS = 250  # rounds, or walks, from one line to the next


def prove(tool: str, set_up: Mapping[str, str], seeds: range) -> bool:
    """Play the rounds with these seeds, and print what they show; return whether nothing is wrong."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Product(tool, set_up, Path(folder).resolve()) as product,
    ):
        tally = rounds.Tally()
        for tally in rounds.prove(product, seeds):
            if tally.rounds % _PROGRESS == 0 or tally.rounds == len(seeds) or tally.fault:
                sys.stdout.write(f"{tool}: {tally}\n{tally.fault}")
                sys.stdout.flush()
    return not tally.fault


def walk(tool: str, set_up: Mapping[str, str], seeds: range) -> bool:
    """Walk through projects in each shell; return whether nothing is wrong."""
    is_right = True
    for shell in SHELLS:
        with tempfile.TemporaryDirectory() as folder:
            scene = walks.Scene(Path(folder).resolve(), shell, tool, set_up)
            for first in range(0, len(seeds), _PROGRESS):
                done, fault = walks.prove(scene, seeds[first : first + _PROGRESS])
                sys.stdout.write(f"{tool}, {shell}: {first + done} walks\n{fault}")
                sys.stdout.flush()
                is_right &= not fault
                if fault:
                    break
    return is_right


def main() -> int:
    """Play the rounds of all tools at once; return the exit status."""
    parser = argparse.ArgumentParser(prog="make proof")
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--walks", type=int, default=0)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--tool", choices=MODULE_TOOLS, action="append")
    arguments = parser.parse_args()
    seed = seeds.seed() if arguments.seed is None else arguments.seed
    tools = provision.provision(CHECKOUT / ".cache/tools").tools
    sys.stdout.write(f"SEED={seed}\n")
    sys.stdout.flush()
    processes = []
    parts: tuple[tuple[Callable[[str, Mapping[str, str], range], bool], int], ...]
    parts = ((prove, arguments.rounds), (walk, arguments.walks))
    for tool in arguments.tool or MODULE_TOOLS:
        process = os.fork()
        if process == 0:
            is_proven = False
            try:
                played = (
                    part(tool, tools[tool], range(seed, seed + count))
                    for part, count in parts
                    if count
                )
                is_proven = all([*played])
            finally:
                os._exit(not is_proven)
        processes.append(process)
    return max(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) for process in processes)


if __name__ == "__main__":
    sys.exit(main())
