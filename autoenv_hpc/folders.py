"""The user's own folders: where they are, and whether nobody else could have written there."""

import os
import stat

from autoenv_hpc.environment import Env


class Exposed(PermissionError):  # noqa: N818 - what the folder is
    """A file or folder that may hold what somebody else wrote."""


def home(environ: Env) -> str:
    """The home folder: `$HOME`, else what the password database says."""
    if environ.get("HOME"):
        return environ["HOME"]
    import pwd  # noqa: PLC0415 - only a job without HOME asks the password database

    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return "/"


def cache(environ: Env) -> str:
    """Where compiled activations are kept (XDG Base Directory Specification 0.8)."""
    return environ.get("AUTOENV_HPC_CACHE_DIR") or _xdg(environ, "XDG_CACHE_HOME", ".cache")


def state(environ: Env) -> str:
    """Where it is kept what the user allowed (XDG Base Directory Specification 0.8)."""
    return environ.get("AUTOENV_HPC_STATE_DIR") or _xdg(environ, "XDG_STATE_HOME", ".local/state")


def config(environ: Env) -> str:
    """Where the user's own `config.toml` is (XDG Base Directory Specification 0.8)."""
    return _xdg(environ, "XDG_CONFIG_HOME", ".config")


def of_node(environ: Env) -> tuple[str, ...]:
    """Where a node keeps for itself what lasts as long as a job: memory first."""
    return ("/dev/shm", environ.get("TMPDIR") or "/tmp")  # noqa: S108 - the owner is checked


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
    """Why a file or folder may hold what somebody else wrote; None: only the user could."""
    status = os.stat(path)
    if status.st_uid != os.getuid():
        return "it belongs to another user"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "others may write to it (chmod go-w mends that)"
    return None


def write_atomically(path: str, data: bytes, mode: int = 0o600, *, lasting: bool = True) -> None:
    """Write a file so that a reader sees the old content or the whole new one.

    :param lasting: also after a crash of the machine, for which the disk is waited for.
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


def _xdg(environ: Env, variable: str, default: str) -> str:
    base = environ.get(variable, "")
    if not os.path.isabs(base):  # "all paths must be absolute; otherwise ignore it"
        base = os.path.join(home(environ), default)
    return os.path.join(base, "autoenv-hpc")
