"""The list of the user's environments, one file for each."""

import contextlib
import json
import os
import time
from collections.abc import Iterator
from typing import NamedTuple

from autoenv_hpc.system import files, folders
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
    paths = []
    with contextlib.suppress(OSError):
        if not folders.exposed(folder):
            paths = [os.path.join(folder, name) for name in os.listdir(folder)]
    entries = [(entry, path) for path in paths if (entry := _read(path))]
    return sorted(entries, key=lambda found: found[0].path)


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
    """The entry in a file; None if it is damaged, or another user could have written it."""
    try:
        entry = Entry(**json.loads(files.read_own(file)))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    is_whole = all(map(_is_path, entry[:3])) and isinstance(entry.backend, str)
    is_whole &= all(text is None or isinstance(text, str) for text in (entry.site, entry.python))
    return entry if is_whole else None


def _is_path(value: object) -> bool:
    return isinstance(value, str) and value.startswith("/") and "\0" not in value
