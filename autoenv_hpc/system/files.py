"""Files that other users could have made, read with a bound in kind and size."""

import errno
import os
import stat
from typing import BinaryIO

LARGEST = 1 << 20  # bytes; configurations, requirements and records are far smaller
_LARGEST_RECORD = 1 << 26  # bytes; a load with hundreds of modules is a large record
_UNSAFE = stat.S_IWGRP | stat.S_IWOTH


class Exposed(PermissionError):  # noqa: N818 - named after the file's state
    """Another user could have made or written a file or folder."""


def read(path: str, largest: int = LARGEST) -> bytes:
    """The content of a regular file, whoever owns it.

    A FIFO or a device is not waited for, and a large file is not read.

    :raises OSError: it cannot be read, is no regular file, or is larger than `largest` bytes.
    """
    return _content(path, largest, own=False)


def read_own(path: str, largest: int = _LARGEST_RECORD) -> bytes:
    """The content of a regular file that only this user can have written.

    :raises Exposed: another user could have written it.
    :raises OSError: as from `read`.
    """
    return _content(path, largest, own=True)


def fault(status: os.stat_result) -> str | None:
    """Why another user could write to a file or folder with this status; None if nobody could."""
    if status.st_uid != os.getuid():
        return "it belongs to another user"
    if status.st_mode & _UNSAFE:
        return "other users can write to it (run `chmod go-w` on it)"
    return None


def read_head(path: str, size: int) -> bytes:
    """The first bytes of a regular file, which may be of any size.

    :raises OSError: it cannot be read, or is no regular file.
    """
    with _opened(path) as file:
        return file.read(size)


def _content(path: str, largest: int, *, own: bool) -> bytes:
    with _opened(path) as file:
        status = os.fstat(file.fileno())
        why = fault(status) if own else None
        if own and not why and status.st_nlink > 1:
            why = "it has a second name, by which others may have written it"
        if why:
            raise Exposed(errno.EPERM, why, path)
        data = b"" if status.st_size > largest else file.read(largest + 1)
        if max(status.st_size, len(data)) > largest:
            raise OSError(errno.EFBIG, f"it is larger than {largest >> 20} MiB", path)
        return data


def _opened(path: str) -> BinaryIO:
    """A regular file, open for reading. Neither a FIFO nor a device is waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file", path)
    return os.fdopen(descriptor, "rb")
