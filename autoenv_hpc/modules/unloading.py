"""The real unload of a project's modules after the user's changes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import ModuleError
from autoenv_hpc.modules import bookkeeping
from autoenv_hpc.modules.bookkeeping import Module
from autoenv_hpc.modules.login import initialised

if TYPE_CHECKING:
    from autoenv_hpc.modules.scratch_shell import Snapshot

_Steps = list[tuple[str, ...]]


class Release(NamedTuple):
    """The states while unloading: `kept` before the project's modules are unloaded, `env` after."""

    kept: Env
    env: Env


def release(now: Env, ours: Sequence[Module], paths: Sequence[str]) -> Release:
    """Unload a project's modules from a state that the user has changed since entering.

    :param now: the present environment.
    :param ours: the modules that the project loaded, in order.
    :param paths: the entries of MODULEPATH that only the project added; modules that the user
        loaded from them are unloaded first.
    :raises ModuleError: a module of the project is still loaded afterwards.
    """
    modules = bookkeeping.modules(now)
    guests = [
        module
        for module in modules
        if not _is_in(module, ours) and any(module.file.startswith(f"{path}/") for path in paths)
    ]
    still = [module for module in modules if _is_in(module, ours)]
    present = now.get("MODULEPATH", "").split(":")
    unuse: _Steps = [("unuse", path) for path in paths if path in present]
    steps = [*_unload(now, guests), ("snapshot", "kept"), *_unload(now, still), *unuse]
    end = _run(now, steps, snapshots=("kept",))
    left = [module.name for module in bookkeeping.modules(end.env) if _is_in(module, still)]
    if left:
        words = " ".join(end.words.split()) or "the module tool printed nothing"
        raise ModuleError(f"cannot unload {' '.join(left)}: {words}")
    return Release(end.earlier["kept"].env, end.env)


def without(env: Env, modules: Sequence[Module]) -> Env:
    """The variables after a real unload of some modules."""
    return _run(env, _unload(env, modules)).env if modules else env


def with_modules(env: Env, modules: Sequence[Module], module_path: str) -> Env:
    """The variables after a real load of some modules, all of them or none.

    None are loaded if one of them, or one that is loaded already, is not there afterwards.

    :param module_path: directories of MODULEPATH that must be in use.
    """
    present = env.get("MODULEPATH", "").split(":")
    paths = [path for path in module_path.split(":") if path and path not in present]
    use: _Steps = [("use", path) for path in reversed(paths)]
    if modules:
        load = ("load", *(module.name for module in modules))
        end = _run(env, [*use, load]).env
        found = bookkeeping.modules(end)
        if all(_is_in(module, found) for module in (*bookkeeping.modules(env), *modules)):
            return end
    return _run(env, use).env if use else env


def _unload(env: Env, modules: Sequence[Module]) -> _Steps:
    """The step that unloads some modules, the last one first, whether they are sticky or not."""
    if not modules:
        return []
    tool = initialised(env).tool
    words = ("unload", "--force") if tool.kind == "modules" else ("--force", "unload")
    return [(*words, *(module.name for module in reversed(modules)))]


def _run(env: Env, steps: _Steps, snapshots: Sequence[str] = ()) -> "Snapshot":
    from autoenv_hpc.modules import scratch_shell  # noqa: PLC0415 - only an unload needs it

    tool = initialised(env).tool
    return scratch_shell.run(env, tool, steps, snapshots=snapshots)


def _is_in(module: Module, modules: Sequence[Module]) -> bool:
    """Whether a module is one of several; version 0.1.0 did not note the files."""
    return module in modules or Module(module.name, "") in modules
