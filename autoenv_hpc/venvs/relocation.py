"""The move of a finished environment to a path of the same length.

Scripts, `pyvenv.cfg`, compiled files and conda's binaries hold the path. One of the same length
can be put in its place byte by byte, whatever the file is.
"""

import base64
import ctypes
import mmap
import os
from collections.abc import Iterable
from contextlib import suppress

from autoenv_hpc.system.digests import blake2b

_EXCHANGE = 2  # RENAME_EXCHANGE (Linux, renameat2(2))
_HERE = -100  # AT_FDCWD


def beside(path: str) -> str:
    """A path in the same folder and of the same length in bytes, always the same for one path."""
    folder, name = os.path.split(path)
    length = len(os.fsencode(name))
    key = blake2b(os.fsencode(path), digest_size=20).digest()
    text = base64.b32encode(key).decode().lower() * (1 + length // 32)
    new = f".{text}"[:length] if length > 2 else text[:length]  # noqa: PLR2004 - not `.` nor `..`
    return os.path.join(folder, new)


def relocate(folder: str, old: str, new: str) -> None:
    """Make an environment that was built at one path work at another of the same length.

    :param folder: where it is now.
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
    """Exchange two folders: at once where the file system can, else by three renames."""
    with suppress(AttributeError):
        words = (_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE)
        if ctypes.CDLL(None, use_errno=True).renameat2(*words) == 0:
            return
    aside = trash(one)
    os.rename(one, aside)
    os.rename(other, one)
    os.rename(aside, other)


def trash(path: str) -> str:
    """Where a folder is moved before it is removed."""
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
    """Replace the file if it holds the path; it may be a hard link into a cache of packages."""
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
    os.utime(temporary, ns=(status.st_atime_ns, status.st_mtime_ns))  # compiled files hold the time
    os.rename(temporary, path)
