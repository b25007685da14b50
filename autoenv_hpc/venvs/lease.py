"""The lock under which an environment is changed, on this node and on all others."""

import contextlib
import os
from collections.abc import Iterator

from autoenv_hpc.errors import VenvError
from autoenv_hpc.venvs import Progress, children, record

_LEASE = 30.0  # seconds without a sign of life after which another may take over
_POLL = 0.2


@contextlib.contextmanager
def held(path: str, progress: Progress) -> Iterator[None]:
    """Hold the lock of this path.

    A lease with a heartbeat, in a file: `flock` alone is not enough on NFS and Lustre. It is
    named beside the environment, so that all who could build there see it.

    :raises VenvError: nothing can be written there.
    """
    from filelock import SoftFileLease, Timeout  # noqa: PLC0415 - only a build needs it

    folder, name = os.path.split(path)
    try:
        os.makedirs(folder, exist_ok=True)
        lease = SoftFileLease(
            os.path.join(folder, f".{name}.autoenv-hpc.lock"),
            lease_duration=_LEASE,
            poll_interval=_POLL,
        )
        try:
            lease.acquire(timeout=0)
        except Timeout:
            progress(f"waiting for {record.builder(path)}, which builds {path}")
            lease.acquire()
    except OSError as error:
        said = children.explained([f"{error.strerror or error}"], 1)
        raise VenvError(f"cannot build {path}: {said}") from error
    try:
        yield
    finally:
        lease.release()
