"""The removal of what builds leave behind."""

import contextlib
import glob
import os
import shutil
import stat
from typing import NamedTuple

from autoenv_hpc.errors import VenvError
from autoenv_hpc.venvs import record, relocation


class Identity(NamedTuple):
    """Which folder it is, whatever is at its path later."""

    device: int
    inode: int


def identity(path: str) -> Identity:
    """The identity of the folder at a path, or behind the link there.

    :raises OSError: there is none.
    """
    return _identity(os.path.realpath(path))


def tidy(path: str) -> None:
    """Finish or remove what a killed build left next to a path. No link there is followed."""
    new = relocation.sibling_path(path)
    if _is_own_folder(new) and (record.is_own_mark(new) or record.read(new).get("path") == path):
        if not record.exists(path) and not record.is_unfinished(new):
            os.rename(new, path)  # the killed process was about to do this
        else:
            discard(new)
    for folder in (path, new):
        for left in glob.glob(f"{glob.escape(relocation.trash_path(folder, ''))}*"):
            if _is_own_folder(left) and os.path.lexists(os.path.join(left, relocation.TRASH)):
                _remove(left)
            with contextlib.suppress(OSError):  # an empty one is left if only rmdir failed
                os.rmdir(left)
        for left in glob.glob(f"{glob.escape(record.mark_path(folder))}.*"):
            with contextlib.suppress(OSError):
                os.unlink(left)


def discard(path: str, known: Identity | None = None) -> None:
    """Remove an environment that this tool built, or the target of a link to one.

    The folder is moved first, so a process that still writes into it cannot write into its
    successor. The mark of the build is removed last, so a killed removal is noticed.

    :param known: the only folder that may be removed.
    :raises VenvError: another one is at the path now; it stays.
    """
    real = os.path.realpath(path)
    aside = relocation.trash_path(real)
    try:
        if record.mark(path).get("kept"):
            _empty(real)
        else:
            relocation.mark_trash(real)
            os.rename(real, aside)
    except FileNotFoundError:
        pass
    except OSError:  # for example a mount point
        if known in (None, _identity(real)):
            _empty(real)
    else:
        if known and os.path.lexists(aside) and known != _identity(aside):
            os.rename(aside, real)
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(real, relocation.TRASH))
            raise VenvError(f"{path} is no longer the environment that it was, so it stays")
        _remove(aside)
    record.unmark(path)


def _identity(path: str) -> Identity:
    status = os.lstat(path)
    return Identity(status.st_dev, status.st_ino)


def _is_own_folder(path: str) -> bool:
    """Whether it is a real folder of this user, and no link."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()


def _remove(folder: str) -> None:
    """Remove a folder with its mark last, by which the next process knows what is left."""
    with contextlib.suppress(OSError):
        _empty(folder, but=relocation.TRASH)
    shutil.rmtree(folder, ignore_errors=True)  # it refuses a link


def _empty(folder: str, but: str = "") -> None:
    """Remove what is in a folder, which itself stays: it may be a mount point, or the user's."""
    for name in os.listdir(folder):
        if name == but:
            continue
        entry = os.path.join(folder, name)
        if os.path.isdir(entry) and not os.path.islink(entry):
            shutil.rmtree(entry, ignore_errors=True)
        else:
            os.unlink(entry)
