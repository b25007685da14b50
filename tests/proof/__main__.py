"""Proves that replays are what real loads would give: as many rounds as asked for, with each module tool.

    make proof ROUNDS=5000              prints the seed of the first round
    make proof ROUNDS=1 SEED=1234       repeats one round

The first difference ends the rounds of its tool. It is reduced to the smallest tree and change, and
printed as lines for a shell.
"""

import argparse
import os
import random
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import provision
from homes import CHECKOUT, MODULE_TOOLS
from proof import rounds
from proof.product import Product

_PROGRESS = 250  # rounds from one line to the next


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


def main() -> int:
    """Play the rounds of all tools at once; return the exit status."""
    parser = argparse.ArgumentParser(prog="make proof")
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--tool", choices=MODULE_TOOLS, action="append")
    arguments = parser.parse_args()
    seed = arguments.seed
    if seed is None:
        seed = random.SystemRandom().randrange(10**9)
    tools = provision.provision(CHECKOUT / ".cache/tools").tools
    sys.stdout.write(f"SEED={seed}\n")
    sys.stdout.flush()
    processes = []
    for tool in arguments.tool or MODULE_TOOLS:
        process = os.fork()
        if process == 0:
            is_proven = False
            try:
                is_proven = prove(tool, tools[tool], range(seed, seed + arguments.rounds))
            finally:
                os._exit(not is_proven)
        processes.append(process)
    return max(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) for process in processes)


if __name__ == "__main__":
    sys.exit(main())
