"""The way out of an active project, which keeps the changes that the user made inside."""

import os

from autoenv_hpc.activations.active import ActiveProject
from autoenv_hpc.environment import Env, merged, without_entry
from autoenv_hpc.modules import bookkeeping

_MODULE_STATE = ("LOADEDMODULES", "_LMFILES_", "MODULEPATH")


def outside(now: Env, project: ActiveProject | None) -> Env:
    """The variables without the active project, with the changes that the user made inside it.

    :param project: the active project; None if there is none.
    :raises ModuleError: the user changed the modules, and the module tool cannot unload those that
        entering loaded.
    """
    if project is None:
        return now
    if _has_same_modules(now, project):
        return _undo(now, project)
    return _unload(now, project)


def _has_same_modules(now: Env, project: ActiveProject) -> bool:
    """Whether the modules are still those after entering, or entering did not change them."""
    if not (project.modules or project.displaced or project.paths):
        return True
    changed = [name for name in _MODULE_STATE if name in project.change]
    return all(now.get(name) == project.change[name].after for name in changed)


def _undo(now: Env, project: ActiveProject) -> Env:
    """Undo the change, and restore the module tool's variables as a whole.

    A query such as `module avail` may have changed some of these variables, but they must agree
    with each other.
    """
    result = project.change.undone_in(now)
    for name, value in project.change.items():
        if bookkeeping.is_bookkeeping(name):
            if value.before is None:
                result.pop(name, None)
            else:
                result[name] = value.before
    if project.modules:
        for name in bookkeeping.stale_table(result):
            if name not in project.change:
                del result[name]
    return result


def _unload(now: Env, project: ActiveProject) -> Env:
    """Unload in a scratch shell, take the module tool's variables from it and merge the others."""
    start = dict(now)
    prefix = now.get("VIRTUAL_ENV")
    if prefix and "VIRTUAL_ENV" in project.change and "PATH" in now:
        start["PATH"] = without_entry(now["PATH"], os.path.join(prefix, "bin"))
    from autoenv_hpc.modules import unloading  # noqa: PLC0415 - only after a change of modules

    release = unloading.release(
        start, ours=project.modules, displaced=project.displaced, paths=project.paths
    )
    result = dict(release.env)
    for name, value in project.change.items():
        if bookkeeping.is_bookkeeping(name):
            continue
        without_ours = merged(name, value, release.kept.get(name))
        if without_ours is None:
            result.pop(name, None)
        else:
            result[name] = without_ours
    return result
