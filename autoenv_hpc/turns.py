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

_SILENCE = 2  # seconds of waiting without a word
_PATIENCE = 60  # seconds until we do it ourselves: the other may have been stopped


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
            try:
                yield False
            finally:
                with contextlib.suppress(OSError):
                    os.unlink(path)  # who comes from now on need not wait for those who do
        else:
            yield _waited(file, report)
    finally:
        os.close(file)


def _at_once(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks, or full
        return True
    return True


def _waited(file: int, report: Report) -> bool:
    """Wait for the end of the other's turn; False if that takes too long."""

    def tell(_signal: int, _frame: object) -> None:
        process = os.pread(file, 20, 0).decode().strip()
        report.progress(f"waiting for process {process}, which enters the same project")
        signal.signal(signal.SIGALRM, give_up)
        signal.alarm(_PATIENCE)

    def give_up(_signal: int, _frame: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, tell)
    signal.alarm(_SILENCE)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError:
        return False
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    return True
