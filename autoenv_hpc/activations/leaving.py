"""The way out of an active project, which keeps the changes that the user made inside.

Entering deactivates the user's own environment, loads the modules and does the rest. As long as the
user has not changed the modules, leaving undoes all of it at once. Otherwise it undoes the three
parts one after the other, and the modules with the module tool itself.
"""

from typing import TYPE_CHECKING, NamedTuple

from autoenv_hpc.activations import other_venvs
from autoenv_hpc.activations.active import NAME, ActiveProject
from autoenv_hpc.environment import Change, Env, Value, Variables, is_sublist, merged
from autoenv_hpc.modules import bookkeeping
from autoenv_hpc.system import jobs

if TYPE_CHECKING:
    from autoenv_hpc.modules.unloading import Release

_MODULE_STATE = ("LOADEDMODULES", "_LMFILES_", "MODULEPATH")
_CONDA_PROGRAMS = ("CONDA_EXE", "MAMBA_EXE")
_UNCHANGED = Value(None, None)


class _Conda(NamedTuple):
    """The prefixes of conda environments that the project has to do with."""

    outside: list[str] = []  # those that were active before entering
    users: list[str] = []  # those that the user activated inside
    gone: list[str] = []  # those that a conda which comes with the project activated


def outside(now: Env, project: ActiveProject | None) -> Env:
    """The variables without the active project, with the changes that the user made inside it.

    :param project: the active project; None if there is none.
    :raises ModuleError: the user changed the modules, and the module tool cannot unload those that
        entering loaded.
    """
    if project is None:
        return now
    now = jobs.not_handed_on(now)
    conda = _conda(now, project)
    change, present = _change(now, project, conda), _present(now, project, conda)
    undo = _undo if _has_same_modules(now, project) else _unload
    result = undo(present, change, project)
    result = bookkeeping.with_true_counts(result, change) | _restored(result, change)
    if conda.users or has_users_venv(now, project):
        # its `deactivate` must not bring the project back
        saved = ((name, other_venvs.saved_variable(name)) for name in result)
        again = Change((name, change[what]) for name, what in saved if what in change)
        result = again.undone_in(result)
    if not conda.users:
        return result
    described = {name: now[name] for name in other_venvs.CONDA if name in now}
    return other_venvs.with_conda_stack({**result, **described}, conda.outside + conda.users)


def has_users_venv(now: Variables, project: ActiveProject) -> bool:
    """Whether the user has activated another virtual environment inside the project."""
    ours = project.change.get("VIRTUAL_ENV", _UNCHANGED).after
    return now.get("VIRTUAL_ENV") not in (None, "", ours)


def has_own_venv_by_hand(now: Variables, project: ActiveProject) -> bool:
    """Whether the user has activated the project's environment with its own script."""
    ours = project.change.get("VIRTUAL_ENV", _UNCHANGED)
    if ours.after == ours.before or now.get("VIRTUAL_ENV") != ours.after:
        return False
    return any(map(other_venvs.is_saved_by_script, now))


def prompts_gone(now: Variables, project: ActiveProject) -> tuple[str, ...]:
    """What the environments that go with the project may have added to the prompt."""
    goes = has_own_venv_by_hand(now, project) or _conda(now, project).gone
    return other_venvs.prompts(now) if goes else ()


def _conda(now: Variables, project: ActiveProject) -> _Conda:
    change = project.change
    changed = [name for name, value in change.items() if value.before != value.after]
    brought = [name for name in changed if name in _CONDA_PROGRAMS and change[name].after]
    if not (brought or any(map(other_venvs.is_condas, changed))):
        return _Conda()
    before = other_venvs.conda_stack(_set(change.befores))
    users, ours = other_venvs.conda_stack(now), change.get("CONDA_PREFIX", _UNCHANGED).after
    if ours in users:
        users = users[users.index(ours) + 1 :]
    if users == before[-1:]:  # an rc file has activated it once more
        return _Conda(before)
    if any(now.get(name) == change[name].after for name in brought):
        return _Conda(before, gone=users)
    return _Conda(before, users)


def _change(now: Variables, project: ActiveProject, conda: _Conda) -> Change:
    """The change from outside; the user's own environment there makes room for one from inside."""
    before = _set(project.change.befores)
    if has_users_venv(now, project):
        before = other_venvs.without_virtualenv(before)
    if conda.users:
        before = other_venvs.without_conda(before)
    return Change((n, Value(before.get(n), v.after)) for n, v in project.change.items())


def _present(now: Env, project: ActiveProject, conda: _Conda) -> Env:
    """The present variables; those of an environment that goes are as entering set them."""
    inside, result = _set(project.change.afters), dict(now)
    venv = project.change.get("VIRTUAL_ENV", _UNCHANGED)
    goes = []
    if venv.before != venv.after and not has_users_venv(now, project):
        goes.append(other_venvs.is_virtualenvs)
    if conda != _Conda() and not conda.users:
        result = other_venvs.without_bins(result, conda.gone)
        goes.append(other_venvs.is_condas)
    for is_part in goes:
        result = {name: value for name, value in result.items() if not is_part(name)}
        result |= {name: value for name, value in inside.items() if is_part(name)}
    return result


def _has_same_modules(now: Env, project: ActiveProject) -> bool:
    """Whether the modules are still those after entering, or entering did not change them."""
    if not (project.modules or project.displaced or project.paths):
        return True
    changed = [name for name in _MODULE_STATE if name in project.change]
    return all(now.get(name) == project.change[name].after for name in changed)


def _undo(now: Env, change: Change, project: ActiveProject) -> Env:
    """Undo the change, and restore the module tool's variables as a whole.

    A query such as `module avail` may have changed some of these variables, but they must agree
    with each other.
    """
    state = {
        name: v.before
        for name, v in change.items()
        if bookkeeping.is_bookkeeping(name) and (v.before is None or v.before != v.after)
    }
    result = _set({**change.undone_in(now), **state})
    if project.modules:
        for name in bookkeeping.stale_table(result):
            if name not in change:
                del result[name]
    return result


def _unload(now: Env, change: Change, project: ActiveProject) -> Env:
    """Undo the change part by part, and unload with the module tool.

    The displaced modules come back all together, or not at all if the user unloaded the project's
    modules or loaded others that exclude them. Of a module that does not come back, nothing does:
    the variables outside are those after a real unload there.
    """
    from autoenv_hpc.modules import unloading  # noqa: PLC0415 - only after a change of modules

    loaded = project.rest.undone_in(now)
    del loaded[NAME]
    release = unloading.release(loaded, project.modules, project.paths)
    before = {**{n: v for n, v in release.kept.items() if n not in change}, **_set(change.befores)}
    start = other_venvs.without_venv(before)
    present = bookkeeping.modules(release.env)
    gone = [module for module in bookkeeping.modules(start) if module not in present]
    base = unloading.without(start, gone)
    result = _merge_load(base, release, change, project)
    still = bookkeeping.modules(loaded)
    is_users_act = bool(project.modules) and not any(m in still for m in project.modules)
    displaced = [m for m in project.displaced if m in gone and not is_users_act]
    result = unloading.with_modules(result, displaced, base.get("MODULEPATH", ""))
    result = Change.between(before, start).undone_in(result)
    for name in bookkeeping.stale_table(result):
        del result[name]
    return result


def _merge_load(base: Env, release: "Release", change: Change, project: ActiveProject) -> Env:
    """What the load changed besides the entries and variables that the unload takes away."""
    loaded = change.afters | project.rest.befores
    unloaded = bookkeeping.modules(release.env)
    has_users_modules = any(m not in bookkeeping.modules(base) for m in unloaded)
    are_ours_loaded = all(m in bookkeeping.modules(release.kept) for m in project.modules)
    result: dict[str, str | None] = {**release.env}
    for name, after in loaded.items():
        value, kept = Value(base.get(name), after), release.kept.get(name)
        if value.before == after or name == NAME or bookkeeping.is_bookkeeping(name):
            continue
        if kept == after or (kept is None and not are_ours_loaded):
            result[name] = value.before
        elif change.is_search_path(name) or _lost_entries(after, kept, release.env.get(name)):
            now = release.env.get(name, "")
            result[name] = merged(name, value, now, is_list=True, keep_added=has_users_modules)
        else:
            result[name] = merged(name, value, kept)
    return _set(result)


def _lost_entries(after: str | None, kept: str | None, unloaded: str | None) -> bool:
    """Whether the unload took entries away, as it does from a search path of any name.

    If it left nothing, the variable may be another that the user has set. It is none if all that
    stood there is part of what entering made, in whatever order: a module that is loaded again puts
    its entries elsewhere.
    """
    made, stood, left = ((text or "").split(":") for text in (after, kept, unloaded))
    if unloaded:
        return len(left) < len(stood) and is_sublist(left, stood)
    return {*stood} <= {*made}


def _restored(env: Env, change: Change) -> Env:
    """Those of the variables that have their former values."""
    return {
        n: v.before for n, v in change.items() if v.before is not None and env.get(n) == v.before
    }


def _set(values: Variables | dict[str, str | None]) -> Env:
    """The variables that have a value."""
    return {name: value for name, value in values.items() if value is not None}
