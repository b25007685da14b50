"""Walks: what a user does in a shell around some projects, and what must hold each time outside.

A walk is a list of steps. Each step is one line that the user types, in the words of the shell. Outside
of the projects the environment is written down, and compared with what the walk says it must be.
"""

import os
import random
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from homes import COMMAND, MODULE_INIT, Home
from sessions import PLAIN, TICK
from trees import Tree

Env = dict[str, str]

_RESTLESS = re.compile(r"(BASH_FUNC\S+|_|SHLVL|PWD|OLDPWD|COLUMNS|LINES|_ModuleTable\w*)\Z")
_LANGUAGES = {"lmod": "lua", "modules": "tcl"}
_SECONDS = 300  # for one walk on a busy machine
_PLACES = ("p", "q", "r", "p/deep")
PATHS = ("PATH", "LD_LIBRARY_PATH", "MANPATH", "PERL5LIB")


class Step(NamedTuple):
    """One step: what the user does, with the words that it takes."""

    what: str
    words: tuple[str, ...] = ()

    def line(self, shell: str) -> str:
        """What the user types."""
        name, value = (*self.words, "", "")[:2]
        words = " ".join(self.words)
        typed = {"module": f"module {words}", "cd": f"cd {words}", "nested": shell}
        if shell == "fish":
            old = f"(string split : -- ${name})"
            typed |= {
                "set": f"set -gx {name} {value}",
                "unset": f"set -e {name}",
                "front": f"set -gx --path {name} {value} {old}",
                "back": f"set -gx --path {name} {old} {value}",
                "activate": f"source {name}/bin/activate.fish",
            }
        else:
            typed |= {
                "set": f"export {name}={value}",
                "unset": f"unset {name}",
                "front": f'export {name}="{value}:${{{name}-}}"',
                "back": f'export {name}="${{{name}-}}:{value}"',
                "activate": f"source {name}/bin/activate",
            }
        return typed.get(self.what, self.what)  # deactivate, exit


class Scene:
    """A user's home with module trees, environments and projects, for many walks."""

    def __init__(self, folder: Path, shell: str, tool: str, set_up: Mapping[str, str]) -> None:
        self.shell, self.tool, self.folder = shell, tool, folder
        core = _trees(folder / "modules", tool)
        self.home = Home(folder, {**set_up, "MODULEPATH": str(core)})
        for name in ("a", "b", "own"):
            prefix = folder / name
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", prefix], check=True)
        self.home.project(
            'modules = ["cc/1", "lib/1"]\n[env]\nCOLOUR = "blue"\n[paths]\nPATH = { prepend = ["bin"] }\n'
            'PERL5LIB = { append = ["perl"] }\n[python-path]\npolicy = "unset"\n',
            "p",
        )
        self.home.project(
            f'modules = ["tool/1"]\nmodule-policy = "purge"\n[venv]\nbackend = "existing"\npath = "{folder}/own"\n',
            "q",
        )
        self.home.project(
            '[env]\nCOLOUR = "red"\nUSERS = false\n[paths]\nMANPATH = { prepend = ["man"] }\n', "r"
        )
        (self.home.folder / "p/deep").mkdir()
        # where the module tools keep what `module save` saves
        self._collections = [
            self.home.folder / name for name in (".config/lmod", ".lmod.d", ".module")
        ]
        # as init leaves it
        init = f"{MODULE_INIT['bash'][tool]}; command env -0"
        env = {**self.home.env, "AUTOENV_HPC_QUIET": "1", "VIRTUAL_ENV_DISABLE_PROMPT": ""}
        done = subprocess.run(
            ["bash", "--norc", "-c", init], env=env, capture_output=True, check=True
        )
        self.env = _parsed(done.stdout) | {"ZDOTDIR": str(folder)}

    def play(self, steps: list[Step]) -> str:
        """Play a walk; return what is wrong, or nothing."""
        seen = self.folder / "seen"
        subprocess.run(["rm", "-rf", seen, *self._collections], check=True)
        seen.mkdir()
        program = [self.shell, *PLAIN[self.shell], "-c", self.script(steps, seen)]
        try:
            done = subprocess.run(
                program, env=self.env, cwd=self.home.folder, capture_output=True, text=True, errors="replace",
                timeout=_SECONDS, stdin=subprocess.DEVNULL, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return f"the walk took longer than {_SECONDS} s"
        for word in (
            "Traceback",
            "not found: __autoenv",
            "Unknown command",
            "no such hash table element",
        ):
            if word in done.stderr:
                return f"{word}:\n{done.stderr[-2000:]}"
        return _judged(self, steps, seen)

    def script(self, steps: list[Step], seen: Path) -> str:
        """The walk for the shell, with a prompt after each line and a look at each place."""
        is_fish, command, tick = self.shell == "fish", shlex.quote(COMMAND), TICK[self.shell]
        hook = (
            f"{command} hook fish | source" if is_fish else f'eval "$({command} hook {self.shell})"'
        )
        prompt = "function fish_prompt; printf '> '; end" if is_fish else "PS1='$ '"
        init = "" if self.shell == "bash" else MODULE_INIT[self.shell][self.tool]
        show = "fish_prompt" if is_fish else 'printf %s "$PS1"'
        start = [init, prompt, hook]
        shells = [[*start, tick, f"command env -0 > {seen}/start"]]
        for number, step in enumerate(steps):
            if step.what == "nested":
                shells.append([*start, tick])
            elif step.what == "exit" and len(shells) > 1:
                file = seen / f"{number}.script"
                file.write_text("\n".join(shells.pop()))
                shells[-1].append(f"{self.shell} {' '.join(PLAIN[self.shell])} {file}")
            elif step.what != "exit":
                shells[-1] += [step.line(self.shell), tick]
            if step.what != "nested":
                shells[-1].append(
                    f"command env -0 > {seen}/{number}; {show} > {seen}/{number}.prompt"
                )
        while len(shells) > 1:  # a shortened walk may have lost the end of a shell
            file = seen / f"{len(shells)}.rest"
            file.write_text("\n".join(shells.pop()))
            shells[-1].append(f"{self.shell} {' '.join(PLAIN[self.shell])} {file}")
        return "\n".join(shells[0])

    def to_type(self, steps: list[Step]) -> str:
        """The walk as lines for a user to type."""
        return "".join(f"    {step.line(self.shell)}\n" for step in steps)


def _trees(folder: Path, tool: str) -> Path:
    """Modules that can be told apart by what they set; two trees have a module of one name."""
    core = Tree(folder / "core", _LANGUAGES[tool])

    def add(tree: Tree, name: str, mark: str, *more: tuple[str, ...]) -> None:
        tree.module(
            name,
            *more,
            ("setenv", f"MARK_{mark}", "1"),
            ("setenv", "LAST", mark),
            ("prepend", "PATH", f"/m/{mark}/bin"),
            ("append", "LD_LIBRARY_PATH", f"/m/{mark}/lib"),
            ("prepend", "MANPATH", "/m/shared/man"),
            ("prepend", "PERL5LIB", f"/m/{mark}/perl"),
        )

    for version in "12":
        inner = Tree(folder / f"inner{version}", _LANGUAGES[tool])
        add(
            core,
            f"cc/{version}",
            f"CC{version}",
            ("family", "cc"),
            ("conflict", "cc"),
            ("use", str(inner.folder)),
        )
        add(inner, "lib/1", f"LIB{version}")
        add(inner, f"mpi/{version}", f"MPI{version}")
    for name in ("tool", "other", "third"):
        add(core, f"{name}/1", name.upper())
    add(Tree(folder / "extra", _LANGUAGES[tool]), "extra/1", "EXTRA")
    add(core, "tool/2", "TOOL2", ("conflict", "tool"))
    return core.folder


def _parsed(output: bytes) -> Env:
    fields = (field.partition("=") for field in os.fsdecode(output).split("\0"))
    return {name: value for name, equals, value in fields if equals}


# --- what must hold ----------------------------------------------------------------------------


class _User:
    """What the user has done so far that must be seen outside."""

    def __init__(self, env: Env) -> None:
        self.entries: dict[str, list[str]] = {name: [] for name in PATHS}
        self.values: dict[str, str | None] = {}
        self.place = ""  # the project
        self.venv = ""  # outside
        self.by_hand = ""  # inside a project that has displaced the one outside
        self.env = env  # before the last visit
        self.acts = 0

    def copy(self) -> "_User":
        """The same, for a shell in this one."""
        new = _User(self.env)
        new.__dict__.update(self.__dict__)
        new.entries = {name: list(entries) for name, entries in self.entries.items()}
        new.values = dict(self.values)
        return new

    def go(self, place: str, own: str, env: Env) -> None:
        """Change to another project, or outside."""
        if place == self.place:
            return
        if self.by_hand and not (self.place == "q" and self.by_hand == own):
            self.venv = self.by_hand
        if not self.place:
            self.env, self.acts = env, 0
        self.place, self.by_hand = place, ""

    def act(self, step: Step) -> None:
        """Do what is no change of place."""
        name, value = (*step.words, "", "")[:2]
        self.acts += 1
        if step.what in ("front", "back"):
            self.entries[name].append(value)
        elif step.what == "unset" and name in PATHS:
            self.entries[name] = []
        elif step.what in ("set", "unset"):
            self.values[name] = value if step.what == "set" else None
        elif step.what in ("activate", "deactivate"):
            prefix = name if step.what == "activate" else ""
            if self.place in ("p", "q"):
                self.by_hand = prefix
            else:
                self.venv = prefix
            if step.what == "deactivate":
                self.entries["PATH"] = []  # the script brings the whole former PATH back


def _judged(scene: Scene, steps: list[Step], seen: Path) -> str:
    """The first thing that is wrong outside of the projects."""
    env = _parsed((seen / "start").read_bytes())
    users = [_User(env)]
    left: set[str] = set()  # by Lmod's own `restore`, which does not unset what `setenv` set
    for number, step in enumerate(steps):
        if step.what == "nested":
            users.append(users[-1].copy())
            users[-1].acts += 1  # its rc file
            continue
        file = seen / str(number)
        if not file.exists():
            return f"the shell ended before {step.line(scene.shell)!r}\n"
        last, env = env, _parsed(file.read_bytes())
        if step.what == "exit":
            if len(users) > 1:
                users.pop()
            continue
        user = users[-1]
        if step.what == "cd":
            user.go(
                step.words[0].removeprefix("~/")[:1].replace("/", ""), f"{scene.folder}/own", last
            )
        else:
            user.act(step)
        if step.words[:1] == ("restore",):
            left.update(_modules(env))
        prompt = (seen / f"{number}.prompt").read_text(errors="replace")
        wrong = [] if user.place else list(_faults(scene, user, env, prompt, left))
        if step.what == "cd" and not user.place and not user.acts:
            wrong += _changes(user.env, env)
        if wrong:
            words = f"after {step.line(scene.shell)!r}, the line {number + 1} of {len(steps)}:"
            return "\n  ".join([words, *wrong, ""])
    return ""


def _faults(scene: Scene, user: _User, env: Env, prompt: str, left: set[str]) -> Iterator[str]:
    """What is wrong outside, whatever happened before, but for what the module tool left."""
    yield from _traces(scene, env, prompt)
    yield from (text for text in _modules(env) if text not in left or "MARK_" not in text)
    yield from _users(user.entries, user.values, env)
    yield from _venv(scene, user.venv, env)


def _traces(scene: Scene, env: Env, prompt: str) -> Iterator[str]:
    """What is left of the projects."""
    for name, value in env.items():
        if name.startswith("AUTOENV_HPC_") and name not in scene.env:
            yield f"{name} is still set"
        if name in ("PWD", "OLDPWD") or name.startswith(("_ModuleTable", "AUTOENV_HPC_")):
            continue
        home = f"{scene.home.folder}/"
        if any(f"{home}{place}/" in value for place in "pqr") or f"{scene.folder}/own/" in value:
            yield f"{name} names a project: {value}"
        if name == "COLOUR" and value in ("blue", "red"):
            yield f"{name} is still {value}"
    if any(f"({name})" in prompt for name in (*"pqr", "own")):
        yield f"the prompt is {prompt!r}"


def _modules(env: Env) -> Iterator[str]:
    """All of a module or nothing of it."""
    files = [file for file in env.get("_LMFILES_", "").split(":") if file]
    if len(files) != len([name for name in env.get("LOADEDMODULES", "").split(":") if name]):
        yield f"{env.get('LOADEDMODULES')} and {env.get('_LMFILES_')} differ in length"
    loaded = {_mark(file) for file in files}
    for mark in (
        "CC1",
        "CC2",
        "LIB1",
        "LIB2",
        "MPI1",
        "MPI2",
        "TOOL",
        "TOOL2",
        "OTHER",
        "THIRD",
        "EXTRA",
    ):
        there = mark in loaded
        for name, entry in (("PATH", "bin"), ("LD_LIBRARY_PATH", "lib"), ("PERL5LIB", "perl")):
            if (f"/m/{mark}/{entry}" in env.get(name, "").split(":")) != there:
                yield f"{mark} is {'loaded' if there else 'not loaded'}, but {name} is {env.get(name)}"
        if (env.get(f"MARK_{mark}") == "1") != there:
            yield f"{mark} is {'loaded' if there else 'not loaded'}, but MARK_{mark} is {env.get(f'MARK_{mark}')}"


def _mark(file: str) -> str:
    tree, name, version = file.removesuffix(".lua").split("/")[-3:]
    if tree.startswith("inner"):
        return f"{name.upper()}{tree[-1]}"
    return f"{name.upper()}{version}" if name == "cc" or version != "1" else name.upper()


def _users(entries: dict[str, list[str]], values: dict[str, str | None], env: Env) -> Iterator[str]:
    """What the user has set must be there."""
    for name, value in values.items():
        if env.get(name) != value:
            yield f"{name} is {env.get(name)!r}, but the user made it {value!r}"
    for name, wanted in entries.items():
        found = env.get(name, "").split(":")
        for entry in wanted:
            if found.count(entry) != 1:
                yield f"{entry} is {found.count(entry)} times in {name}: {env.get(name)}"


def _venv(scene: Scene, wanted: str, env: Env) -> Iterator[str]:
    """The environment that is active outside, if any, and no other."""
    if env.get("VIRTUAL_ENV", "") != wanted:
        yield f"VIRTUAL_ENV is {env.get('VIRTUAL_ENV')!r} instead of {wanted!r}"
    path = env.get("PATH", "").split(":")
    for name in ("a", "b", "own"):
        prefix = f"{scene.folder}/{name}"
        if path.count(f"{prefix}/bin") != (prefix == wanted):
            yield f"{prefix}/bin is {path.count(f'{prefix}/bin')} times in PATH"


def _changes(before: Env, after: Env) -> Iterator[str]:
    """What a visit without any act has changed."""
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name) and not _RESTLESS.match(name):
            yield f"{name} was {before.get(name)!r} and is {after.get(name)!r}"


# --- random walks, and short ones ---------------------------------------------------------------

_MODULES = (
    "cc/1",
    "cc/2",
    "lib/1",
    "mpi/1",
    "mpi/2",
    "tool/1",
    "tool/2",
    "other/1",
    "third/1",
    "extra/1",
)
_SWAPS = (
    ("cc/1", "cc/2"),
    ("cc/2", "cc/1"),
    ("tool/1", "tool/2"),
    ("tool/2", "tool/1"),
    ("lib/1", "other/1"),
)


class _Walk:
    """A walk while it is made."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self.steps: list[Step] = []
        self._scene = scene
        self._choose = random.Random(f"{seed} {scene.shell} {scene.tool}")
        self._numbers = iter(range(1000))
        self._place = ""
        # An environment's script brings a whole former PATH back, so only one is active at a time, and
        # it is deactivated only as long as no module was loaded since.
        self._is_active = {"outside": False, "inside": False}
        self._may_deactivate = False
        self._is_nested = False

    def make(self, length: int) -> list[Step]:
        """Acts outside, then visits with acts inside, and out at the end."""
        choose = self._choose
        for _ in range(choose.randrange(length // 2 + 1)):
            self._act()
        while len(self.steps) < length:
            self._go(choose.choice(_PLACES))
            is_nested = self._is_nested = choose.random() < 0.1
            if is_nested:
                self.steps.append(Step("nested"))
            for _ in range(choose.choice((0, 1, 1, 2, 3))):
                self._act()
            if is_nested or choose.random() < 0.6:
                self._go("/")
            self._is_nested = False
            if is_nested:
                self.steps += [Step("exit"), Step("cd", ("/",))]
        self._go("/")
        return self.steps

    def _go(self, place: str) -> None:
        self.steps.append(Step("cd", (place if place == "/" else f"~/{place}",)))
        if place[0] != self._place:
            self._may_deactivate = False
            self._is_active["outside"] |= self._is_active["inside"]
            self._is_active["inside"] = False
        self._place = "" if place == "/" else place[0]

    def _act(self) -> None:
        choose = self._choose
        what = choose.choice(("path", "path", "set", "unset", *["module"] * 5, "venv", "venv"))
        if what == "path":
            name, entry = choose.choice(PATHS), f"/u/{next(self._numbers)}"
            self.steps.append(Step(choose.choice(("front", "back")), (name, entry)))
        elif what == "set":
            name = choose.choice(("USERS", "COLOUR") if self._place else ("USERS",))
            self.steps.append(Step("set", (name, f"mine{next(self._numbers)}")))
        elif what == "unset" and self._place != "r":  # there it is unset already
            self.steps.append(Step("unset", (choose.choice(("USERS", "MANPATH")),)))
        elif what == "venv" and not self._is_nested:
            self._venv()
        elif what == "module":
            self.steps.append(Step("module", self._module()))
            self._may_deactivate = False

    def _venv(self) -> None:
        where = "inside" if self._place in ("p", "q") else "outside"
        if self._may_deactivate:
            self.steps.append(Step("deactivate"))
            self._may_deactivate = self._is_active[where] = False
        elif not self._is_active[where]:
            names = ("a", "b", "own") if self._place == "q" else ("a", "b")
            self.steps.append(
                Step("activate", (f"{self._scene.folder}/{self._choose.choice(names)}",))
            )
            self._may_deactivate = self._is_active[where] = True

    def _module(self) -> tuple[str, ...]:
        choose = self._choose
        verb = choose.choice(("load", "load", "load", "unload", "swap", "purge", "other"))
        if verb == "swap":
            return (verb, *choose.choice(_SWAPS))
        if verb == "other":
            extra = str(self._scene.folder / "modules/extra")
            quiet = (">/dev/null", "2>&1")
            return choose.choice(
                (("use", extra), ("save", "x"), ("restore", "x"), ("avail", *quiet))
            )
        return (verb,) if verb == "purge" else (verb, choose.choice(_MODULES))


def random_walk(scene: Scene, seed: int, length: int) -> list[Step]:
    """A walk of about so many steps."""
    return _Walk(scene, seed).make(length)


def prove(scene: Scene, seeds: range, length: int = 8) -> tuple[int, str]:
    """Go random walks until one is wrong; return how many were gone, and the shortest that is wrong."""
    for number, seed in enumerate(seeds, 1):
        steps = random_walk(scene, seed, length)
        fault = scene.play(steps)
        if fault:
            short = _shortened(scene, steps)
            text = f"{scene.to_type(short)}\n{scene.play(short) or fault}"
            return number, f"SEED={seed}: type\n\n{text}"
    return len(seeds), ""


def _shortened(scene: Scene, steps: list[Step]) -> list[Step]:
    """A walk as short as can be that still goes wrong."""
    index = 0
    while index < len(steps):
        fewer = steps[:index] + steps[index + 1 :]
        if fewer and scene.play(fewer):
            steps = fewer
        else:
            index += 1
    return steps
