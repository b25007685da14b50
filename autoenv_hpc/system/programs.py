"""A run of a program to its end.

`subprocess` and `tempfile` take as long to import as the rest of the start, so this module replaces
them on the way into a project. A build, which takes longer anyway, uses them.
"""

import contextlib
import os
import signal
from collections.abc import Iterator
from typing import NamedTuple

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import Problem


class Outcome(NamedTuple):
    """How a program ended; bytes that are not UTF-8 become lone surrogates."""

    status: int  # as in a shell: 128 plus the signal if a signal killed it
    stdout: str
    stderr: str


@contextlib.contextmanager
def scratch_folder() -> Iterator[str]:
    """A folder that only the user can enter; it is removed with its files at the end.

    :raises Problem: no folder for temporary files is writable.
    """
    name = f"autoenv-hpc-{os.urandom(8).hex()}"
    folder = ""
    for base in (os.environ.get("TMPDIR", ""), "/tmp", "/var/tmp"):  # noqa: S108 - the name is random
        folder = os.path.join(base, name)
        if base.startswith("/"):
            with contextlib.suppress(OSError):
                os.mkdir(folder, 0o700)
                break
    else:
        raise Problem("cannot write to /tmp (set TMPDIR to a folder for temporary files)")
    try:
        yield folder
    finally:
        with contextlib.suppress(OSError):
            for file in os.listdir(folder):
                os.unlink(os.path.join(folder, file))
            os.rmdir(folder)


def run(command: list[str], env: Env, folder: str, timeout: int) -> Outcome:
    """Run a program to its end, without input.

    It gets its own session, so that it never stops to wait for the terminal. Its output goes to
    files, since a process that it starts in the background would keep a pipe open.

    :param command: an absolute path, and arguments.
    :param folder: holds its output during the run.
    :param timeout: seconds until it is killed, together with all that it started.
    :raises OSError: it cannot be run.
    :raises TimeoutError: it takes too long.
    """
    out, errors = os.path.join(folder, "stdout"), os.path.join(folder, "stderr")
    new = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    actions = [
        (os.POSIX_SPAWN_OPEN, stream, path, how, 0o600)
        for stream, path, how in ((0, "/dev/null", os.O_RDONLY), (1, out, new), (2, errors, new))
    ]
    restored = (signal.SIGPIPE, signal.SIGXFSZ)  # Python ignores them
    try:
        pid = os.posix_spawn(
            command[0], command, env, file_actions=actions, setsigdef=restored, setsid=True
        )
    except NotImplementedError:  # glibc before 2.26
        pid = os.posix_spawn(
            command[0], command, env, file_actions=actions, setsigdef=restored, setpgroup=0
        )
    before = signal.signal(signal.SIGALRM, _raise_timeout)
    signal.alarm(timeout)
    try:
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except BaseException:
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    return Outcome(128 - status if status < 0 else status, content(out), content(errors))


def content(path: str) -> str:
    """The content of a file.

    :raises OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        return os.fsdecode(file.read())


def _raise_timeout(_signal: int, _frame: object) -> None:
    raise TimeoutError
