"""The lock of an environment across all nodes."""

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from autoenv_hpc.errors import VenvError
from autoenv_hpc.venvs import record
from autoenv_hpc.venvs.types import Progress

if TYPE_CHECKING:
    from filelock import SoftFileLease

_LEASE = 30.0  # seconds without a heartbeat; then another process takes over
_POLL = 0.2


@contextlib.contextmanager
def hold(path: str, progress: Progress) -> Iterator[None]:
    """Hold the lock of this path; wait while another process holds it.

    The lock is a file with a heartbeat, because `flock` does not work on every NFS and Lustre. It
    lies next to the environment, where every process that may build it sees the file.

    :raises VenvError: the folder is not writable.
    """
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        lease = _lease(path)
        try:
            lease.acquire(timeout=0)
        except TimeoutError:
            progress(f"waiting for {record.builder(path)}, which builds {path}")
            lease.acquire()
    except OSError as error:
        from autoenv_hpc.venvs import installers  # noqa: PLC0415 - only a failure needs it

        reason = installers.explanation([f"{error.strerror or error}"], 1)
        raise VenvError(f"cannot build {path}: {reason}") from error
    try:
        yield
    finally:
        lease.release()


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
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.autoenv-hpc.lock")
