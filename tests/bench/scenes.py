"""Homes with one project each: modules from a small or a large tree, and an environment."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from bench.measure import Environment, Loop
from bench.rivals import Rival
from trees import Tree

COMMAND = str(Path(sys.executable).parent / "autoenv-hpc")
MANY = 1000  # the number of names in the large tree
_INIT = {"lmod": "$LMOD_PKG/init/bash", "modules": "$MODULESHOME/init/bash"}


class Tools(NamedTuple):
    """The values that all scenes share."""

    folder: Path
    modules: dict[str, Environment]  # the variables of each module tool
    rivals: dict[str, Rival]


def name(number: int) -> str:
    """The name of one of the modules."""
    return f"module{number:03d}/1.0"


def tree(folder: Path, language: str, number: int) -> Path:
    """A folder of modules that set five variables each, one of them LD_LIBRARY_PATH."""
    made = Tree(folder, language)
    for i in range(number):
        prefix, upper = f"/opt/{name(i)}", f"MODULE{i:03d}"
        made.module(
            name(i), ("prepend", "PATH", f"{prefix}/bin"), ("prepend", "LD_LIBRARY_PATH", f"{prefix}/lib"),
            ("prepend", "MANPATH", f"{prefix}/man"), ("setenv", f"EBROOT{upper}", prefix),
            ("setenv", f"EBVERSION{upper}", "1.0"),
        )  # fmt: skip
    return made.folder


class Scene:
    """A home with one project, which each rival knows."""

    def __init__(self, tools: Tools, tool: str, number: int, modules: Path) -> None:
        self._rivals = tools.rivals
        self.home = Path(tempfile.mkdtemp(prefix="home-", dir=tools.folder))
        self.root = self.home / "project"
        self.root.mkdir()
        self.env: Environment = {
            "HOME": str(self.home), "PATH": "/usr/local/bin:/usr/bin:/bin", "MODULEPATH": str(modules),
            "LANG": "C.UTF-8", "SHELL": "/bin/bash", "USER": "user", "AUTOENV_HPC_QUIET": "1", "DIRENV_LOG_FORMAT": "", **tools.modules[tool],
        }  # fmt: skip
        names = [name(i) for i in range(number)]
        python = os.path.realpath(sys.executable)
        subprocess.run([python, "-m", "venv", "--without-pip", self.root / ".venv"], check=True)
        (self.root / ".hpcenv.toml").write_text(
            f'modules = {names}\n[venv]\npython = "{python}"\n'.replace("'", '"')
        )
        self.set_up = f'source "{_INIT[tool]}"'
        self.load = f"module load {' '.join(names)}" if names else ":"
        self.activate = f"source '{self.root}/.venv/bin/activate'"
        (self.root / ".envrc").write_text(f"{self.set_up}\n{self.load}\n{self.activate}\n")
        (self.root / "mise.toml").write_text('[env]\nCOURSE = "seed"\n')
        recipe = f'{self.set_up}\nmodule purge\n{self.load}\n{self.activate}\nexec "$@"\n'
        (self.home / "recipe.sh").write_text(recipe)
        self.recipe = ["bash", str(self.home / "recipe.sh")]
        self.exec = [COMMAND, "exec", "-C", str(self.root), "--"]
        self._run(COMMAND, "allow", str(self.root))
        self._run(COMMAND, "prepare", "-C", str(self.root))
        if "direnv" in self._rivals:
            self.direnv_exec = [self._rivals["direnv"].command, "exec", str(self.root)]
            self._run(self._rivals["direnv"].command, "allow", str(self.root))
        if "mise" in self._rivals:
            self._run(self._rivals["mise"].command, "trust", str(self.root / "mise.toml"))

    def exec_in(self, folder: str) -> list[str]:
        """`exec` in another project of this home with the same configuration, but no environment."""
        root = self.home / folder
        root.mkdir()
        shutil.copy(self.root / ".hpcenv.toml", root)
        self._run(COMMAND, "allow", str(root))
        return [COMMAND, "exec", "-C", str(root), "--"]

    def hook(self, shell: str, who: str) -> str:
        """The line of the rc file: `autoenv-hpc`, a rival's name, or `no hook`."""
        if who == "no hook":
            return ":"
        if who != "autoenv-hpc":
            return self._rivals[who].hook(shell)
        if shell == "fish":
            return f"'{COMMAND}' hook fish | source"
        return f"eval \"$('{COMMAND}' hook {shell})\""

    def idle(self, shell: str, who: str, *, inside: bool) -> Loop:
        """A prompt after which nothing has changed."""
        place = self.root if inside else "/"
        rounds = 2000 if who in ("autoenv-hpc", "no hook") else 30
        return Loop(shell, f"{self.hook(shell, who)}\ncd '{place}'\ntick", "tick", rounds)

    def round_trip(self, shell: str, who: str) -> Loop:
        """Enter the project and leave it."""
        line = f"cd '{self.root}'; tick; cd /; tick"
        return Loop(shell, self.hook(shell, who), line, 50 if who == "autoenv-hpc" else 3)

    def by_hand(self) -> Loop:
        """The lines that a user types in bash for the same result."""
        line = f"{self.load}; {self.activate}; deactivate; module purge"
        return Loop("bash", self.set_up, line, 3)

    def first(self, who: str) -> float:
        """The milliseconds to enter the project in a running bash.

        For `autoenv-hpc` nothing is stored; with `modules known` the module load is.
        """
        env = self.env | self._cache(who)
        enter = f"cd '{self.root}'; tick"
        loops = {
            "by hand": Loop("bash", self.set_up, "", 1),
            "direnv": Loop("bash", self.hook("bash", "direnv") if who == "direnv" else "", "", 1),
        }
        loop = loops.get(who, Loop("bash", self.hook("bash", "autoenv-hpc"), "", 1))
        script = loop._replace(line=":").script(1)
        work = f"{self.load}; {self.activate}" if who == "by hand" else enter
        done = subprocess.run(
            ["bash", "--norc", "-c", script.replace("do :; done", f"do {work}; done")],
            env=env, check=True, capture_output=True, text=True, cwd="/",
        )  # fmt: skip
        begin, end = map(int, done.stdout.split()[-2:])
        return (end - begin) / 1e6

    def _cache(self, who: str) -> Environment:
        cache = self.home / f"cache of {who}"
        if who == "autoenv-hpc":
            shutil.rmtree(cache, ignore_errors=True)
        else:
            shutil.rmtree(cache / "activations", ignore_errors=True)
        return {"AUTOENV_HPC_CACHE_DIR": str(cache)}

    def _run(self, *words: str) -> None:
        subprocess.run(words, env=self.env, check=True, capture_output=True, cwd="/")
