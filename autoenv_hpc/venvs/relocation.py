"""The move of a finished environment to a path of the same length.

Scripts, `pyvenv.cfg`, compiled files and conda's binaries contain the path. A path of the same
length can replace it byte by byte in any kind of file.
"""

import base64
import ctypes
import mmap
import os
import re
import urllib.parse
from collections.abc import Callable, Iterable
from contextlib import suppress

from autoenv_hpc.system.digests import blake2b

TRASH = ".autoenv-hpc-removed"  # in a folder that is moved away to be removed
_EXCHANGE = 2  # RENAME_EXCHANGE (Linux, renameat2(2))
_WORKING_DIRECTORY = -100  # AT_FDCWD
_ASCII = 128
# How scripts and other files write a path: as it is, or for a shell, JSON, Python or a URL.
_SPELLINGS: tuple[Callable[[str], str], ...] = (
    str,
    lambda path: path.replace("'", """'"'"'"""),
    lambda path: path.replace("'", "'\\''"),
    lambda path: re.sub(r'([\\"$`])', r"\\\1", path),
    lambda path: re.sub(r"([\\'])", r"\\\1", path),
    lambda path: urllib.parse.quote(path, errors="surrogateescape"),
)


def sibling_path(path: str) -> str:
    """The path next to this one, of the same length in bytes, for a new build.

    What a shell would quote stays in its place, so that a quoted path has the same length too.
    """
    folder, name = os.path.split(path)
    data = os.fsencode(name)
    key = blake2b(os.fsencode(path), digest_size=20).digest()
    text = base64.b32encode(key).decode().lower() * (1 + len(data) // 32)
    new = "".join(
        chr(byte) if byte < _ASCII and not chr(byte).isalnum() else letter
        for byte, letter in zip(data, text, strict=False)
    )
    if len(data) > 2:  # noqa: PLR2004 - not `.` nor `..`
        new = f".{new[1:]}"
    return os.path.join(folder, text[: len(data)] if new == name else new)


def relocate(folder: str, old: str, new: str) -> None:
    """Replace the path of an environment in all its files with one of the same length.

    :param folder: the present place of the environment.
    :raises OSError: a file cannot be read or replaced.
    """
    pairs = {(old, new), (_resolved(old), _resolved(new))}  # virtualenv resolves the folder
    assert all(len(os.fsencode(a)) == len(os.fsencode(b)) for a, b in pairs)
    spellings = sorted(
        {(os.fsencode(spell(a)), os.fsencode(spell(b))) for a, b in pairs for spell in _SPELLINGS}
    )
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = os.path.join(place, name)
            if os.path.islink(path):
                _relink(path, pairs)
            elif name in files:
                _rewrite(path, spellings)


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
    mark_trash(one)
    os.rename(one, aside)
    os.rename(other, one)
    os.rename(aside, other)


def mark_trash(folder: str) -> None:
    """Mark a folder that is about to be moved away; whoever comes next may remove it."""
    with suppress(OSError):
        os.close(os.open(os.path.join(folder, TRASH), os.O_CREAT | os.O_NOFOLLOW, 0o600))


def trash_path(path: str, key: str | None = None) -> str:
    """An unused path to which a folder is moved before its removal.

    :param key: the end of its name, else a random one, which nobody can occupy.
    """
    folder, name = os.path.split(path)
    end = os.urandom(6).hex() if key is None else key
    return os.path.join(folder, f".{name}.autoenv-hpc.trash.{end}")


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
        if len(old) == len(new) or b"\0" not in text:  # a program keeps the places of its data
            text = text.replace(old, new)
    temporary = f"{path}.autoenv-hpc"
    with open(temporary, "wb") as copy:
        copy.write(text)
    os.chmod(temporary, status.st_mode & 0o7777)
    os.utime(
        temporary, ns=(status.st_atime_ns, status.st_mtime_ns)
    )  # compiled files contain this time
    os.rename(temporary, path)
