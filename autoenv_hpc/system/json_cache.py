"""Small JSON records in the user's cache.

Each record begins with a digest of its key and content. What a bad disk, a full one or another
program has changed is not used, and is made again.
"""

import contextlib
import json
import os
import re
from collections.abc import Iterator
from typing import Any

from autoenv_hpc.system import files
from autoenv_hpc.system.digests import blake2b
from autoenv_hpc.system.folders import exposed, make_private, write_atomically
from autoenv_hpc.system.removal import clear_folder, remove_files

KINDS = ("documents", "failures", "interpreters", "resolutions", "unstored")
_KEPT = 100  # records of each kind
_OURS = re.compile(r"[0-9a-f]{24,64}\.json(\.\d+\.[0-9a-f]{8})?")  # or `write_atomically`'s


def load(cache: str, kind: str, key: str) -> Any:
    """The record; None if there is none, it is damaged, or another user could have written it.

    :param cache: the user's cache folder.
    """
    path = _path(cache, kind, key)
    try:
        if exposed(os.path.dirname(path)):
            return None
        return unpack(f"{kind}/{key}", files.read_own(path))
    except (OSError, ValueError):
        return None


def save(cache: str, kind: str, key: str, value: Any) -> None:
    """Keep a record. A cache that is not writable costs only speed, and is reported elsewhere."""
    path = _path(cache, kind, key)
    folder = os.path.dirname(path)
    try:
        make_private(folder)
        _drop_oldest(folder)
        write_atomically(path, pack(f"{kind}/{key}", value), lasting=False)
    except OSError:
        return


def records(cache: str, kind: str) -> Iterator[Any]:
    """All records of a kind."""
    try:
        names = sorted(os.listdir(os.path.join(cache, kind)))
    except OSError:
        return
    for name in names:
        key, _, end = name.partition(".")
        if end == "json" and (record := load(cache, kind, key)) is not None:
            yield record


def forget(cache: str, kind: str, key: str) -> None:
    """Remove a record, if there is one."""
    with contextlib.suppress(OSError):
        os.unlink(_path(cache, kind, key))


def pack(name: str, value: Any) -> bytes:
    """The bytes of a record.

    :param name: what the record belongs to; the digest covers it too.
    """
    text = json.dumps(value).encode()
    return _digest(name, text) + b"\n" + text


def unpack(name: str, data: bytes) -> Any:
    """The value that `pack` was given.

    :raises ValueError: these are not the bytes that `pack` made.
    """
    digest, _, text = data.partition(b"\n")
    if digest != _digest(name, text):
        raise ValueError
    return json.loads(text)


def clear(cache: str) -> None:
    """Remove all records. Other files in the same folders stay.

    :raises OSError: a record cannot be removed.
    """
    for kind in KINDS:
        clear_folder(os.path.join(cache, kind), _is_ours)


def _path(cache: str, kind: str, key: str) -> str:
    return os.path.join(cache, kind, f"{key}.json")


def _digest(name: str, text: bytes) -> bytes:
    return blake2b(f"{name}\n".encode() + text, digest_size=16).hexdigest().encode()


def _drop_oldest(folder: str) -> None:
    with os.scandir(folder) as entries:
        ours = [entry for entry in entries if _is_ours(entry)]
    if len(ours) < _KEPT:
        return
    oldest = sorted(ours, key=lambda entry: entry.stat(follow_symlinks=False).st_mtime_ns)
    names = {entry.name for entry in oldest[: len(ours) - _KEPT + 1]}
    remove_files(folder, lambda entry: entry.name in names)


def _is_ours(entry: "os.DirEntry[str]") -> bool:
    """Whether a file is a record, or a part of one that a killed process has left."""
    return _OURS.fullmatch(entry.name) is not None
