"""Strangers' job scripts: from the script to the running job, with what the script itself made.

STRANGERS names a folder with such scripts, as the repositories of centres hold them. Their modules are
made up, with a Python each where one is meant. Nothing of what they run is there: a word that is no
command prints itself and what it was given.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from homes import COMMAND, Home
from slurm import Slurm
from trees import Tree

FOLDER = os.environ.get("STRANGERS", "")
SAFE = (
    "awk basename bash cat dirname echo env grep hostname id nproc printenv pwd readlink sed sh sort"
    " tail test tr uname wc which"
)
HANDLER = """() {  case $1 in
    cp | ls | mkdir | mv | rm | touch) echo "ran $*" ;;  # the same in every environment
    *) echo "ran $* with $LOADEDMODULES ${VIRTUAL_ENV-}" ;;
    esac
}"""
SHOW = """
echo "PATH=$PATH"
if type -P python >/dev/null; then python -c 'import sys; print("prefix", sys.prefix)'; fi
for name in LD_LIBRARY_PATH OMP_NUM_THREADS PYTHONPATH ${!MARK_*}; do printf '%s=%s\\n' "$name" "${!name-unset}"; done
"""
PYTHONS = re.compile(r"python|conda|mamba|forge", re.IGNORECASE)


def scripts() -> list[Path]:
    """The job scripts of Slurm in the folder that load modules."""
    found = []
    for path in sorted(Path(FOLDER).rglob("*")) if FOLDER else []:
        if path.is_file() and ".git" not in path.parts and path.stat().st_size < 20_000:
            text = path.read_text(errors="replace")
            if (
                text.startswith("#!")
                and "#SBATCH" in text
                and re.search(r"^\s*(module|ml)\s", text, re.MULTILINE)
            ):
                found.append(path)
    return found


class Stranger:
    """One script in a home of its own, on a cluster that has its modules."""

    def __init__(self, folder: Path, env: dict[str, str], slurm: Slurm, text: str) -> None:
        safe = folder / "bin"
        safe.mkdir(parents=True)
        for name in SAFE.split():
            if program := shutil.which(name):
                (safe / name).symlink_to(program)
        (safe / "autoenv-hpc").symlink_to(COMMAND)
        self.tree = Tree(folder / "tree", "lua")
        self.home = Home(folder, {**env, "MODULEPATH": str(self.tree.folder)})
        self.home.env |= {"PATH": str(safe), "BASH_FUNC_command_not_found_handle%%": HANDLER}
        self.root = self.home.folder / "p"
        self.root.mkdir()
        self.slurm, self.folder = slurm, folder
        lines = [line for line in text.splitlines() if not line.startswith("#SBATCH")]
        self.script = self.root / "job.sh"
        self.script.write_text("\n".join([*lines, SHOW]))

    def draft(self) -> tuple[dict[str, Any], str]:
        """The configuration that is made of the script, and what is said about it."""
        done = self.home.attempt("init", "--from", "job.sh", "--force", cwd=self.root)
        if done.returncode:
            return {}, done.stderr
        return tomllib.loads((self.root / ".hpcenv.toml").read_text()), done.stderr

    def have_module_paths(self, paths: list[str]) -> None:
        """Make the folders of its centre that the script adds, below the test's own."""
        text = self.script.read_text()
        for path in sorted(paths, key=len, reverse=True):
            if path.startswith("/"):
                here = f"{self.folder}/paths{path}"
                Path(here).mkdir(parents=True, exist_ok=True)
                text = re.sub(rf"(?<![\w/]){re.escape(path)}(?!\w)", here, text)
        self.script.write_text(text)

    def provide(self, names: list[str]) -> None:
        """Write the modules that the script loads."""
        for name in dict.fromkeys(names):
            full = name if "/" in name else f"{name}/1.0"
            mark = re.sub(r"\W", "_", full).upper()
            prefix = self.folder / "software" / full
            (prefix / "bin").mkdir(parents=True)
            if PYTHONS.search(name):
                new = [sys.executable, "-m", "venv", "--without-pip", str(prefix)]
                subprocess.run(new, check=True)
            self.tree.module(
                full,
                ("setenv", f"MARK_{mark}", "1"),
                ("prepend", "PATH", f"{prefix}/bin"),
                ("prepend", "LD_LIBRARY_PATH", f"{prefix}/lib"),
            )

    def run(self, number: int) -> str:
        """What the job writes, in a folder that is afterwards as it was before."""
        before = self.folder / "before"
        shutil.copytree(self.root, before, symlinks=True)
        out = self.folder / f"out-{number}"
        start = self.folder / "start.sh"  # the job has no more on its PATH than what is safe
        start.write_text(f"#!/bin/bash\nPATH={self.home.env['PATH']}\n. {self.root}/job.sh\n")
        env = self.home.env | {"PATH": os.environ["PATH"]}
        job = self.slurm.submit(start, f"--output={out}", cwd=self.root, env=env)
        self.slurm.wait(job)
        shutil.rmtree(self.root)
        before.rename(self.root)
        text = out.read_text().replace("=:", "=")  # `X=$X:new` has an empty entry if X was not set
        changing = r"(?<=line )\d+|(?<=pid is )\d+|(?<=(?:char|yscr|yscw|ytes): )\d+"
        text = re.sub(changing, "N", text)
        return re.sub(rf"0*{job}", "N", text)


def obstacle(stranger: Stranger, config: dict[str, Any], said: str) -> str:
    """Why a script cannot be tried here; empty if its modules and environment are there now."""
    venv = config.get("venv", {})
    if not config:
        return said.splitlines()[0].removeprefix("autoenv-hpc: ") if said else "nothing to take"
    if "envs" in config or venv.keys() - {"path", "backend"} or venv.get("backend") == "conda":
        return "its environment would have to be made first"
    stranger.provide(config.get("modules", []))
    path = venv.get("path", "")
    if path.startswith(("/", "~", "$")):
        return "its environment is elsewhere"
    if path:
        make = [sys.executable, "-m", "venv", "--without-pip", stranger.root / path]
        subprocess.run(make, check=True)
    return ""


def outcome(stranger: Stranger) -> str:
    """How a script fares: `same`, or why it was left out or differs; any other text is a fault."""
    config, said = stranger.draft()
    if paths := config.get("module-paths"):
        stranger.have_module_paths(paths)
        config, said = stranger.draft()
    if why := obstacle(stranger, config, said):
        return f"left out: {why}"
    own = stranger.run(1)
    for step in ("allow", "prepare"):
        stranger.home.command(step, cwd=stranger.root)
    changed = stranger.home.command("init", "--diff", "--from", "job.sh", cwd=stranger.root).stdout
    patch = ["/usr/bin/patch", "-s", "-p0"]
    subprocess.run(patch, input=changed, text=True, check=True, cwd=stranger.root)
    if "autoenv-hpc export" not in (stranger.root / "job.sh").read_text():
        return "left out: nothing in it can be replaced"
    ours = stranger.run(2)
    if ours == own:
        return "same"
    is_told = re.search(r"^autoenv-hpc: job.sh:\d+:(?!.* it has no version)", said, re.MULTILINE)
    return "another, and told" if is_told else f"wanted:\n{own}\ncame:\n{ours}"


@pytest.mark.skipif(not FOLDER, reason="STRANGERS names no folder with job scripts")
def test_a_job_has_what_its_script_made(
    slurm: Slurm, tool_env: dict[str, dict[str, str]], tmp_path: Path
) -> None:
    seen: Counter[str] = Counter()
    faults = []
    for number, path in enumerate(scripts()):
        text = path.read_text(errors="replace")
        folder = tmp_path / f"script-{number}"
        stranger = Stranger(folder, tool_env["lmod"], slurm, text)
        came = outcome(stranger)
        is_known = came.startswith(("same", "left out", "another"))
        seen[came if is_known else "different"] += 1
        if not is_known:
            faults.append(f"{path}\n{came}")
        if came.startswith("another"):
            sys.stdout.write(f"{came}: {path}\n")
        shutil.rmtree(folder)
    sys.stdout.write("".join(f"{count:4} {what}\n" for what, count in seen.most_common()))
    assert not faults, "\n\n".join(faults)
    assert seen["same"] >= 10
