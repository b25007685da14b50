"""Stamps, empty files with the modification times of other files.

    CACHE/stamps/1795518565123456789   its modification time is its name, in ns since the epoch
    CACHE/stamps/seal                  its modification time is that of all stored activations
    CACHE/stamps/fine                  its modification time is 1 ns later, as only some shells see
    CACHE/stamps/5f2b….texts           contents of files of which a time alone is no proof

A shell compares a file with the stamp that has the file's former modification time. An unchanged
file is neither newer nor older. Neither stamps nor the contents beside them ever change, so all
activations share them. Now and then, those that no activation names any more are removed, except
for the latest, which shells may watch.
"""

import contextlib
import os
import re
import stat
from collections.abc import Iterable, Mapping

from autoenv_hpc.system import files
from autoenv_hpc.system.folders import make_private, write_atomically
from autoenv_hpc.system.removal import clear_folder, remove_files

SEAL = 10**18  # ns since the epoch; only the owner of a file can give it this time
_TEXTS = r"[0-9a-f]{32}\.texts"
_OURS = re.compile(rf"(\d+|seal|fine)(\.\d+)?|{_TEXTS}(\.\d+\.[0-9a-f]{{8}})?")
_NAME = re.compile(_TEXTS.encode() + rb"|\d{9,}")  # earlier times are too few to count
_KEPT = 64  # files that no activation names


def folder(cache: str) -> str:
    """The folder of the stamps.

    :param cache: the user's cache folder (`Folders.cache`).
    """
    return os.path.join(cache, "stamps")


def make_stamps(
    cache: str, moments: Iterable[int | None], contents: Mapping[str, bytes] = {}
) -> bool:
    """Make the stamps for these times, the seal and its neighbour, where they are missing.

    :param moments: ns since the epoch; None needs no stamp.
    :param contents: the files to have beside them, by name: `Dialect.beside`.
    :returns: whether it is time for `prune`: with each 64th file.
    :raises Exposed: another user can write to the cache.
    :raises OSError: the cache is not writable.
    """
    stamp_folder = folder(cache)
    make_private(stamp_folder)
    _make(stamp_folder, "seal", SEAL)
    _make(stamp_folder, "fine", SEAL + 1)  # newer, in a shell that compares fractions of a second
    wanted = {moment for moment in moments if moment is not None}
    made = sum(_make(stamp_folder, str(moment), moment) for moment in wanted)
    made += sum(_put(os.path.join(stamp_folder, name), data) for name, data in contents.items())
    count = len(os.listdir(stamp_folder)) if made else 0
    return count >= 2 * _KEPT and count // _KEPT > (count - made) // _KEPT


def prune(cache: str, texts: Iterable[bytes]) -> None:
    """Remove the files that no activation names, but for the 64 that were made last.

    :param texts: the stored activations.
    """
    named = {os.fsdecode(name) for text in texts for name in _NAME.findall(text)}
    with contextlib.suppress(OSError):
        with os.scandir(folder(cache)) as entries:
            others = [entry for entry in entries if _is_ours(entry) and entry.name not in named]
        dated = [entry for entry in others if _NAME.fullmatch(os.fsencode(entry.name))]
        dated.sort(key=lambda entry: entry.stat(follow_symlinks=False).st_ctime_ns)
        gone = {entry.name for entry in dated[:-_KEPT]}
        remove_files(folder(cache), lambda entry: entry.name in gone)


def clear(cache: str) -> None:
    """Remove all stamps. Other files in the same folder stay.

    :raises OSError: a stamp cannot be removed.
    """
    clear_folder(folder(cache), _is_ours)


def _is_ours(entry: "os.DirEntry[str]") -> bool:
    is_named = _OURS.fullmatch(entry.name) is not None
    return is_named and (".texts" in entry.name or not entry.stat().st_size)


def _put(path: str, data: bytes) -> bool:
    """Write a file, if it is missing or damaged; return whether it was."""
    with contextlib.suppress(OSError):
        if files.read(path) == data:
            return False
    write_atomically(path, data, lasting=False)
    return True


def _make(stamp_folder: str, name: str, moment: int) -> bool:
    """Make a stamp, if it is missing; return whether it was."""
    path = os.path.join(stamp_folder, name)
    with contextlib.suppress(OSError):
        status = os.lstat(path)
        if stat.S_ISREG(status.st_mode) and status.st_mtime_ns == moment:
            return False
    temporary = f"{path}.{os.getpid()}"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary)  # of a killed process with the same number
    os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        os.utime(temporary, ns=(moment, moment))
        os.rename(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    return True
