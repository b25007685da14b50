"""The way out of an active project, also when the user changed something inside."""

import os

from autoenv_hpc import modules
from autoenv_hpc.environment import Env, merged, undone, without_entry
from autoenv_hpc.state import State

_MODULE_STATE = ("LOADEDMODULES", "_LMFILES_", "MODULEPATH")


def outside(now: Env, state: State | None) -> Env:
    """The environment as it is without the project, with the user's own acts kept.

    :param state: what is active; None if nothing is.
    :raises ModuleError: the modules changed inside, and the module tool cannot unload ours.
    """
    if state is None:
        return now
    if _same_modules(now, state):
        return _restored(now, state)
    return _released(now, state)


def _same_modules(now: Env, state: State) -> bool:
    """Whether the modules are as entering left them, or entering had none to do with them."""
    if not (state.modules or state.displaced or state.paths):
        return True
    changed = [name for name in _MODULE_STATE if name in state.change]
    return all(now.get(name) == state.change[name].after for name in changed)


def _restored(now: Env, state: State) -> Env:
    """The tool's records are one unit: they go back whole, whatever a query wrote into them."""
    result = undone(state.change, now)
    for name, value in state.change.items():
        if modules.is_bookkeeping(name):
            if value.before is None:
                result.pop(name, None)
            else:
                result[name] = value.before
    if state.modules:
        for name in modules.stale_table(result):
            if name not in state.change:
                del result[name]
    return result


def _released(now: Env, state: State) -> Env:
    """Unload in a scratch shell; take the tool's records from there, and merge the rest."""
    start = dict(now)
    prefix = now.get("VIRTUAL_ENV")
    if prefix and "VIRTUAL_ENV" in state.change and "PATH" in now:
        start["PATH"] = without_entry(now["PATH"], os.path.join(prefix, "bin"))
    release = modules.release(
        start, ours=state.modules, displaced=state.displaced, paths=state.paths
    )
    result = dict(release.env)
    for name, value in state.change.items():
        if modules.is_bookkeeping(name):
            continue
        kept = merged(name, value, release.kept.get(name))
        if kept is None:
            result.pop(name, None)
        else:
            result[name] = kept
    return result
