"""The user's own folders, closed to other users."""

import os
import stat
from typing import NamedTuple

from autoenv_hpc.environment import Env


class Exposed(PermissionError):  # noqa: N818 - named after the folder's state
    """Another user can write to a file or folder."""


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
    """Create a folder that only the user can enter.

    :raises Exposed: others own it or may write to it.
    :raises OSError: it cannot be created.
    """
    os.makedirs(folder, mode=0o700, exist_ok=True)
    fault = exposed(folder)
    if fault:
        raise Exposed(0, fault, folder)


def exposed(path: str) -> str | None:
    """Why another user could have written to a file or folder; None if nobody could."""
    status = os.stat(path)
    if status.st_uid != os.getuid():
        return "it belongs to another user"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "other users can write to it (run `chmod go-w` on it)"
    return None


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
