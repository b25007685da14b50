"""Stamps, empty files with the modification times of other files.

    CACHE/stamps/1795518565123456789   its modification time is its name, in ns since the epoch
    CACHE/stamps/seal                  its modification time is that of all stored activations
    CACHE/stamps/fine                  its modification time is 1 ns later, as only some shells see

A shell compares a file with the stamp that has the file's former modification time. An unchanged
file is neither newer nor older. Stamps never change, so all activations share them.
"""

import os
from collections.abc import Iterable

from autoenv_hpc.system.folders import make_private

SEAL = 10**18  # ns since the epoch; only the owner of a file can give it this time


def folder(cache: str) -> str:
    """The folder of the stamps.

    :param cache: the user's cache folder (`Folders.cache`).
    """
    return os.path.join(cache, "stamps")


def make_stamps(cache: str, moments: Iterable[int | None]) -> None:
    """Make the stamps for these times, the seal and its neighbour, where they are missing.

    :param moments: ns since the epoch; None needs no stamp.
    :raises Exposed: another user can write to the cache.
    :raises OSError: the cache is not writable.
    """
    stamp_folder = folder(cache)
    make_private(cache)
    make_private(stamp_folder)
    _make(stamp_folder, "seal", SEAL)
    _make(stamp_folder, "fine", SEAL + 1)  # newer, in a shell that compares fractions of a second
    for moment in {moment for moment in moments if moment is not None}:
        _make(stamp_folder, str(moment), moment)


def _make(stamp_folder: str, name: str, moment: int) -> None:
    path = os.path.join(stamp_folder, name)
    try:
        if os.stat(path).st_mtime_ns == moment:
            return
    except FileNotFoundError:
        pass
    temporary = f"{path}.{os.getpid()}"
    with open(temporary, "wb"):
        pass
    os.utime(temporary, ns=(moment, moment))
    os.rename(temporary, path)
