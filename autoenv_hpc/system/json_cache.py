"""Small JSON records in the user's cache."""

import contextlib
import json
import os
from typing import Any

from autoenv_hpc.system.folders import exposed, make_private, write_atomically

_KEPT = 100  # records of each kind


def load(cache: str, kind: str, key: str) -> Any:
    """The record; None if there is none, or if another user could have written it.

    :param cache: the user's cache folder.
    """
    path = _path(cache, kind, key)
    try:
        if exposed(os.path.dirname(path)) or exposed(path):
            return None
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def save(cache: str, kind: str, key: str, value: Any) -> None:
    """Keep a record. A read-only cache costs only speed, and is reported elsewhere."""
    path = _path(cache, kind, key)
    folder = os.path.dirname(path)
    try:
        make_private(os.path.dirname(folder))
        make_private(folder)
        _drop_oldest(folder)
        write_atomically(path, json.dumps(value).encode(), lasting=False)
    except OSError:
        return


def forget(cache: str, kind: str, key: str) -> None:
    """Remove a record, if there is one."""
    with contextlib.suppress(OSError):
        os.unlink(_path(cache, kind, key))


def _path(cache: str, kind: str, key: str) -> str:
    return os.path.join(cache, kind, f"{key}.json")


def _drop_oldest(folder: str) -> None:
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.stat().st_mtime_ns)
    for entry in found[: max(0, len(found) - _KEPT + 1)]:
        os.unlink(entry.path)
