"""The removal of files and folders, never through a name that another user can exchange."""

import contextlib
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from typing import NamedTuple


class Identity(NamedTuple):
    """What a folder is, whatever its name becomes."""

    device: int
    inode: int


def identity(folder: str, *, parent: int | None = None) -> Identity | None:
    """The identity of a real folder of this user; None for a link, or what others own.

    :param parent: a descriptor of the folder in which a bare name is looked up.
    """
    try:
        status = os.stat(folder, dir_fd=parent, follow_symlinks=False)
    except OSError:
        return None
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        return None
    return Identity(status.st_dev, status.st_ino)


def remove_files(folder: str, is_ours: Callable[["os.DirEntry[str]"], bool]) -> None:
    """Remove those files of a folder that are ours; links, folders and other files stay.

    :raises OSError: the folder or a file cannot be reached.
    """
    with opened(folder) as descriptor, os.scandir(descriptor) as entries:
        for entry in entries:
            if entry.is_file(follow_symlinks=False) and is_ours(entry):
                with contextlib.suppress(FileNotFoundError):  # another process was faster
                    os.unlink(entry.name, dir_fd=descriptor)


def clear_folder(folder: str, is_ours: Callable[["os.DirEntry[str]"], bool]) -> None:
    """Remove those files of a folder that are ours, and the folder too if nothing else is in it.

    :raises OSError: the folder or a file cannot be reached.
    """
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        remove_files(folder, is_ours)
        with contextlib.suppress(OSError):
            os.rmdir(folder)


def remove_tree(parent: int, name: str, last: str) -> None:
    """Remove a real folder with its content, as far as possible.

    :param parent: a descriptor of the folder that contains it.
    :param last: the file that is removed last, and so marks what a killed removal has left.
    """
    with contextlib.suppress(OSError):
        with opened(name, parent=parent) as descriptor:
            for entry in os.listdir(descriptor):
                if entry == last:
                    continue
                if identity(entry, parent=descriptor):
                    shutil.rmtree(entry, ignore_errors=True, dir_fd=descriptor)
                else:
                    with contextlib.suppress(OSError):
                        os.unlink(entry, dir_fd=descriptor)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(last, dir_fd=descriptor)
        os.rmdir(name, dir_fd=parent)


@contextlib.contextmanager
def opened(folder: str, *, parent: int | None = None) -> Iterator[int]:
    """A descriptor of a folder. The last part of the path must not be a link.

    :raises OSError: it cannot be opened, or is no folder.
    """
    how = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(folder, how, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
