"""The user's own folders, closed to other users."""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from typing import NamedTuple

from autoenv_hpc.environment import Env
from autoenv_hpc.system.files import Exposed, fault

_MOST_LINKS = 40  # on the way to a file, as in Linux (path_resolution(7))


class Folders(NamedTuple):
    """The folders of one user (XDG Base Directory Specification 0.8)."""

    home: str
    cache: str  # what can be made again: activations, records
    state: str  # the user's decisions, the list of environments
    config: str  # the user's own `config.toml`
    node: tuple[str, ...]  # the node's own, which last as long as a job; memory first

    @classmethod
    def of(cls, environ: Env) -> "Folders":
        """The folders that the environment names, or the defaults below the home folder."""
        own = environ.get("HOME") or _home_by_the_password_database()
        cache = environ.get("AUTOENV_HPC_CACHE_DIR")
        state = environ.get("AUTOENV_HPC_STATE_DIR")
        return cls(
            home=own,
            cache=cache or _xdg(environ, "XDG_CACHE_HOME", own, ".cache"),
            state=state or _xdg(environ, "XDG_STATE_HOME", own, ".local/state"),
            config=_xdg(environ, "XDG_CONFIG_HOME", own, ".config"),
            node=("/dev/shm", environ.get("TMPDIR") or "/tmp"),  # noqa: S108 - the owner is checked
        )


def make_private(folder: str) -> None:
    """Create a folder that only the user can enter, and those above it that do not exist.

    :raises Exposed: others own it, or could put another folder in its place.
    :raises OSError: it cannot be created.
    """
    why = replaceable(folder)
    if why:
        raise Exposed(errno.EPERM, why, folder)
    missing, path = [], os.path.abspath(folder)
    while not os.path.lexists(path):
        missing.append(path)
        path = os.path.dirname(path)
    for path in reversed(missing):
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o700)
    why = exposed(folder)
    if why:
        raise Exposed(errno.EPERM, why, folder)


def exposed(folder: str) -> str | None:
    """Why another user could have made what is in a folder; None if nobody could.

    The folders on the way count too: whoever can rename an entry there can exchange the folder.

    :raises OSError: it cannot be looked at, or is no folder.
    """
    status = os.stat(folder)
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), folder)
    return fault(status) or replaceable(folder)


def replaceable(path: str) -> str | None:
    """Why another user could exchange or remove a file or folder; None if nobody could.

    It need not exist; then the folders that do are looked at.

    :raises OSError: it cannot be looked at.
    """
    trusted = {0, os.getuid(), os.lstat("/").st_uid}  # in a container, `/` may not be root's
    with contextlib.suppress(FileNotFoundError):
        for place, status in _way(path):
            if status.st_uid not in trusted:
                return f"{place} belongs to another user"
            is_sticky = stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX
            if can_others_write(status) and not is_sticky:
                return f"other users can write to {place} (run `chmod go-w` on it)"
    return None


def can_others_write(status: os.stat_result) -> bool:
    """Whether other users can write to a file or folder. A group with no other member is none."""
    if stat.S_ISLNK(status.st_mode):
        return False
    if status.st_mode & stat.S_IWOTH:
        return True
    return bool(status.st_mode & stat.S_IWGRP) and not _is_alone_in(status.st_gid)


def _is_alone_in(gid: int) -> bool:
    """Whether the user is the only member of a group, as where each user has a group of its own."""
    import grp  # noqa: PLC0415 - only where a group may write
    import pwd  # noqa: PLC0415 - only where a group may write

    try:
        group, user = grp.getgrgid(gid), pwd.getpwuid(os.getuid())
    except KeyError:
        return False
    if {*group.gr_mem} - {user.pw_name}:
        return False
    if group.gr_name == user.pw_name:
        return True
    primary = {entry.pw_name for entry in pwd.getpwall() if entry.pw_gid == gid}
    return {*group.gr_mem, *primary} == {user.pw_name}


def _way(path: str) -> Iterator[tuple[str, os.stat_result]]:
    """Each folder and link that the kernel passes on the way to a path."""
    parts = path.split("/")[::-1]
    place, links = "/", 0
    yield place, os.lstat(place)
    while parts:
        part = parts.pop()
        if part == "..":
            place = os.path.dirname(place)
        elif part not in ("", "."):
            entry = os.path.join(place, part)
            status = os.lstat(entry)
            yield entry, status
            if not stat.S_ISLNK(status.st_mode):
                place = entry
                continue
            links += 1
            if links > _MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
            target = os.readlink(entry)
            place = "/" if target.startswith("/") else place
            parts += target.split("/")[::-1]


def write_atomically(path: str, data: bytes, mode: int = 0o600, *, lasting: bool = True) -> None:
    """Write a file so that each reader sees either the old content or the new one.

    :param lasting: wait for the disk, so that the file also survives a crash of the machine.
    """
    temporary = f"{path}.{os.getpid()}.{os.urandom(4).hex()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            if lasting:
                file.flush()
                os.fsync(descriptor)
        os.rename(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _home_by_the_password_database() -> str:
    import pwd  # noqa: PLC0415 - only a job without HOME asks the password database

    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return "/"


def _xdg(environ: Env, variable: str, home: str, default: str) -> str:
    base = environ.get(variable, "")
    if not os.path.isabs(base):  # "all paths must be absolute; otherwise ignore it"
        base = os.path.join(home, default)
    return os.path.join(base, "autoenv-hpc")
