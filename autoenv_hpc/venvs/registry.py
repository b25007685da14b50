"""The user's environments, one small file for each."""

import contextlib
import json
import os
import time
from collections.abc import Iterator
from typing import NamedTuple

from autoenv_hpc.system import folders
from autoenv_hpc.system.digests import digest
from autoenv_hpc.venvs import record
from autoenv_hpc.venvs.types import MatchedVenv, VenvRequest

_RENEWED = 86_400  # seconds; then the note is written again, for the time of the last use


class Entry(NamedTuple):
    """One environment, as it was last entered."""

    path: str
    project: str  # its folder
    config: str
    site: str | None
    python: str | None
    backend: str


class RegisteredVenv(NamedTuple):
    """An entry, the file it stands in, and when the environment was last used."""

    entry: Entry
    file: str
    used: float  # seconds since the epoch


def register(request: VenvRequest, environment: MatchedVenv) -> None:
    """Note that this environment exists. If that fails, only `list` misses an entry."""
    python = environment.interpreter.full if environment.interpreter else None
    entry = Entry(
        request.path,
        request.owner.root,
        request.owner.config_file,
        request.site.name,
        python,
        request.requested.backend,
    )
    folder = _folder(request.folders.state)
    file = os.path.join(folder, digest([request.path]) + ".json")
    with contextlib.suppress(OSError):
        if _read(file) == entry and time.time() - os.stat(file).st_mtime < _RENEWED:
            return
    with contextlib.suppress(OSError):
        folders.make_private(os.path.dirname(folder))
        folders.make_private(folder)
        folders.write_atomically(file, json.dumps(entry._asdict()).encode())


def registered(state: str) -> Iterator[RegisteredVenv]:
    """The environments that are still there, by path.

    :param state: the user's folder of what is allowed.
    """
    for entry, file in _entries(state):
        if record.exists(entry.path):
            yield RegisteredVenv(entry, file, _last_use(entry.path, file))


def forget_gone(state: str) -> None:
    """Remove notes about deleted environments, but not about those on an unmounted file system."""
    for entry, file in _entries(state):
        if not record.exists(entry.path) and os.path.isdir(os.path.dirname(entry.path)):
            forget(file)


def _entries(state: str) -> list[tuple[Entry, str]]:
    """Each note with its file, by the environment's path."""
    folder = _folder(state)
    found = []
    with contextlib.suppress(OSError):
        if not folders.exposed(folder):
            found = [os.path.join(folder, name) for name in os.listdir(folder)]
    entries = [(entry, file) for file in found if (entry := _read(file))]
    return sorted(entries)


def forget(file: str) -> None:
    """Remove a note."""
    with contextlib.suppress(OSError):
        os.unlink(file)


def is_orphan(entry: Entry) -> bool:
    """Whether the project was deleted; an unmounted file system does not count."""
    parent = os.path.dirname(entry.project)
    return not os.path.lexists(entry.config) and os.path.isdir(parent)


def _last_use(path: str, file: str) -> float:
    """Entering renews the note, and each start of its Python reads these files."""
    times = [os.stat(file).st_mtime]
    for name in ("pyvenv.cfg", "bin/python", "conda-meta/history"):
        with contextlib.suppress(OSError):
            times.append(os.stat(os.path.join(path, name)).st_atime)
    return max(times)


def _folder(state: str) -> str:
    return os.path.join(state, "environments")


def _read(file: str) -> Entry | None:
    try:
        with open(file, encoding="ascii") as stream:
            return Entry(**json.load(stream))
    except (OSError, ValueError, TypeError):
        return None
