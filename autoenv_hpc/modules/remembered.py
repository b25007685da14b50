"""The cache of module loads.

A stored activation belongs to one shell and one project. This cache serves the compiler: the module
tool need not run again if only the environment or a variable of the configuration changes, or if
another shell enters. A missing module costs one walk through the module tree, not one per prompt.
"""

import os
import time
from typing import Any, NamedTuple

from autoenv_hpc import guards, shell_definitions, verbose
from autoenv_hpc.environment import Change, Env, Value
from autoenv_hpc.guards import Guards
from autoenv_hpc.modules import loading
from autoenv_hpc.modules.bookkeeping import is_bookkeeping, modules
from autoenv_hpc.modules.loading import LoadError, Request, Resolution
from autoenv_hpc.project.config import Cache
from autoenv_hpc.system import json_cache, machine
from autoenv_hpc.system.digests import digest
from autoenv_hpc.system.folders import Folders

_FORMAT = 2
_KIND = "resolutions"


class _Record(NamedTuple):
    """One load on disk: its result, and the conditions under which that holds."""

    format: int
    guards: Guards
    failure: str | None
    change: Change
    definitions: shell_definitions.ShellDefinitions
    displaced: tuple[str, ...]


def resolve(  # noqa: PLR0913 - the last two are a command's
    start: Env,
    request: Request,
    kept: Cache,
    folders: Folders,
    *,
    shell: str,
    fresh: bool = False,
) -> Resolution:
    """Load the requested modules, or return the kept result if its conditions hold.

    :param start: the environment to start from, which stays unchanged.
    :param kept: whether results may be kept, and for how long.
    :param shell: the shell for which the modules are loaded.
    :param fresh: load for real, even if a result is kept.
    :raises ModuleError: as `loading.resolve`.
    """
    if not kept.enabled:
        return loading.resolve(start, request, folders.home, shell)
    bookkeeping = {n: v for n, v in start.items() if is_bookkeeping(n)}
    key = digest([request, bookkeeping, start.get("PATH")])
    record = None if fresh else _restored(json_cache.load(folders.cache, _KIND, key))
    limit = Guards(max_age=kept.max_age)
    failures = (record.guards | limit).failures(machine.now(start, shell)) if record else []
    if record and verbose.is_on():
        verbose.say(f"the kept load: {failures[0] if failures else 'all its guards hold'}")
    if record and not failures:
        if record.failure is not None:
            raise LoadError(record.failure, record.guards)
        env = record.change.applied_to(start)
        return Resolution(env, record.definitions, record.displaced, record.guards)
    try:
        resolution = loading.resolve(start, request, folders.home, shell)
    except LoadError as error:
        conditions = error.dependencies | _unreadable(error.dependencies)
        _save(folders, key, Resolution(start, guards=conditions), Change(), str(error))
        raise
    resolution = resolution._replace(guards=resolution.guards | _readable(resolution.env))
    change = Change.between(start, resolution.env)
    if resolution.guards.files and not resolution.definitions.of_the_process:
        _save(folders, key, resolution, change, None)
    return resolution


def _readable(env: Env) -> Guards:
    """The guards on the right to read the loaded modulefiles, which a change of groups can end."""
    paths = [module.file for module in modules(env)]
    return Guards(present={path: "readable" for path in paths if os.access(path, os.R_OK)})


def _unreadable(guards: Guards) -> Guards:
    """The guards after a failure: the user's groups, and the files that cannot be read."""
    files = [path for path, then in guards.files.items() if then is not None]
    paths = [path for path in files if not os.access(path, os.R_OK)]
    return Guards(present=dict.fromkeys(paths, "unreadable"), user=machine.user())


def _save(
    folders: Folders, key: str, resolution: Resolution, change: Change, failure: str | None
) -> None:
    befores = Guards(variables=change.befores, made=int(time.time()))
    conditions = resolution.guards | befores
    if conditions.not_storable_because or conditions.changed:
        return
    record = _Record(
        format=_FORMAT,
        guards=conditions,
        failure=failure,
        change=change,
        definitions=resolution.definitions,
        displaced=resolution.displaced,
    )
    fields = record._asdict() | {"guards": conditions._asdict()}
    json_cache.save(folders.cache, _KIND, key, fields)


def _restored(fields: Any) -> _Record | None:
    try:
        if fields["format"] != _FORMAT:
            return None
        return _Record(
            **{
                **fields,
                "guards": guards.restored(fields["guards"]),
                "change": Change((n, Value(*pair)) for n, pair in fields["change"].items()),
                "definitions": shell_definitions.restored(fields["definitions"]),
                "displaced": tuple(fields["displaced"]),
            }
        )
    except (TypeError, KeyError, ValueError):
        return None
