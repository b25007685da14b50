"""Homes with one project each: modules from a small or a large tree, and an environment."""

import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from bench.measure import Environment, Loop, at_once
from bench.module_trees import MANY, application, name, plain, real
from bench.rivals import Rival

CHECKOUT = Path(__file__).resolve().parents[2]
_INIT = {"lmod": "$LMOD_PKG/init/bash", "modules": "$MODULESHOME/init/bash"}
_STEPS = itertools.count()


class Tools(NamedTuple):
    """The values that all scenes share."""

    folder: Path
    modules: dict[str, Environment]  # the variables of each module tool
    rivals: dict[str, Rival]


class Scene:
    """A home with one project, which a checkout of this tool and each rival know."""

    def __init__(
        self, tools: Tools, names: list[str], tree: Path, checkout: Path, tool: str = "lmod"
    ) -> None:
        self._rivals = tools.rivals
        self._checkout = checkout
        self.command = str(checkout / ".cache/venv/bin/autoenv-hpc")
        self.home = Path(tempfile.mkdtemp(prefix="home-", dir=tools.folder))
        self.root = self.home / "project"
        self.root.mkdir()
        self.env: Environment = {
            "HOME": str(self.home), "PATH": "/usr/local/bin:/usr/bin:/bin", "MODULEPATH": str(tree),
            "LANG": "C.UTF-8", "SHELL": "/bin/bash", "USER": "user", "AUTOENV_HPC_QUIET": "1", "DIRENV_LOG_FORMAT": "", **tools.modules[tool],
        }  # fmt: skip
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
        self.exec = [self.command, "exec", "-C", str(self.root), "--"]
        self._run(self.command, "allow", str(self.root))
        self._run(self.command, "prepare", "-C", str(self.root))
        if "direnv" in self._rivals:
            self.direnv_exec = [self._rivals["direnv"].command, "exec", str(self.root)]
            self._run(self._rivals["direnv"].command, "allow", str(self.root))
        if "mise" in self._rivals:
            self._run(self._rivals["mise"].command, "trust", str(self.root / "mise.toml"))

    def in_ranks(self, number: int, command: str) -> float:
        """The milliseconds of `exec` in the ranks of one job step, until the last has ended."""
        step = self.step(f"{number}.{next(_STEPS)}")
        try:
            return at_once([*self.exec, command], [self.env | step] * number)
        finally:
            forget_notes()

    def step(self, name: str) -> Environment:
        """The variables of a rank in a job step."""
        return {"SLURM_JOB_ID": f"bench{os.getpid()}", "SLURM_STEP_ID": name}

    def question(self) -> list[str]:
        """A hook's question about a project without modules, for which nothing is stored."""
        root = self.home / "plain"
        if not root.exists():
            root.mkdir()
            (root / ".hpcenv.toml").write_text('[env]\nX = "1"\n')
            self._run(self.command, "allow", str(root))
        common = self._checkout / "shell/hook.common"  # 0.1.0 had none, and no number
        number = re.findall(r"_protocol=(\d+)", common.read_text() if common.exists() else "")
        return [self.command, "__shell", *number[:1], "bash", "look", str(root), ""]

    def exec_in(self, folder: str) -> list[str]:
        """`exec` in another project of this home with the same configuration, but no environment."""
        root = self.home / folder
        root.mkdir()
        shutil.copy(self.root / ".hpcenv.toml", root)
        self._run(self.command, "allow", str(root))
        return [self.command, "exec", "-C", str(root), "--"]

    def built(self, folder: str, words: list[str], number: int) -> float:
        """The milliseconds until so many processes have what one of them must build first."""
        shutil.rmtree(self.home / folder / ".venv", ignore_errors=True)
        return at_once(words, [self.env] * number)

    def hook(self, shell: str, who: str) -> str:
        """The line of the rc file: `autoenv-hpc`, a rival's name, or `no hook`."""
        if who == "no hook":
            return ":"
        if who != "autoenv-hpc":
            return self._rivals[who].hook(shell)
        if shell == "fish":
            return f"'{self.command}' hook fish | source"
        return f"eval \"$('{self.command}' hook {shell})\""

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


def forget_notes() -> None:
    """Remove what the ranks of this run left in the node's memory."""
    own = f"autoenv-hpc.{os.getuid()}"
    for pattern in (f"{own}/step.bench*", f"{own}.bench*"):  # the second is that of 0.1.0
        for note in Path("/dev/shm").glob(pattern):
            note.unlink()


class Stage:
    """The scenes of one checkout, each set up when it is first asked for."""

    def __init__(self, tools: Tools, sizes: tuple[int, ...], checkout: Path = CHECKOUT) -> None:
        self._tools = tools
        self._sizes = sizes
        self._checkout = checkout

    @cache  # noqa: B019 - as long as the benchmark runs
    def small(self, number: int) -> Scene:
        """So many modules out of a tree with no others."""
        return self._plain(number, number)

    @cache  # noqa: B019
    def large(self, number: int) -> Scene:
        """So many modules out of a tree with a thousand names."""
        return self._plain(number, MANY)

    @cache  # noqa: B019
    def real(self, closure: int) -> Scene:
        """An application that loads so many modulefiles out of a tree like a site's."""
        tree = self._tools.folder / "real"
        return self._scene([application(closure)], tree if tree.exists() else real(tree, "lua"))

    def all(self) -> Iterator[tuple[str, int, Scene]]:
        """Each plain tree and number of modules."""
        for title, scene in (("small", self.small), (f"{MANY:,} names", self.large)):
            yield from ((title, number, scene(number)) for number in self._sizes)

    def _plain(self, number: int, of: int) -> Scene:
        tree = self._tools.folder / f"plain-{of}"
        tree = tree if tree.exists() else plain(tree, "lua", of)
        return self._scene([name(i) for i in range(number)], tree)

    def _scene(self, names: list[str], tree: Path) -> Scene:
        return Scene(self._tools, names, tree, self._checkout)
