"""The list of the user's environments, one file for each."""

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

_RENEWAL = 86_400  # seconds; an older file is written again, since its age shows the last use


class Entry(NamedTuple):
    """An environment as it was when you last entered its project."""

    path: str
    project: str  # the project's folder
    config: str
    site: str | None
    python: str | None
    backend: str


class RegisteredVenv(NamedTuple):
    """An environment in the list."""

    entry: Entry
    file: str  # the file that contains the entry
    used: float  # the time of its last use, in seconds since the epoch


def register(request: VenvRequest, venv: MatchedVenv) -> None:
    """Add an environment to the list. If this fails, `list` and `prune` do not show it."""
    python = venv.interpreter.full if venv.interpreter else None
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
        if _read(file) == entry and time.time() - os.stat(file).st_mtime < _RENEWAL:
            return
    with contextlib.suppress(OSError):
        folders.make_private(os.path.dirname(folder))
        folders.make_private(folder)
        folders.write_atomically(file, json.dumps(entry._asdict()).encode())


def registered_venvs(state: str) -> Iterator[RegisteredVenv]:
    """The environments that still exist, sorted by path.

    :param state: the user's state folder (`Folders.state`).
    """
    for entry, file in _entries(state):
        if record.exists(entry.path):
            yield RegisteredVenv(entry, file, _last_use(entry.path, file))


def forget_gone(state: str) -> None:
    """Remove the entries of deleted environments, unless their file system may be unmounted."""
    for entry, file in _entries(state):
        if not record.exists(entry.path) and os.path.isdir(os.path.dirname(entry.path)):
            forget(file)


def _entries(state: str) -> list[tuple[Entry, str]]:
    """Each entry with its file, sorted by the environment's path."""
    folder = _folder(state)
    files = []
    with contextlib.suppress(OSError):
        if not folders.exposed(folder):
            files = [os.path.join(folder, name) for name in os.listdir(folder)]
    entries = [(entry, file) for file in files if (entry := _read(file))]
    return sorted(entries)


def forget(file: str) -> None:
    """Remove the entry in this file."""
    with contextlib.suppress(OSError):
        os.unlink(file)


def is_orphan(entry: Entry) -> bool:
    """Whether the project was deleted; False if its file system may be unmounted."""
    parent = os.path.dirname(entry.project)
    return not os.path.lexists(entry.config) and os.path.isdir(parent)


def _last_use(path: str, file: str) -> float:
    """The time of the last use: entering writes the entry, and Python reads these files."""
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
