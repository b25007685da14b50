"""What a batch script does to its environment before its own work begins."""

import os
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from autoenv_hpc.environment import is_search_path
from autoenv_hpc.project.schema import SEARCH_PATHS, is_module
from autoenv_hpc.scripts import commands as reading
from autoenv_hpc.scripts.commands import Command, expand
from autoenv_hpc.scripts.lexer import Unreadable

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(\+?)=(.*)\Z", re.DOTALL)
_INIT = re.compile(
    r"/(init/(ba|z|k|c)?sh|lmod/init/profile|(lmod|modules|z00_lmod|z01_\w+)\.sh|conda\.sh|mamba\.sh)$"
    r"|^/etc/(profile|bashrc|bash\.bashrc)$|/profile\.d/"
)
_PYTHONS = re.compile(r"(?:.*/)?python[\d.]*\Z")
_CONDAS = ("conda", "mamba", "micromamba")
_CONDA_MAKES = (["env", "create"], ["env", "update"])
_QUERIES = frozenset(
    (
        *("avail", "av", "list", "li", "spider", "show", "display", "help", "whatis", "describe"),
        *("key", "keyword", "is-loaded", "is-avail", "savelist", "overview", "refresh"),
        *("--version", "-V", "-v", "-t"),
    )
)
# Folders in which a scheduler starts the script.
_SUBMIT = ("SLURM_SUBMIT_DIR", "PBS_O_WORKDIR", "LS_SUBCWD", "SGE_O_WORKDIR", "PWD")
# Commands that do the same in every environment.
_HARMLESS = frozenset(
    (
        *("set", "shopt", "trap", "ulimit", "umask", "echo", "printf", "date", "hostname", "pwd"),
        *("test", "[", "[[", ":", "true", "sleep", "wait", "exit", "return", "shift", "hash"),
        *("mkdir", "ls", "cat", "rm", "cp", "mv", "touch", "env", "printenv", "which", "type"),
        *("scontrol", "lscpu", "nvidia-smi"),
    )
)
# What a script relies on before it goes on with `&&`.
_SUCCEEDING = frozenset(
    ("module", "ml", "source", ".", "conda", "mamba", "cd", "echo", "export", "set")
)
_VENV_FLAGS = ("--system-site-packages", "--system-site-package")


class Note(NamedTuple):
    """A line of the script that is not taken, or not as it stands."""

    line: int
    text: str  # as it is written
    why: str


class Venv(NamedTuple):
    """An environment that the script activates."""

    path: str
    backend: str = "venv"
    line: int = 0


class Recipe(NamedTuple):
    """What the script asks for, as the values of a configuration."""

    modules: tuple[str, ...] = ()
    module_paths: tuple[str, ...] = ()
    policy: str = "keep"
    venvs: tuple[Venv, ...] = ()
    env: dict[str, str | bool] = {}
    paths: dict[str, dict[str, list[str]]] = {}
    packages: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    pip_args: tuple[str, ...] = ()
    system_site_packages: bool = False
    python: str | None = None
    notes: tuple[Note, ...] = ()
    taken: tuple[int, ...] = ()  # the lines that the configuration replaces
    work: tuple[Command, ...] = ()  # the commands that remain


def read(text: str) -> Recipe:
    """Read a script for bash, sh, zsh or ksh.

    :raises Unreadable: its language is another one, or it cannot be followed.
    """
    if "\0" in text:
        raise Unreadable(
            f"line {text[: text.index(chr(0))].count(chr(10)) + 1}: a NUL: this is no text"
        )
    first = text.partition("\n")[0]
    if first.startswith("#!") and not re.search(r"\b(ba|z|k|da|a)?sh\b", first):
        raise Unreadable(f"line 1: {first.strip()} is not bash, sh, zsh or ksh")
    if re.match(r"#!.*\bt?csh\b", first):
        raise Unreadable(f"line 1: {first.strip()} is csh, which is not read")
    reader = _Reader(text)
    for command in reading.commands(text):
        reader.take(command)
    return reader.recipe()


class _Reader:
    def __init__(self, text: str) -> None:
        self._lines = text.replace("\r\n", "\n").split("\n")
        self._known: dict[str, str | None] = dict.fromkeys(_SUBMIT, ".")
        self._folder: str | None = "."  # where relative paths begin; None: only a run tells
        self._modules: list[str] = []
        self._paths: list[str] = []
        self._policy = "keep"
        self._venvs: list[Venv] = []
        self._made: dict[str, dict[str, object]] = {}  # environments that the script itself makes
        self._env: dict[str, str | bool] = {}
        self._edits: dict[str, dict[str, list[str]]] = {}
        self._packages: list[str] = []
        self._requirements: list[str] = []
        self._arguments: list[str] = []
        self._notes: list[Note] = []
        self._taken: set[int] = set()
        self._work: list[Command] = []
        self._previous = ""
        self._has_venv = False
        self._has_worked = False  # a command has run that may depend on the environment
        self._exports: dict[str, set[int]] = {}  # the lines that give each variable a value

    def recipe(self) -> Recipe:
        """What the commands so far ask for."""
        env = self._variables()
        made = self._made.get(self._venvs[0].path, {}) if self._venvs else {}
        return Recipe(
            modules=tuple(_without_repetition(self._modules)),
            module_paths=tuple(self._paths),
            policy=self._policy,
            venvs=tuple(dict.fromkeys(self._venvs)),
            env=env,
            paths=self._edits,
            packages=tuple(self._packages),
            requirements=tuple(self._requirements),
            pip_args=tuple(self._arguments),
            system_site_packages=bool(made.get("system-site-packages")),
            python=str(made["python"]) if made.get("python") else None,
            notes=tuple(self._notes),
            taken=tuple(sorted(self._taken)),
            work=tuple(self._work),
        )

    def _variables(self) -> dict[str, str | bool]:
        """The variables that have one value from the beginning to the end.

        The configuration would override another value, so such a line stays in the script.
        """
        once = {name: value for name, value in self._env.items() if len(self._exports[name]) == 1}
        for name in self._env.keys() - once.keys():
            self._taken -= self._exports[name]
        return once

    def take(self, command: Command) -> None:
        """Take the next command of the script."""
        words = self._without_prefix(command)
        if not words:
            return
        self._dispatch(command, words)
        self._previous = words[0]

    def _dispatch(self, command: Command, words: list[str]) -> None:
        name = expand(words[0], self._known) or words[0]
        handle = self._handlers().get(name)
        if _PYTHONS.match(name) and words[1:3] == ["-m", "venv"]:
            handle, words = self._make_venv, ["venv", *words[3:]]
        elif _PYTHONS.match(name) and words[1:3] == ["-m", "virtualenv"]:
            handle, words = self._make_venv, ["virtualenv", *words[3:]]
        elif _PYTHONS.match(name) and words[1:3] == ["-m", "pip"]:
            handle, words = self._pip, ["pip", *words[3:]]
        elif name == "uv" and words[1:2] in (["venv"], ["pip"]):
            handle = self._make_venv if words[1] == "venv" else self._pip
            words = ["uv", *words[2:]] if words[1] == "venv" else words[1:]
        if handle is None:
            self._work.append(command)
            self._has_worked |= name not in _HARMLESS
        elif not self._is_conditional(command):
            handle(command, words)
        elif name in ("export", "declare", "typeset", "unset", "cd", "pushd"):
            self._forget(words[1:])
        else:
            self._not_taken(command, "it does not run in every case")

    def _handlers(self) -> dict[str, Callable[[Command, list[str]], None]]:
        return {
            "module": self._module, "ml": self._ml, "source": self._source, ".": self._source,
            "conda": self._conda, "mamba": self._conda, "micromamba": self._conda,
            "deactivate": self._deactivate, "export": self._export, "declare": self._declare,
            "typeset": self._declare, "unset": self._unset, "cd": self._cd, "pushd": self._cd,
            "virtualenv": self._make_venv, "pip": self._pip, "pip3": self._pip, "eval": self._eval,
        }  # fmt: skip

    def _is_conditional(self, command: Command) -> bool:
        if command.after == "&&":  # it runs unless the one before it fails
            return command.in_block or self._previous not in _SUCCEEDING
        return command.in_block or command.after != ""

    def _without_prefix(self, command: Command) -> list[str]:
        """The words behind assignments; a command of assignments alone sets variables."""
        matches = [_ASSIGNMENT.match(word) for word in command.words]
        first = next((i for i, match in enumerate(matches) if match is None), len(matches))
        for match in matches[:first]:
            assert match
            self._exports.setdefault(match[1], set()).add(command.line)
            if first == len(matches):
                self._assign(command, match)
        return list(command.words[first:])

    def _assign(self, command: Command, match: re.Match[str]) -> None:
        name, addition, text = match.groups()
        if addition or self._is_conditional(command):
            self._known[name] = None
        elif is_search_path(name) and f"${name}" in text.replace("{", ""):
            self._search_path(command, name, self._value(name, text))
        else:
            self._known[name] = expand(text, self._known, keep=True)

    def _value(self, name: str, text: str) -> str | None:
        """The value of an assignment, in which the variable itself stays as `${NAME}`."""
        return expand(text, {**self._known, name: f"${{{name}}}"}, keep=True)

    def _forget(self, words: Sequence[str]) -> None:
        """Note that variables have values, or the folder a place, that only a run tells."""
        for word in words:
            name = word.partition("=")[0].rstrip("+")
            self._known[name] = None
            self._exports.setdefault(name, set()).update((0, -1))

    def _text(self, command: Command) -> str:
        return " ".join(
            line.strip(" \\") for line in self._lines[command.line - 1 : command.last_line]
        )

    def _not_taken(self, command: Command, why: str) -> None:
        self._notes.append(Note(command.line, self._text(command), why))

    def _accept(self, command: Command) -> None:
        self._taken.update(range(command.line, command.last_line + 1))
        if self._has_worked:
            why = "it comes after other commands, which run with it now"
            self._notes.append(Note(command.line, self._text(command), why))

    def _expanded(self, words: Sequence[str], *, keep: bool = False) -> list[str] | None:
        """The words without quotes, split where an unquoted variable has several; None: unknown."""
        result: list[str] = []
        for word in words:
            value = expand(word, self._known, keep=keep)
            if value is None or ("$" in value and not keep):
                return None
            result += value.split() if "$" in word and '"' not in word else [value]
        return result

    # --- modules ---------------------------------------------------------------------------

    def _module(self, command: Command, words: list[str]) -> None:
        rest = self._expanded(words[1:])
        if rest is None:
            if not words[1:] or words[1] in _QUERIES:
                return
            self._not_taken(command, "its words depend on something outside of the script")
            return
        while rest and rest[0].startswith("-") and rest[0] not in _QUERIES:
            rest = rest[1:]
        if not rest or rest[0] in _QUERIES:
            return
        self._subcommand(command, rest[0], [w for w in rest[1:] if not w.startswith("--")])

    def _subcommand(self, command: Command, name: str, names: list[str]) -> None:
        if strange := [n for n in names if n[:1] != "-" and not is_module(n)]:
            self._not_taken(command, f"{strange[0]!r} is not a module name")
            return
        if name in ("load", "add"):
            self._load(command, names)
        elif name in ("unload", "rm", "remove", "del", "delete"):
            self._modules = [m for m in self._modules if not _is_meant(m, names)]
        elif name in ("swap", "switch", "sw") and names:
            old = names[0] if len(names) > 1 else names[0].partition("/")[0]
            self._modules = [m for m in self._modules if not _is_meant(m, [old])] + names[-1:]
        elif name in ("purge", "reset"):
            self._modules, self._policy = [], name
        elif name == "use":
            self._use(names)
        elif name == "unuse":
            self._paths = [path for path in self._paths if path not in names]
        elif name in ("restore", "try-load", "r"):
            self._not_taken(command, f"`module {name}` depends on what is there when it runs")
            return
        else:
            self._not_taken(command, f"`module {name}` is not known")
            return
        self._accept(command)
        if self._has_venv and name != "use":
            why = "it comes after the activation; the modules are loaded before it now"
            self._notes.append(Note(command.line, self._text(command), why))

    def _load(self, command: Command, names: list[str]) -> None:
        for entry in names:
            if entry.startswith("-"):
                continue
            is_first = entry not in self._modules
            self._modules.append(entry)
            if is_first and "/" not in entry:
                why = "it has no version, so the site's default decides at each load"
                self._notes.append(Note(command.line, entry, why))

    def _use(self, names: list[str]) -> None:
        append = any(name in ("-a", "--append") for name in names)
        folders = [self._path(name) for name in names if not name.startswith("-")]
        found = [folder for folder in folders if folder and folder not in self._paths]
        self._paths = [*self._paths, *found] if append else [*found, *self._paths]

    def _ml(self, command: Command, words: list[str]) -> None:
        rest = self._expanded(words[1:])
        if rest is None:
            self._not_taken(command, "its words depend on something outside of the script")
            return
        known = {
            "load",
            "add",
            "unload",
            "rm",
            "swap",
            "switch",
            "purge",
            "reset",
            "use",
            "unuse",
            "restore",
        }
        if not rest or rest[0] in _QUERIES:
            return
        if rest[0] in known:
            self._subcommand(command, rest[0], rest[1:])
            return
        gone = [name[1:] for name in rest if name.startswith("-") and not name.startswith("--")]
        self._modules = [m for m in self._modules if not _is_meant(m, gone)]
        self._subcommand(command, "load", [name for name in rest if not name.startswith("-")])

    # --- environments ----------------------------------------------------------------------

    def _source(self, command: Command, words: list[str]) -> None:
        path = expand(words[1], self._known, keep=True) if len(words) > 1 else None
        if path is None:
            self._not_taken(command, "only a run of the script tells which file this is")
        elif path.endswith("/bin/activate") and len(words) == 2:  # noqa: PLR2004
            self._activate(command, self._path(path.removesuffix("/bin/activate")), "venv")
        elif path == "activate" or path.endswith("/bin/activate"):
            name = expand(words[2], self._known, keep=True) if len(words) > 2 else "base"  # noqa: PLR2004
            self._activate(command, self._conda_path(name), "conda")
        elif path == "deactivate":
            self._deactivate(command, words)
        elif not _INIT.search(path):
            self._not_taken(command, "this file is not read")

    def _activate(self, command: Command, path: str | None, backend: str) -> None:
        if path is None:
            self._not_taken(command, "only a run of the script tells which environment this is")
        elif path == "base" and backend == "conda":
            self._not_taken(command, "conda's base environment is not a project's")
        else:
            self._venvs.append(
                Venv(path, str(self._made.get(path, {}).get("backend", backend)), command.line)
            )
            self._has_venv = True
            self._accept(command)

    def _conda_path(self, name: str | None) -> str | None:
        return self._path(name) if name and "/" in name else name

    def _conda(self, command: Command, words: list[str]) -> None:
        action = words[1] if len(words) > 1 else ""
        if action == "activate":
            names = [word for word in words[2:] if not word.startswith("-")]
            name = expand(names[0], self._known, keep=True) if names else "base"
            self._activate(command, self._conda_path(name), "conda")
        elif action == "deactivate":
            self._deactivate(command, words)
        elif action in ("create", "install", "update") or words[1:3] in _CONDA_MAKES:
            self._not_taken(command, "write its packages into [venv] packages")
        else:
            self._work.append(command)

    def _deactivate(self, command: Command, _words: list[str]) -> None:
        self._accept(command)
        if len(self._venvs) == 1 and not self._work:
            self._venvs = []  # it was somebody else's
        self._has_venv = False

    def _make_venv(self, command: Command, words: list[str]) -> None:
        rest = self._expanded(words[1:], keep=True)
        if rest is None:
            self._not_taken(command, "only a run of the script tells where the environment is")
            return
        options: dict[str, object] = {"backend": words[0] if words[0] != "uv" else "uv"}
        places: list[str] = []
        while rest:
            word = rest.pop(0)
            if word in _VENV_FLAGS:
                options["system-site-packages"] = True
            elif word in ("-p", "--python"):
                options["python"] = rest.pop(0) if rest else None
            elif word.startswith("--python="):
                options["python"] = word.partition("=")[2]
            elif word in ("--prompt", "--extra-search-dir", "--seed"):
                rest = rest[1:]
            elif not word.startswith("-"):
                places.append(word)
        for place in places or ([".venv"] if words[0] == "uv" else []):
            path = self._path(place)
            if path:
                self._made[path] = options
        self._accept(command)

    def _pip(self, command: Command, words: list[str]) -> None:
        rest = self._expanded(words[2:], keep=True) if words[1:2] == ["install"] else None
        if words[1:2] != ["install"]:
            self._work.append(command)
            return
        if rest is None or not self._has_venv or "--user" in rest:
            why = (
                "it installs outside of an environment"
                if rest is not None
                else "its words are not known"
            )
            self._not_taken(command, why)
            return
        while rest:
            word = rest.pop(0)
            if word in ("-r", "--requirement") and rest:
                self._requirements.append(self._path(rest.pop(0)) or ".")
            elif word in ("-U", "--upgrade", "-q", "--quiet", "-y"):
                continue
            elif (
                word in ("-f", "--find-links", "-i", "--index-url", "--extra-index-url", "-c")
                and rest
            ):
                self._arguments += [word, rest.pop(0)]
            elif word.startswith("-"):
                if word in ("-e", "--editable", "-t", "--target", "--prefix"):
                    self._not_taken(command, f"`{word}` has no place in the configuration")
                    return
                self._arguments.append(word)
            elif word not in ("pip", "setuptools", "wheel"):
                self._packages.append(word)
        self._accept(command)

    # --- variables and folders -------------------------------------------------------------

    def _declare(self, command: Command, words: list[str]) -> None:
        if any(word.startswith("-") and "x" in word for word in words[1:]):
            self._export(command, words)

    def _export(self, command: Command, words: list[str]) -> None:
        """Take one variable with a plain value; others stay in the script and reach CMD from it."""
        for word in words[1:]:
            name = word.partition("=")[0].rstrip("+")
            self._exports.setdefault(name, set()).add(command.line)
        match = _ASSIGNMENT.match(words[-1])
        if len(words) != 2 or not match or match[2]:  # noqa: PLR2004
            return
        name, value = match[1], self._value(match[1], match[3])
        refers_to_itself = f"${{{name}}}" in (value or "")
        if name in SEARCH_PATHS or (is_search_path(name) and refers_to_itself):
            self._search_path(command, name, value)
            return
        is_plain = value is not None and "$" not in value and not value.startswith("~")
        self._known[name] = value if is_plain else None
        if is_plain and value is not None:
            self._env[name] = value
            self._accept(command)

    def _search_path(self, command: Command, name: str, value: str | None) -> None:
        entries = [entry for entry in (value or "").split(":") if entry]
        itself = f"${{{name}}}"
        if itself not in entries:
            self._not_taken(command, f"it replaces the whole {name}; [paths] only adds entries")
            return
        at = entries.index(itself)
        edit = self._edits.setdefault(name, {"prepend": [], "append": []})
        edit["prepend"] = [*(self._path(e) or e for e in entries[:at]), *edit["prepend"]]
        edit["append"] += [self._path(e) or e for e in entries[at + 1 :]]
        self._accept(command)

    def _unset(self, _command: Command, words: list[str]) -> None:
        self._forget([word for word in words[1:] if not word.startswith("-")])

    def _cd(self, _command: Command, words: list[str]) -> None:
        target = expand(words[1], self._known, keep=True) if len(words) > 1 else "~"
        self._folder = self._path(target) if target and not target.startswith("-") else None
        self._known["PWD"] = self._folder

    def _eval(self, command: Command, words: list[str]) -> None:
        text = " ".join(words[1:])
        if not re.search(r"(conda|mamba)\S* (shell[. ]|hook)|hook bash|autoenv-hpc", text):
            self._not_taken(command, "what `eval` runs is not read")

    def _path(self, path: str) -> str | None:
        """A path as a configuration writes it: relative to the folder of submission."""
        path = re.sub(r"^\$\{?(" + "|".join(_SUBMIT) + r")\}?(?=/|$)", ".", path)
        if not path.startswith(("/", "$", "~")):
            if self._folder is None:
                return None
            path = os.path.join(self._folder, path)
        return os.path.normpath(path) if not path.startswith("~") else path.rstrip("/")


def _without_repetition(names: list[str]) -> list[str]:
    """The modules once each, unless their order then depends on the module tool.

    Lmod moves one that is loaded again to the end, Environment Modules leaves it in its place.
    """
    first = list(dict.fromkeys(names))
    last = list(dict.fromkeys(reversed(names)))
    return first if first == last[::-1] else names


def _is_meant(module: str, names: list[str]) -> bool:
    return any(module == name or module.startswith(f"{name}/") for name in names)
