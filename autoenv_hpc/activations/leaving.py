"""The way out of an active project, also after the user changed something inside."""

import os

from autoenv_hpc.activations.active import ActiveProject
from autoenv_hpc.environment import Env, merged, without_entry
from autoenv_hpc.modules import bookkeeping

_MODULE_STATE = ("LOADEDMODULES", "_LMFILES_", "MODULEPATH")


def outside(now: Env, project: ActiveProject | None) -> Env:
    """The environment as it is without the project, with the user's own acts kept.

    :param project: what is active; None if nothing is.
    :raises ModuleError: the modules changed inside, and the module tool cannot unload ours.
    """
    if project is None:
        return now
    if _same_modules(now, project):
        return _restored(now, project)
    return _released(now, project)


def _same_modules(now: Env, project: ActiveProject) -> bool:
    """Whether the modules are as entering left them, or entering had none to do with them."""
    if not (project.modules or project.displaced or project.paths):
        return True
    changed = [name for name in _MODULE_STATE if name in project.change]
    return all(now.get(name) == project.change[name].after for name in changed)


def _restored(now: Env, project: ActiveProject) -> Env:
    """The tool's records are one unit: they go back whole, whatever a query wrote into them."""
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


def _released(now: Env, project: ActiveProject) -> Env:
    """Unload in a scratch shell; take the tool's records from there, and merge the rest."""
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
        kept = merged(name, value, release.kept.get(name))
        if kept is None:
            result.pop(name, None)
        else:
            result[name] = kept
    return result
