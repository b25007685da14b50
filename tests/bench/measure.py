"""Times and system calls of processes, and of lines that one shell repeats."""

import os
import re
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

Environment = dict[str, str]
Measure = Callable[[], float]  # one run, in milliseconds
SHELLS = ("bash", "zsh", "fish")
_START = {"bash": ["bash", "--norc"], "zsh": ["zsh", "-f"], "fish": ["fish", "-N"]}
_TRACED = "trace=%file,getdents64,clone,clone3,fork,vfork"
# Runs all that a prompt of each shell runs.
_TICK = {
    "bash": 'tick() { local word; for word in "${PROMPT_COMMAND[@]}"; do eval "$word"; done; }',
    "zsh": "tick() { local word; for word in $precmd_functions; do $word; done; }",
    "fish": "function tick; emit fish_prompt; end",
}


class Spread(NamedTuple):
    """Quartiles of several runs, in milliseconds."""

    low: float
    median: float
    high: float


class Counts(NamedTuple):
    """Counts from strace: started processes, and system calls that take a path or list a folder."""

    processes: float
    calls: float


class Loop(NamedTuple):
    """Lines that a shell runs once, and lines that it repeats; `tick` simulates a prompt."""

    shell: str
    setup: str
    line: str
    rounds: int

    def script(self, rounds: int) -> str:
        """The script: it warms up, then prints the nanoseconds before and after the rounds."""
        setup = f"{_TICK[self.shell]}\n{self.setup}\n{self.line}\n"
        if self.shell == "fish":
            return (
                f"{setup}set -g begin (date +%s%N)\nfor i in (seq {rounds}); {self.line}; end\n"
                "echo\necho $begin (date +%s%N)\n"
            )
        return (
            f"{setup}begin=$(date +%s%N)\nfor ((i = 0; i < {rounds}; i++)); do {self.line}; done\n"
            "end=$(date +%s%N)\necho; echo $begin $end\n"
        )

    def words(self, rounds: int) -> list[str]:
        """The command that runs it."""
        return [*_START[self.shell], "-c", self.script(rounds)]

    def timed(self, env: Environment) -> float:
        """The milliseconds of one round."""
        done = subprocess.run(
            self.words(self.rounds), env=env, check=True, capture_output=True, text=True, cwd="/"
        )
        begin, end = map(int, done.stdout.split()[-2:])
        return (end - begin) / self.rounds / 1e6

    def counted(self, env: Environment, log: Path, rounds: int = 3) -> Counts:
        """The processes and file-system calls of one round."""
        many, none = (counted(self.words(n), env, log) for n in (rounds, 0))
        return Counts(*((a - b) / rounds for a, b in zip(many, none, strict=True)))


def timed(words: list[str], env: Environment) -> float:
    """The milliseconds of a whole process."""
    begin = time.perf_counter()
    subprocess.run(words, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (time.perf_counter() - begin) * 1000


def at_once(words: list[str], envs: list[Environment]) -> float:
    """The milliseconds until the last of several parallel processes has ended."""
    begin = time.perf_counter()
    running = [subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL) for env in envs]
    statuses = [process.wait() for process in running]
    assert not any(statuses), statuses
    return (time.perf_counter() - begin) * 1000


def counted(words: list[str], env: Environment, log: Path) -> Counts:
    """The processes and file-system calls of a process and its children."""
    trace = ["strace", "-f", "-qq", "-e", _TRACED, "-o", str(log)]
    subprocess.run(
        [*trace, *words],
        env=env,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
    )
    # an interrupted call has a second line, which begins differently
    begun = re.findall(r"^\d+ +(\w+)\((.*)$", log.read_text(errors="replace"), re.MULTILINE)
    starting = {"clone", "clone3", "fork", "vfork"}
    started = [line for name, line in begun if name in starting and "CLONE_THREAD" not in line]
    return Counts(len(started), sum(name not in starting for name, _ in begun))


def taking_turns(rivals: dict[str, Measure], runs: int) -> dict[str, list[float]]:
    """The times of each. They take turns, so that noise affects all of them."""
    times: dict[str, list[float]] = {name: [] for name in rivals}
    for _ in range(runs):
        for name, measure in rivals.items():
            times[name].append(measure())
    return times


def alternately(rivals: dict[str, Measure], runs: int) -> dict[str, Spread]:
    """The quartiles of each, as they take turns."""
    return {name: spread(times) for name, times in taking_turns(rivals, runs).items()}


def spread(times: list[float]) -> Spread:
    """The quartiles of several runs."""
    if len(times) == 1:
        return Spread(times[0], times[0], times[0])
    return Spread(*statistics.quantiles(times, n=4, method="inclusive"))


def static_true(folder: Path) -> str:
    """A command that does nothing, without the dynamic loader's search for libraries."""
    (folder / "true.c").write_text("int main(void) { return 0; }\n")
    program = folder / "true"
    compiled = ["gcc", "-static", "-o", str(program), str(folder / "true.c")]
    subprocess.run(compiled, check=True)
    return os.fspath(program)
