"""Stamps: empty files with the modification times of other files, for shells to compare with.

    CACHE/stamps/1795518565123456789   its own time of modification is that very number
    CACHE/stamps/seal                  the time that stored activations carry

A shell notices that a file has changed by comparing it with the stamp of the time that the file
had: it must be neither newer nor older. Stamps never change, so all activations share them.
"""

import os
from collections.abc import Iterable

from autoenv_hpc.system.folders import make_private

SEAL = 10**18  # ns since the epoch; only the owner of a file can give it this time


def folder(cache: str) -> str:
    """The folder of the stamps."""
    return os.path.join(cache, "stamps")


def make_stamps(cache: str, moments: Iterable[int | None]) -> None:
    """Make the stamps of these moments, and the seal, where they are missing.

    :param moments: ns since the epoch; None needs no stamp.
    :raises Exposed: others may write to the cache.
    :raises OSError: it cannot be written.
    """
    where = folder(cache)
    make_private(cache)
    make_private(where)
    _make(where, "seal", SEAL)
    _make(where, "fine", SEAL + 1)  # newer, in a shell that compares fractions of a second
    for moment in {moment for moment in moments if moment is not None}:
        _make(where, str(moment), moment)


def _make(where: str, name: str, moment: int) -> None:
    path = os.path.join(where, name)
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
