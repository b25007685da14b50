"""Which environments this user has, noted down one file each where the user's allowances are."""

import contextlib
import json
import os
import time
from collections.abc import Iterator
from typing import NamedTuple

from autoenv_hpc import folders
from autoenv_hpc.environment import Env
from autoenv_hpc.state import digest
from autoenv_hpc.venvs import Environment, Spec, record

_RENEWED = 86_400  # seconds; the note is written anew for the time of the last use


class Entry(NamedTuple):
    """One environment, as it was last entered."""

    path: str
    project: str  # its folder
    config: str
    site: str | None
    python: str | None
    backend: str


class Noted(NamedTuple):
    """An entry, the file it stands in, and when the environment was last used."""

    entry: Entry
    file: str
    used: float  # seconds since the epoch


def note(spec: Spec, environment: Environment, environ: Env) -> None:
    """Note an environment down; a folder that cannot be written costs an entry in a list only."""
    python = environment.interpreter.full if environment.interpreter else None
    entry = Entry(spec.path, spec.root, spec.config_file, spec.site, python, spec.backend)
    folder = _folder(environ)
    file = os.path.join(folder, digest([spec.path]) + ".json")
    with contextlib.suppress(OSError):
        if _read(file) == entry and time.time() - os.stat(file).st_mtime < _RENEWED:
            return
    with contextlib.suppress(OSError):
        folders.make_private(os.path.dirname(folder))
        folders.make_private(folder)
        folders.write_atomically(file, json.dumps(entry._asdict()).encode())


def entries(environ: Env) -> Iterator[Noted]:
    """All environments that are still there, by path; what is gone is forgotten."""
    folder = _folder(environ)
    found = []
    with contextlib.suppress(OSError):
        if not folders.exposed(folder):
            found = [os.path.join(folder, name) for name in os.listdir(folder)]
    noted = ((file, entry) for file in found if (entry := _read(file)))
    for file, entry in sorted(noted, key=lambda pair: pair[1].path):
        if record.exists(entry.path):
            yield Noted(entry, file, _last_use(entry.path, file))
        elif os.path.isdir(os.path.dirname(entry.path)):  # not on a file system that is away
            forget(file)


def forget(file: str) -> None:
    """Take a note away."""
    with contextlib.suppress(OSError):
        os.unlink(file)


def is_orphan(entry: Entry) -> bool:
    """Whether the project is gone, and not only the file system that it is on."""
    parent = os.path.dirname(entry.project)
    return not os.path.lexists(entry.config) and os.path.isdir(parent)


def _last_use(path: str, file: str) -> float:
    """Entering renews the note, and each start of its Python reads these files."""
    times = [os.stat(file).st_mtime]
    for name in ("pyvenv.cfg", "bin/python", "conda-meta/history"):
        with contextlib.suppress(OSError):
            times.append(os.stat(os.path.join(path, name)).st_atime)
    return max(times)


def _folder(environ: Env) -> str:
    return os.path.join(folders.state(environ), "environments")


def _read(file: str) -> Entry | None:
    try:
        with open(file, encoding="ascii") as stream:
            return Entry(**json.load(stream))
    except (OSError, ValueError, TypeError):
        return None
