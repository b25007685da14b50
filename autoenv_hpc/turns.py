"""Turns: of many that want the same on one node at once, one works and the others wait.

Hundreds of ranks or array tasks that meet nothing stored would each start the module tool. One
does, and stores the result; the others sleep in the kernel, which ends a turn however its process
ends. Between nodes nobody waits here: there the lease of an environment decides.
"""

import contextlib
import fcntl
import os
import signal
from collections.abc import Iterator

from autoenv_hpc import folders
from autoenv_hpc.digests import blake2b
from autoenv_hpc.environment import Env
from autoenv_hpc.report import Report

_PATIENCE = 2  # seconds of waiting without a word


@contextlib.contextmanager
def taken(about: object, environ: Env, report: Report) -> Iterator[bool]:
    """Take the turn for something, as soon as nobody else of this user has it.

    Where the node has no memory for it, everybody has a turn at once.

    :param about: what is worked on; its `repr` tells it from other things.
    :returns: whether somebody else had it first, who may have done the work for us.
    """
    for folder in folders.of_node(environ):
        name = blake2b(os.fsencode(repr(about)), digest_size=12).hexdigest()
        path = f"{folder}/autoenv-hpc.{os.getuid()}.turn.{name}"
        with contextlib.suppress(OSError):
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            break
    else:
        yield False
        return
    try:
        if os.fstat(file).st_uid != os.getuid():
            yield False
        elif _at_once(file):
            os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
            try:
                yield False
            finally:
                os.unlink(path)  # who comes from now on need not wait for those who do
        else:
            _wait(file, report)
            yield True
    finally:
        os.close(file)


def _at_once(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(file: int, report: Report) -> None:
    def tell(_signal: int, _frame: object) -> None:
        process = os.pread(file, 20, 0).decode().strip()
        report.progress(f"waiting for process {process}, which enters the same project")

    before = signal.signal(signal.SIGALRM, tell)
    signal.alarm(_PATIENCE)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
