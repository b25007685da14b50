"""The move of a finished environment to a path of the same length.

Scripts, `pyvenv.cfg`, compiled files and conda's binaries contain the path. A path of the same
length can replace it byte by byte in any kind of file.
"""

import base64
import ctypes
import mmap
import os
from collections.abc import Iterable
from contextlib import suppress

from autoenv_hpc.system.digests import blake2b

_EXCHANGE = 2  # RENAME_EXCHANGE (Linux, renameat2(2))
_WORKING_DIRECTORY = -100  # AT_FDCWD


def sibling_path(path: str) -> str:
    """The path next to this one, of the same length in bytes, for a new build."""
    folder, name = os.path.split(path)
    length = len(os.fsencode(name))
    key = blake2b(os.fsencode(path), digest_size=20).digest()
    text = base64.b32encode(key).decode().lower() * (1 + length // 32)
    new = f".{text}"[:length] if length > 2 else text[:length]  # noqa: PLR2004 - not `.` nor `..`
    return os.path.join(folder, new)


def relocate(folder: str, old: str, new: str) -> None:
    """Replace the path of an environment in all its files with one of the same length.

    :param folder: the present place of the environment.
    :raises OSError: a file cannot be read or replaced.
    """
    pairs = {(old, new), (_resolved(old), _resolved(new))}  # virtualenv resolves the folder
    assert all(len(os.fsencode(a)) == len(os.fsencode(b)) for a, b in pairs)
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = os.path.join(place, name)
            if os.path.islink(path):
                _relink(path, pairs)
            elif name in files:
                _rewrite(path, [(os.fsencode(a), os.fsencode(b)) for a, b in pairs])


def swap(one: str, other: str) -> None:
    """Exchange two folders, atomically if the file system can, else in three renames.

    :raises OSError: a folder cannot be renamed.
    """
    with suppress(AttributeError):
        cwd = _WORKING_DIRECTORY
        words = (cwd, os.fsencode(one), cwd, os.fsencode(other), _EXCHANGE)
        if ctypes.CDLL(None, use_errno=True).renameat2(*words) == 0:
            return
    aside = trash_path(one)
    os.rename(one, aside)
    os.rename(other, one)
    os.rename(aside, other)


def trash_path(path: str) -> str:
    """The path to which a folder is moved before its removal."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.autoenv-hpc.trash")


def _resolved(path: str) -> str:
    folder, name = os.path.split(path)
    return os.path.join(os.path.realpath(folder), name)


def _relink(path: str, pairs: Iterable[tuple[str, str]]) -> None:
    target = os.readlink(path)
    for old, new in pairs:
        if target == old or target.startswith(old + "/"):
            os.unlink(path)
            os.symlink(new + target.removeprefix(old), path)


def _rewrite(path: str, pairs: Iterable[tuple[bytes, bytes]]) -> None:
    """Replace a file that contains a path. A change in place could reach a package cache."""
    status = os.stat(path)
    if not status.st_size:
        return
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if all(data.find(old) < 0 for old, _ in pairs):
            return
        text = data[:]
    for old, new in pairs:
        text = text.replace(old, new)
    temporary = f"{path}.autoenv-hpc"
    with open(temporary, "wb") as copy:
        copy.write(text)
    os.chmod(temporary, status.st_mode & 0o7777)
    os.utime(
        temporary, ns=(status.st_atime_ns, status.st_mtime_ns)
    )  # compiled files contain this time
    os.rename(temporary, path)
