"""The lock of an environment across all nodes."""

import contextlib
import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from autoenv_hpc.errors import VenvError
from autoenv_hpc.system import files
from autoenv_hpc.venvs import record
from autoenv_hpc.venvs.types import Progress

if TYPE_CHECKING:
    from filelock import SoftFileLease

_LEASE = 30.0  # seconds without a heartbeat; then another process takes over
_POLL = 0.2
_UNWRITTEN = 2.0  # seconds for which a lock may be empty
_LOOKS = 3  # at the file, which a process that takes over puts aside for a moment


class Lost(VenvError):  # noqa: N818 - named after what happened to the lock
    """Another process took over the lock while this one was stopped."""


class Hold:
    """The lock while this process holds it, or believes so."""

    def __init__(self, path: str, token: str | None, progress: Progress) -> None:
        self.progress = progress  # the receiver of what the holder reports
        self._path = path
        self._token = f"token={token}\n".encode()

    def is_lost(self) -> bool:
        """Whether another process has taken over: it may, once the heartbeat stops."""
        for _ in range(_LOOKS):
            try:
                return self._token not in files.read(_file(self._path))
            except FileNotFoundError:
                time.sleep(_POLL)
            except OSError:  # the file system does not answer
                return False
        return True

    def check(self) -> None:
        """Check that nobody has taken over.

        :raises Lost: another process has, so everything at the path belongs to it.
        """
        if self.is_lost():
            raise Lost(
                f"{self._path}: another process took over the build while this one was stopped"
                " (run the command again)"
            )


@contextlib.contextmanager
def hold(path: str, progress: Progress) -> Iterator[Hold]:
    """Hold the lock of this path; wait while another process holds it.

    The lock is a file with a heartbeat, because `flock` does not work on every NFS and Lustre. It
    lies next to the environment, where every process that may build it sees the file.

    :raises VenvError: the folder is not writable.
    """
    try:
        os.makedirs(os.path.dirname(_file(path)), exist_ok=True)
        lease = _lease(path)
        try:
            lease.acquire(timeout=0)
        except TimeoutError:
            if not _drop_unwritten(path):
                progress(f"waiting for {record.builder(path)}, which builds {path}")
            _wait(lease, path)
    except OSError as error:
        from autoenv_hpc.venvs import installers  # noqa: PLC0415 - only a failure needs it

        reason = installers.explanation([f"{error.strerror or error}"], 1)
        reason += "" if reason.endswith(")") else " (set path in [venv])"
        raise VenvError(f"cannot build {path}: {reason}") from error
    try:
        yield Hold(path, lease.token, progress)
    finally:
        with contextlib.suppress(OSError):
            lease.release()


def _wait(lease: "SoftFileLease", path: str) -> None:
    while True:
        try:
            lease.acquire(timeout=_LEASE)
        except TimeoutError:
            _drop_unwritten(path)
        else:
            return


def _drop_unwritten(path: str) -> bool:
    """Remove a lock that stays empty: its maker was killed just then, or the disk was full.

    It is put aside first. If it is another one by then, which is written, it comes back.
    """
    file = _file(path)
    aside = f"{file}.{os.getpid()}"
    with contextlib.suppress(OSError):
        before = os.lstat(file)
        if before.st_size:
            return False
        time.sleep(_UNWRITTEN)
        now = os.lstat(file)
        if now.st_size or (now.st_ino, now.st_mtime_ns) != (before.st_ino, before.st_mtime_ns):
            return False
        os.rename(file, aside)
        if not os.lstat(aside).st_size:
            os.unlink(aside)
            return True
        os.rename(aside, file)
    return False


def tidy(path: str) -> None:
    """Remove the lock of a process that was killed after its build."""
    if os.path.lexists(_file(path)):
        with contextlib.suppress(OSError):
            lease = _lease(path)
            lease.acquire(timeout=0)
            lease.release()


def _lease(path: str) -> "SoftFileLease":
    from filelock import SoftFileLease  # noqa: PLC0415 - only a build needs it

    return SoftFileLease(_file(path), lease_duration=_LEASE, poll_interval=_POLL)


def _file(path: str) -> str:
    folder, name = os.path.split(os.path.realpath(path))  # one lock, however one gets there
    return os.path.join(folder, f".{name}.autoenv-hpc.lock")
