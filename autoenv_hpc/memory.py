"""Small JSON records in the user's cache, each under a digest of what it is about."""

import json
import os
from typing import Any

from autoenv_hpc import folders
from autoenv_hpc.environment import Env

_KEPT = 100  # of each kind


def recall(environ: Env, kind: str, key: str) -> Any:
    """What was kept; None if there is nothing, or another user could have written it."""
    path = _path(environ, kind, key)
    try:
        if folders.exposed(os.path.dirname(path)) or folders.exposed(path):
            return None
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def keep(environ: Env, kind: str, key: str, value: Any) -> None:
    """Keep it; a cache that cannot be written costs speed only, and is told elsewhere."""
    path = _path(environ, kind, key)
    folder = os.path.dirname(path)
    try:
        folders.make_private(os.path.dirname(folder))
        folders.make_private(folder)
        _drop_oldest(folder)
        folders.write_atomically(path, json.dumps(value).encode(), lasting=False)
    except OSError:
        return


def _path(environ: Env, kind: str, key: str) -> str:
    return os.path.join(folders.cache(environ), kind, f"{key}.json")


def _drop_oldest(folder: str) -> None:
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.stat().st_mtime_ns)
    for entry in found[: max(0, len(found) - _KEPT + 1)]:
        os.unlink(entry.path)
