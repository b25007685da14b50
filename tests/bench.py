"""Measures what users feel, each row beside its rival in one run; `make bench` prints the page.

Medians of several runs, in milliseconds unless said otherwise, and the ratio to the rival. The
modules of the synthetic tree set five variables each, one of them LD_LIBRARY_PATH.
"""

import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import provision
from trees import Tree

CHECKOUT = Path(__file__).resolve().parent.parent
COMMAND = str(Path(sys.executable).parent / "autoenv-hpc")
RUNS = 9
SIZES = (1, 8, 10, 40, 100)


class Scene:
    """A home with a project of some modules and an environment, under Lmod."""

    def __init__(self, folder: Path, tool: dict[str, str], number: int) -> None:
        self.home = folder / f"home-{number}"
        self.root = self.home / "project"
        self.root.mkdir(parents=True)
        tree = Tree(folder / f"tree-{number}", "lua")
        names = [f"module{i:03d}/1.0" for i in range(number)]
        for name in names:
            prefix = f"/opt/{name}"
            tree.module(
                name, ("prepend", "PATH", f"{prefix}/bin"), ("prepend", "LD_LIBRARY_PATH", f"{prefix}/lib"),
                ("prepend", "MANPATH", f"{prefix}/man"), ("setenv", f"EBROOT{name[:9].upper()}", prefix),
                ("setenv", f"EBVERSION{name[:9].upper()}", "1.0"),
            )  # fmt: skip
        self.env = {
            "HOME": str(self.home), "PATH": "/usr/local/bin:/usr/bin:/bin", "MODULEPATH": str(tree.folder),
            "LANG": "C.UTF-8", "AUTOENV_HPC_QUIET": "1", **tool,
        }  # fmt: skip
        listed = ", ".join(f'"{name}"' for name in names)
        python = os.path.realpath(sys.executable)
        (self.root / ".hpcenv.toml").write_text(
            f'modules = [{listed}]\n[venv]\npython = "{python}"\n'
        )
        self.load = f"module load {' '.join(names)}"
        self.activate = f"source '{self.root}/.venv/bin/activate'"
        (self.home / "recipe.sh").write_text(
            f'source "$LMOD_PKG/init/bash"\nmodule purge\n{self.load}\n{self.activate}\nexec "$@"\n'
        )
        self.run("allow", str(self.root))
        self.run("prepare", "-C", str(self.root))
        self.exec = [COMMAND, "exec", "-C", str(self.root), "--"]
        self.recipe = ["bash", str(self.home / "recipe.sh")]

    def run(self, *words: str) -> str:
        """Run the command."""
        done = subprocess.run(
            [COMMAND, *words], env=self.env, check=True, capture_output=True, text=True
        )
        return done.stdout

    def timed(self, words: list[str]) -> float:
        """The median time of a whole process, in milliseconds."""
        times = []
        for _ in range(RUNS):
            start = time.perf_counter()
            subprocess.run(words, env=self.env, check=True, stdout=subprocess.DEVNULL)
            times.append(time.perf_counter() - start)
        return statistics.median(times) * 1000

    def calls(self, words: list[str]) -> int:
        """How many file-system calls a command makes, with all its children."""
        log = self.home / "calls"
        trace = ["strace", "-f", "-qq", "-e", "trace=%file,getdents64", "-o", str(log)]
        subprocess.run([*trace, *words], env=self.env, check=True, stdout=subprocess.DEVNULL)
        return len(re.findall(r"^\d+\s+\w+\(", log.read_text(), re.MULTILINE))

    def at_once(self, words: list[str], number: int) -> float:
        """The time until all of a number of processes, started together, have ended."""
        times = []
        for _ in range(3):
            start = time.perf_counter()
            running = [subprocess.Popen(words, env=self.env) for _ in range(number)]
            assert [process.wait() for process in running] == [0] * number
            times.append(time.perf_counter() - start)
        return statistics.median(times) * 1000

    def looped(self, shell: str, setup: str, line: str, times: int) -> float:
        """The time of one round of lines inside one shell, in milliseconds."""
        hook = "| source" if shell == "fish" else ""
        begin = (
            f"{COMMAND} hook fish {hook}"
            if shell == "fish"
            else f'eval "$({COMMAND} hook {shell})"'
        )
        loop = {
            "bash": f"for ((i = 0; i < {times}; i++)); do {line}; done",
            "zsh": f"for ((i = 0; i < {times}; i++)); do {line}; done",
            "fish": f"for i in (seq {times}); {line}; end",
        }[shell]
        clock = "date +%s%N"
        code = (
            f"{begin}\n{setup}\n{line}\nset -g a ({clock})\n{loop}\nset -g b ({clock})\necho $a $b\n"
            if shell == "fish"
            else (f"{begin}\n{setup}\n{line}\na=$({clock})\n{loop}\nb=$({clock})\necho $a $b\n")
        )
        words = {"bash": ["bash", "--norc"], "zsh": ["zsh", "-f"], "fish": ["fish", "-N"]}[shell]
        results = []
        for _ in range(5):
            done = subprocess.run(
                [*words, "-c", code],
                env=self.env,
                check=True,
                capture_output=True,
                text=True,
                cwd=self.home,
            )
            first, last = map(int, done.stdout.split()[-2:])
            results.append((last - first) / times / 1e6)
        return statistics.median(results)


def table(title: str, columns: list[str], rows: list[list[object]]) -> None:
    """Print one table."""
    say(f"\n## {title}\n")
    say("| " + " | ".join(columns) + " |")
    say("|" + " --- |" * len(columns))
    for row in rows:
        say(
            "| "
            + " | ".join(f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in row)
            + " |"
        )


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)  # noqa: T201


TICK = {
    "bash": "__autoenv_hpc_prompt",
    "zsh": "__autoenv_hpc_precmd",
    "fish": "__autoenv_hpc_prompt",
}


def main() -> None:
    """Measure, and print the page."""
    tool = provision.provision(CHECKOUT / ".cache/tools")["tools"]["lmod"]
    command = "true"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        static = folder / "true"
        if shutil.which("gcc"):
            (folder / "true.c").write_text("int main(void) { return 0; }\n")
            subprocess.run(["gcc", "-static", "-o", static, folder / "true.c"], check=True)
            command = str(static)
        scenes = {number: Scene(folder, tool, number) for number in SIZES}
        say(
            f"Measured with `make bench` on {os.cpu_count()} cores, {platform.platform()}, Lmod {tool['LMOD_VERSION']}."
        )
        rows = []
        for number, scene in scenes.items():
            ours, theirs = (
                scene.timed([*scene.exec, command]),
                scene.timed([*scene.recipe, command]),
            )
            our_calls, their_calls = (
                scene.calls([*scene.exec, command]),
                scene.calls([*scene.recipe, command]),
            )
            rows.append(
                [
                    number,
                    ours,
                    theirs,
                    f"1/{theirs / ours:.0f}",
                    our_calls,
                    their_calls,
                    f"1/{their_calls / our_calls:.0f}",
                ]
            )
        table(
            "`exec`, seen before, beside the batch recipe (purge, load, activate)",
            ["modules", "exec, ms", "recipe, ms", "ratio", "exec, file-system calls", "recipe, calls", "ratio"], rows,
        )  # fmt: skip
        rows = []
        for ranks in (1, 16, 64, 256):
            ours, theirs = (
                scenes[8].at_once([*scenes[8].exec, command], ranks),
                scenes[8].at_once([*scenes[8].recipe, command], ranks),
            )
            rows.append([ranks, ours, theirs, f"1/{theirs / ours:.0f}"])
        table(
            "Ranks at once on one node, 8 modules: until the last has ended",
            ["ranks", "exec in each, ms", "recipe in each, ms", "ratio"],
            rows,
        )
        rows = []
        for shell in ("bash", "zsh", "fish"):
            scene = scenes[8]
            outside = scene.looped(shell, "cd /", TICK[shell], 2000)
            inside = scene.looped(shell, f"cd {scene.root}; {TICK[shell]}", TICK[shell], 2000)
            rows.append([shell, outside * 1000, inside * 1000])
        table(
            "Idle prompt, no process and no open",
            ["shell", "outside, µs", "inside a project, µs"],
            rows,
        )
        rows = []
        for number, scene in scenes.items():
            by_hand = scene.looped(
                "bash",
                'source "$LMOD_PKG/init/bash"',
                f"{scene.load}; {scene.activate}; deactivate; module purge",
                3,
            )
            row: list[object] = [number]
            for shell in ("bash", "zsh", "fish"):
                round_trip = f"cd {scene.root}; {TICK[shell]}; cd /; {TICK[shell]}"
                ours = scene.looped(shell, round_trip, round_trip, 50)
                row += [ours, f"1/{by_hand / ours:.0f}"]
            rows.append([*row, by_hand])
        table(
            "Enter and leave, seen before, beside load, activate, deactivate, purge by hand in bash",
            ["modules", "bash, ms", "ratio", "zsh, ms", "ratio", "fish, ms", "ratio", "by hand, ms"], rows,
        )  # fmt: skip
        rows = []
        for number, scene in scenes.items():
            fresh = [COMMAND, "exec", "--fresh", "-C", str(scene.root), "--", command]
            load = [
                "bash",
                "-c",
                f'source "$LMOD_PKG/init/bash"; {scene.load}; {scene.activate}; exec {command}',
            ]
            ours, theirs = scene.timed(fresh), scene.timed(load)
            rows.append([number, ours, theirs, ours / theirs])
        table(
            "First time, environment there, beside the plain load",
            ["modules", "ours, ms", "module load, ms", "ratio"],
            rows,
        )
        plain = folder / "plain"
        plain.mkdir()
        (plain / ".hpcenv.toml").write_text('[env]\nX = "1"\n')
        scene = scenes[1]
        scene.run("allow", str(plain))
        ask = [COMMAND, "__shell", "bash", "look", str(plain), ""]
        python = [sys.executable, "-I", "-c", "pass"]
        ours, theirs = scene.timed(ask), scene.timed(python)
        table(
            "Python at a miss, without modules",
            ["ask, ms", "`python -I -c pass`, ms", "ratio"],
            [[ours, theirs, ours / theirs]],
        )


if __name__ == "__main__":
    main()
