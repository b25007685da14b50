"""What the compiler remembers: JSON in the cache, by kind and name, the oldest dropped."""

import json
import os
from typing import Any

from autoenv_hpc import folders
from autoenv_hpc.environment import Env

KINDS = ("documents", "resolutions")
_KEPT = 100  # files of a kind


def recall(environ: Env, kind: str, name: str) -> Any:
    """What was kept under this name; None if there is nothing, or others could have written it."""
    path = _path(environ, kind, name)
    try:
        if folders.exposed(os.path.dirname(path)) or folders.exposed(path):
            return None
        with open(path, encoding="ascii") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def keep(environ: Env, kind: str, name: str, value: object) -> None:
    """Keep a value; a cache that cannot be written costs speed only, and is told elsewhere."""
    path = _path(environ, kind, name)
    folder = os.path.dirname(path)
    try:
        folders.make_private(os.path.dirname(folder))
        folders.make_private(folder)
        _drop_oldest(folder)
        folders.write_atomically(path, json.dumps(value).encode())
    except OSError:
        return


def _path(environ: Env, kind: str, name: str) -> str:
    return os.path.join(folders.cache(environ), kind, f"{name}.json")


def _drop_oldest(folder: str) -> None:
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.stat().st_mtime_ns)
    for entry in found[: max(0, len(found) - _KEPT + 1)]:
        os.unlink(entry.path)
