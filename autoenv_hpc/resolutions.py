"""Module loads and their failures, remembered on disk, so that the same load is not run twice.

A stored activation is one shell's and one project's. What is kept here serves the compiler: when
only the environment or a variable of the configuration changed, or another shell enters, the
module tool need not run again; and a module that does not exist costs one walk of the tree.
"""

import os
import time
from typing import Any, NamedTuple

from autoenv_hpc import memory, modules, shellparts, state
from autoenv_hpc.config import Cache
from autoenv_hpc.environment import Change, Env, Value, applied, difference
from autoenv_hpc.modules import Dependencies, LoadError, Request, Resolution
from autoenv_hpc.store import unsettled

_FORMAT = 1
_KIND = "resolutions"
_FAILURE_LIFE = 3600  # seconds; what a failed load looked for cannot be known in full


class _Record(NamedTuple):
    """One load as it is kept: what it gave, and under which conditions it would give it again."""

    format: int
    made: int  # seconds since the epoch
    life: int  # seconds
    host: str | None
    files: dict[str, int | None]  # time of modification in ns; None for a file that is not there
    variables: dict[str, str | None]
    failure: str | None
    change: dict[str, list[str | None]]
    shell: list[Any]
    displaced: list[str]
    depends: list[Any]


def resolve(start: Env, request: Request, kept: Cache, *, fresh: bool = False) -> Resolution:
    """Load what is asked for, or say what that gave under the same conditions before.

    :param start: the environment to start from; it is not changed.
    :param kept: whether, and for how long, anything may be remembered.
    :param fresh: load for real, whatever is remembered.
    :raises ModuleError: as `modules.resolve`.
    """
    if not kept.enabled or modules.is_loaded(request, start):
        return modules.resolve(start, request)
    bookkeeping = {n: v for n, v in start.items() if modules.is_bookkeeping(n)}
    key = state.digest([request, bookkeeping, start.get("PATH")])
    record = None if fresh else _revived(memory.recall(start, _KIND, key))
    if record and _holds(record, start, kept):
        files, variables, *rest = record.depends
        depends = Dependencies(tuple(files), tuple(variables), *rest)
        if record.failure is not None:
            raise LoadError(record.failure, depends)
        change: Change = {n: Value(*pair) for n, pair in record.change.items()}
        shell = shellparts.revived(record.shell)
        return Resolution(applied(change, start), shell, tuple(record.displaced), depends)
    try:
        resolution = modules.resolve(start, request)
    except LoadError as error:
        _keep(start, key, _failed(str(error), error.depends, start))
        raise
    _keep(start, key, _loaded(resolution, start))
    return resolution


def _loaded(resolution: Resolution, start: Env) -> _Record | None:
    change, depends = difference(start, resolution.env), resolution.depends
    if depends.unknowable or resolution.shell.odd or not depends.files:
        return None
    record = _failed(None, depends, start)
    variables = record.variables | {name: value.before for name, value in change.items()}
    return record._replace(
        life=modules.HOST_BOUND_LIFE if depends.host_bound else 0,
        host=os.uname().nodename if depends.host_bound else None,
        variables=variables,
        change={name: list(value) for name, value in change.items()},
        shell=list(resolution.shell),
        displaced=list(resolution.displaced),
    )


def _failed(failure: str | None, depends: Dependencies, start: Env) -> _Record:
    return _Record(
        format=_FORMAT,
        made=int(time.time()),
        life=_FAILURE_LIFE,
        host=None,
        files={file: _modified(file) for file in depends.files},
        variables={name: start.get(name) for name in depends.variables},
        failure=failure,
        change={},
        shell=[],
        displaced=[],
        depends=list(depends),
    )


def _holds(record: _Record, start: Env, kept: Cache) -> bool:
    life = min(record.life or kept.max_age, kept.max_age)
    return (
        abs(time.time() - record.made) < life
        and record.host in (None, os.uname().nodename)
        and all(start.get(name) == value for name, value in record.variables.items())
        and all(_modified(file) == modified for file, modified in record.files.items())
    )


def _revived(kept: Any) -> _Record | None:
    try:
        record = _Record(**kept)
    except TypeError:
        return None
    return record if record.format == _FORMAT else None


def _keep(start: Env, key: str, record: _Record | None) -> None:
    if record and not any(unsettled(modified) for modified in record.files.values() if modified):
        memory.keep(start, _KIND, key, record._asdict())


def _modified(path: str) -> int | None:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return None
