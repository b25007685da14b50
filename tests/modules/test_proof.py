"""What a load asked decides what it gives: no change that leaves all answers alone changes a load.

Each round makes a random tree, loads from it under the listener, changes the world a few times, and
loads again each time. A different result under unchanged answers is a question that was not seen.
PROOF_ROUNDS says how many rounds, PROOF_SEED with which one to begin.
"""

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import proof_trees
import pytest
from homes import CHECKOUT, MODULE_TOOLS
from proof_trees import Change, World
from trees import interpreter_of

from autoenv_hpc.modules import observations
from autoenv_hpc.modules.observations import Observations

_ROUNDS = int(os.environ.get("PROOF_ROUNDS", "40"))
_CHANGES = 4  # in each round


class Load(NamedTuple):
    """What one load printed and its status."""

    code: str
    status: int


class Bench(NamedTuple):
    """A module tool and a folder in which worlds are laid out."""

    program: str
    tool: str
    folder: Path
    stored: list[World]

    @property
    def root(self) -> Path:
        return self.folder / "world"

    def load(self, world: World) -> tuple[Load, Observations | None]:
        """Load what the world asks for."""
        record = self.folder / "record"
        record.write_bytes(b"call\0\0\0\0")
        interpreter = interpreter_of(self.program)
        listener = CHECKOUT / f"shell/observe.{'lua' if self.tool == 'lmod' else 'tcl'}"
        env = {**world.environment(self.root), "PWD": str(self.root / world.place)}
        began = time.time_ns()
        done = subprocess.run(
            [*interpreter, str(listener), str(record), self.program, "bash", "load", *world.modules],
            check=False, capture_output=True, env=env, cwd=self.root / world.place, stdin=subprocess.DEVNULL,
            encoding="utf-8", errors="surrogateescape",
        )  # fmt: skip
        return Load(done.stdout, done.returncode), observations.observed(
            record.read_bytes(), env, began
        )


def holds(seen: Observations, world: World, root: Path) -> bool:
    """Whether all answers are what they were."""
    env = {**world.environment(root), "PWD": str(root / world.place)}

    def kind(path: str) -> str | None:
        if not os.path.exists(path):
            return None
        return "directory" if os.path.isdir(path) else "file"

    def modified(path: str) -> int | None:
        try:
            return os.stat(path).st_mtime_ns
        except OSError:
            return None

    return (
        all(modified(path) == then for path, then in seen.files.items())
        and all(Path(path).stat().st_size == size for path, size in seen.sizes.items())
        and all(kind(path) == what for path, what in seen.present.items())
        and all(
            (os.readlink(p) if os.path.islink(p) else None) == to for p, to in seen.links.items()
        )
        and all(env.get(n) == v for n, v in {**seen.variables, **seen.written}.items())
        and seen.place in (None, env["PWD"])
    )


def fault(bench: Bench, world: World, steps: list[Change]) -> str | None:
    """What a round shows to be wrong, if anything."""
    world.lay_out(bench.root)
    first, seen = bench.load(world)
    assert seen is not None, (world.modules, first)
    if seen.unstorable:
        return None
    bench.stored.append(world)
    for number, change in enumerate(steps):
        world = change.made_in(world, bench.root, 1_650_000_000 + number)
        if holds(seen, world, bench.root):
            again, _ = bench.load(world)
            if again != first:
                return f"after {change}:\n{first.code}\nwas, and is now\n{again.code}"
    return None


def smaller(bench: Bench, world: World, steps: list[Change]) -> tuple[World, list[Change], str]:
    """The same fault with as few files, lines, variables and changes as can be."""
    text = fault(bench, world, steps) or ""
    is_smaller = True
    while is_smaller:
        is_smaller = False
        for candidate, fewer in _candidates(world, steps):
            found = fault(bench, candidate, fewer)
            if found:
                world, steps, text, is_smaller = candidate, fewer, found, True
                break
    return world, steps, text


def _candidates(world: World, steps: list[Change]) -> Iterator[tuple[World, list[Change]]]:
    for i in range(len(steps)):
        yield world, steps[:i] + steps[i + 1 :]
    for path, content in world.content.items():
        if path not in ("tree", "home", "a", "b"):
            yield (
                world._replace(content={p: c for p, c in world.content.items() if p != path}),
                steps,
            )
        if type(content) is str and path.startswith(("tree/", "home/")):
            lines = content.splitlines(keepends=True)
            for i in range(len(lines) if len(lines) > 1 else 0):
                text = "".join(lines[:i] + lines[i + 1 :])
                yield world._replace(content={**world.content, path: text}), steps
    for name in world.env:
        if name not in ("HOME", "PATH", "MODULEPATH"):
            yield world._replace(env={n: v for n, v in world.env.items() if n != name}), steps
    if len(world.modules) > 1:
        for name in world.modules:
            yield world._replace(modules=(name,)), steps


@pytest.fixture
def bench(tool: str, tool_env: dict[str, dict[str, str]], tmp_path: Path) -> Bench:
    program = tool_env[tool]["LMOD_CMD" if tool == "lmod" else "MODULES_CMD"]
    return Bench(os.environ.get(f"{tool.upper()}_PROOF", program), tool, tmp_path, [])


@pytest.mark.parametrize("tool", MODULE_TOOLS)
def test_a_load_is_the_same_as_long_as_all_answers_are(bench: Bench, tool: str) -> None:
    first = int(os.environ.get("PROOF_SEED", random.SystemRandom().randrange(10**9)))
    for seed in range(first, first + _ROUNDS):
        rng = random.Random(seed)
        world = proof_trees.make(rng, tool, bench.root)
        steps = list(islice(proof_trees.changes(rng, world, bench.root), _CHANGES))
        if fault(bench, world, steps):
            small, fewer, text = smaller(bench, world, steps)
            files = "\n".join(f"--- {p}\n{c}" for p, c in small.content.items() if c is not None)
            pytest.fail(
                f"PROOF_SEED={seed}: load {small.modules} {small.env} in {small.place}\n{files}\n{fewer}\n{text}"
            )
        shutil.rmtree(bench.root)
    assert len(bench.stored) > _ROUNDS // 5  # else the rounds show little
    last = first + _ROUNDS - 1
    sys.stdout.write(f"seeds {first} to {last}: {len(bench.stored)} loads could be stored\n")
