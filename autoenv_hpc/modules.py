"""Modules, loaded and unloaded for real in a scratch shell, as values."""

import os
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from autoenv_hpc import folders
from autoenv_hpc.environment import Env
from autoenv_hpc.errors import ModuleError
from autoenv_hpc.shellparts import ShellParts

if TYPE_CHECKING:
    from autoenv_hpc.scratch import Snapshot

# The state of both tools. It is one unit: it is never restored in part.
_BOOKKEEPING = re.compile(
    r"(LOADEDMODULES|_LMFILES_\w*|MODULEPATH|_ModuleTable\w*|__LMOD_\w+|LMOD_FAMILY_\w+"
    r"|__MODULES_\w+|MODULES_FAMILY_\w+|MODULES_LMCONFLICT\w*)\Z"
)
_MODULE_TABLE = re.compile(r"_ModuleTable\d+_\Z")  # one chunk
HOST_BOUND_LIFE = 3600  # seconds; what a modulefile learns of its host may change
_WATCHED = 16  # folders; each is looked at before every prompt
_WORDS_SHOWN = 600  # characters of the tool's own words in a message


class Tool(NamedTuple):
    """A module tool: `kind` is "lmod" or "modules"; `command` prints code for a shell."""

    kind: str
    command: str


class Dependencies(NamedTuple):
    """What must be unchanged for a load to come out the same."""

    files: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    host_bound: bool = False
    unknowable: str | None = None  # why it can never be told; such a load is not stored


def both(one: Dependencies, other: Dependencies) -> Dependencies:
    """What must be unchanged for two things to come out the same."""
    return Dependencies(
        (*one.files, *other.files),
        (*one.variables, *other.variables),
        one.host_bound or other.host_bound,
        one.unknowable or other.unknowable,
    )


class Request(NamedTuple):
    """What a project asks of the module tool, in this order: policy, paths, modules."""

    modules: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()  # absolute; the first is searched first
    policy: str = "keep"  # keep | purge | reset


class LoadError(ModuleError):
    """The tool worked, and could not load what was asked for."""

    def __init__(self, message: str, depends: Dependencies) -> None:
        super().__init__(message)
        self.depends = depends

    @property
    def watched(self) -> tuple[str, ...]:
        """The folders in which what is missing may appear."""
        return tuple(filter(os.path.isdir, self.depends.files))[:_WATCHED]


class Resolution(NamedTuple):
    """What a load did: the environment after it, and what lives in the shell alone."""

    env: Env
    shell: ShellParts
    displaced: tuple[str, ...] = ()  # modules of the user's that had to go
    depends: Dependencies = Dependencies()


def is_bookkeeping(name: str) -> bool:
    """Whether the variable is a module tool's own record of its state."""
    return _BOOKKEEPING.match(name) is not None


def is_set_up(name: str) -> bool:
    """Whether a variable says where the tool is and how it works."""
    return (
        re.match(r"(LMOD|MODULE|__MODULES_LMINIT|BASH_FUNC_(ml|module|_module))", name) is not None
    )


def is_table(name: str) -> bool:
    """Whether the variable is a part of Lmod's table, in which times of its caches change."""
    return name.startswith("_ModuleTable")


def loaded(env: Env) -> list[str]:
    """The loaded modules, `name/version`, in the order in which they were loaded."""
    return [name for name in env.get("LOADEDMODULES", "").split(":") if name]


def stale_table(env: Env) -> list[str]:
    """The chunks of Lmod's table that lie past its size: only 1 to `_ModuleTable_Sz_` count."""
    size = env.get("_ModuleTable_Sz_", "0")
    live = {f"_ModuleTable{i:03d}_" for i in range(1, int(size if size.isdigit() else 0) + 1)}
    return [name for name in env if _MODULE_TABLE.match(name) and name not in live]


def initialised(env: Env) -> tuple[Env, Tool]:
    """The environment with a usable module tool, taken from a login shell where it has none.

    :raises ModuleError: there is none; the message says what was found in its place.
    """
    tool = _tool(env)
    if tool and env.get("MODULEPATH"):
        return env, tool
    from autoenv_hpc import scratch  # noqa: PLC0415 - only module work starts a process

    login = scratch.login_environment(env)
    tool = _tool(login)
    if tool and login.get("MODULEPATH"):
        return _with_login(env, login), tool
    found = [
        f"{name}={env[name]!r}" for name in ("LMOD_CMD", "MODULES_CMD", "MODULEPATH") if name in env
    ]
    raise ModuleError(
        "no usable module system here: a login shell sets none up"
        f" and this one has {', '.join(found) or 'neither LMOD_CMD nor MODULES_CMD'}"
    )


def is_loaded(request: Request, env: Env) -> bool:
    """Whether the shell's modules are exactly what the request would make of them."""
    now = loaded(env)
    paths = env.get("MODULEPATH", "").split(":")
    if request.policy != "keep":
        return False
    if list(request.paths) != paths[: len(request.paths)]:
        return False
    return all("/" in name and name in now for name in request.modules)


def resolve(env: Env, request: Request) -> Resolution:
    """Load what is asked for in a scratch shell, from the state that `env` is in.

    :param env: the environment to start from; it is not changed.
    :raises ModuleError: not everything could be loaded; then nothing is to be applied.
    """
    if is_loaded(request, env):
        return Resolution(env, ShellParts())
    for path in request.paths:
        if not os.path.isdir(path):
            raise ModuleError(f"module-paths: no such directory: {path}")
    start, tool = initialised(env)
    use = [("use", path) for path in reversed(request.paths)]
    load = [("load", *request.modules)] if request.modules else []
    first = [(request.policy,)] if request.policy != "keep" else []
    from autoenv_hpc import modulefiles, scratch  # noqa: PLC0415 - only module work needs them

    result = scratch.run(start, tool, [*first, *use, *load])
    if _missing(request.modules, result, tool) and loaded(start) and not first:
        # Environment Modules refuses what Lmod swaps; from a clean slate both can.
        again = scratch.run(start, tool, [("purge",), *use, *load])
        if not _missing(request.modules, again, tool):
            result = again
    missing = _missing(request.modules, result, tool)
    home = folders.home(env)
    if missing:
        depends = modulefiles.of_failure(start, request.modules, tool.command, home)
        raise LoadError(_why(missing, result, start), depends)
    after = loaded(result.env)
    displaced = tuple(name for name in loaded(start) if name not in after)
    depends = modulefiles.of(start, result.env, tool.command, home)
    if start is not env:
        depends = depends._replace(files=(*depends.files, *modulefiles.of_login(home)))
    return Resolution(result.env, result.shell, displaced, depends)


class Release(NamedTuple):
    """What unloading left: `kept` before our own modules went, `env` at the end."""

    kept: Env
    env: Env


def release(
    now: Env, *, ours: Sequence[str], displaced: Sequence[str], paths: Sequence[str]
) -> Release:
    """Unload what a project loaded out of a state that the user has changed since.

    :param now: the present environment.
    :param ours: the modules that entering loaded, in order.
    :param displaced: the user's modules that entering displaced; they come back if any module of
        ours is still there (a purge by the user reloads nothing).
    :param paths: the entries of MODULEPATH that exist only because of the project; what the user
        loaded from them goes first.
    """
    _, tool = initialised(now)
    names = loaded(now)
    files = now.get("_LMFILES_", "").split(":")
    guests = [
        name
        for name, file in zip(names, files, strict=False)
        if name not in ours and any(file.startswith(path + "/") for path in paths)
    ]
    still = [name for name in names if name in ours]
    unload = ("unload", "--force") if tool.kind == "modules" else ("unload",)
    steps: list[tuple[str, ...]] = []
    if guests:
        steps.append((*unload, *reversed(guests)))
    steps.append(("snapshot", "kept"))
    if still:
        steps.append((*unload, *reversed(still)))
    used = [path for path in paths if path in now.get("MODULEPATH", "").split(":")]
    steps += [("unuse", path) for path in used]
    back = [name for name in displaced if name not in names] if still else []
    if back:
        steps.append(("load", *back))
    from autoenv_hpc import scratch  # noqa: PLC0415 - only module work starts a process

    end = scratch.run(now, tool, steps, snapshots=("kept",))
    return Release(end.earlier["kept"].env, end.env)


def _tool(env: Env) -> Tool | None:
    function = env.get("BASH_FUNC_module%%", env.get("BASH_FUNC_module()", ""))
    lmod, modules = env.get("LMOD_CMD", ""), env.get("MODULES_CMD", "")
    home = env.get("MODULESHOME", "")
    candidates = [Tool("lmod", lmod), Tool("modules", modules)]
    if "LMOD_CMD" not in function and ("MODULES_CMD" in function or "modulecmd" in function):
        candidates.reverse()
    candidates += [
        Tool("lmod", os.path.join(home, "libexec/lmod")),
        Tool("modules", os.path.join(home, "libexec/modulecmd.tcl")),
        Tool("modules", os.path.join(home, "bin/modulecmd")),
    ]
    words = re.findall(r"/[^\s'\"()$;]+/(?:modulecmd(?:\.tcl)?|lmod)\b", function)
    candidates += [Tool("lmod" if w.endswith("lmod") else "modules", w) for w in words]
    for tool in candidates:
        if os.path.isabs(tool.command) and os.path.isfile(tool.command):
            return tool
    return None


def _with_login(env: Env, login: Env) -> Env:
    """The environment, and what a login shell would have that concerns modules."""
    concerned = {n: v for n, v in login.items() if is_bookkeeping(n) or is_set_up(n)}
    result = {**env, **concerned}
    if not loaded(login):
        return result
    for name, value in login.items():  # a site whose login shells load modules by default
        if name.endswith("PATH") and name != "MODULEPATH":
            present = env.get(name, "").split(":")
            new = [entry for entry in value.split(":") if entry not in present]
            result[name] = ":".join([*new, *([env[name]] if env.get(name) else [])])
        elif name not in env and name not in ("TERM", "SHELL", "MAIL", "PS1"):
            result[name] = value
    return result


def _missing(modules: Iterable[str], result: "Snapshot", tool: Tool) -> list[str]:
    """The requested modules that are not loaded, whatever the tool's exit status said."""
    now = loaded(result.env)
    other_names = result.env.get("__MODULES_LMALTNAME", "").replace("&", ":").split(":")
    absent = []
    for name in modules:
        if name in now or any(entry.startswith(f"{name}/") for entry in now):
            continue
        if name in other_names or any(entry.startswith(f"{name}.") for entry in now):
            continue  # an alias or symbolic version; or the first part of a version
        absent.append(name)
    if absent and tool.kind == "lmod" and not _has_error(result.words):
        absent = [name for name in absent if not _lmod_knows(name, result, tool)]
    return absent


def _has_error(words: str) -> bool:
    return "error" in words.lower()


def _lmod_knows(name: str, result: "Snapshot", tool: Tool) -> bool:
    """Whether Lmod calls the name loaded: only it knows its `module_alias` and `module_version`."""
    from autoenv_hpc import scratch  # noqa: PLC0415 - only module work starts a process

    return "true" in scratch.answer(result.env, tool, ("is-loaded", name)).split()


def _why(missing: list[str], result: "Snapshot", env: Env) -> str:
    from autoenv_hpc import near  # noqa: PLC0415 - only a failed load looks for near names

    said = " ".join(result.words.split()).partition(" Please check the spelling")[0]
    missing = [name for name in missing if name in said] or missing  # Lmod loads all or nothing
    if len(said) > _WORDS_SHOWN:
        said = said[:_WORDS_SHOWN].rsplit(" ", 1)[0] + " …"
    if not said:
        said = "the module tool said nothing, and loaded nothing"
    hints = near.hints(missing, env)
    return f"cannot load {' '.join(missing)}: {said}" + "".join(f"; {hint}" for hint in hints)
