"""The removal of files of our own, never through a name that another user can exchange."""

import contextlib
import os
from collections.abc import Callable, Iterator


def remove_files(folder: str, is_ours: Callable[["os.DirEntry[str]"], bool]) -> None:
    """Remove those files of a folder that are ours; links, folders and other files stay.

    :raises OSError: the folder or a file cannot be reached.
    """
    with _opened(folder) as descriptor, os.scandir(descriptor) as entries:
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


@contextlib.contextmanager
def _opened(folder: str) -> Iterator[int]:
    """A descriptor of a folder. The last part of the path must not be a link.

    :raises OSError: it cannot be opened, or is no folder.
    """
    how = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(folder, how)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
