"""Programs run to their end on the way into a project, with what they write read back.

`subprocess` and `tempfile` take as long to import as the rest of the start; this is what is needed
of them there. A build, which takes longer anyway, uses them.
"""

import contextlib
import os
import signal
from collections.abc import Iterator
from typing import NamedTuple

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import Problem


class Outcome(NamedTuple):
    """How a program ended; bytes that are not UTF-8 stand as lone surrogates."""

    status: int  # as a shell tells it: 128 and the signal for a program that was killed
    stdout: str
    stderr: str


@contextlib.contextmanager
def scratch_folder() -> Iterator[str]:
    """A folder that only the user can enter, and that is gone afterwards with the files in it.

    :raises Problem: there is no place for one.
    """
    name = f"autoenv-hpc-{os.urandom(8).hex()}"
    folder = ""
    for base in (os.environ.get("TMPDIR", ""), "/tmp", "/var/tmp"):  # noqa: S108 - the name is new
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

    It gets a session of its own, so that it cannot stop for want of the terminal. What it writes
    goes to files, as a pipe stays open with whatever it starts in the background.

    :param command: an absolute path, and arguments.
    :param folder: where its output is kept meanwhile.
    :param timeout: seconds, after which it is killed with all that it started.
    :raises OSError: it cannot be run; TimeoutError: it took too long.
    """
    out, errors = os.path.join(folder, "stdout"), os.path.join(folder, "stderr")
    new = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    actions = [
        (os.POSIX_SPAWN_OPEN, stream, path, how, 0o600)
        for stream, path, how in ((0, "/dev/null", os.O_RDONLY), (1, out, new), (2, errors, new))
    ]
    heard = (signal.SIGPIPE, signal.SIGXFSZ)  # Python ignores them
    try:
        pid = os.posix_spawn(
            command[0], command, env, file_actions=actions, setsigdef=heard, setsid=True
        )
    except NotImplementedError:  # glibc before 2.26
        pid = os.posix_spawn(
            command[0], command, env, file_actions=actions, setsigdef=heard, setpgroup=0
        )
    before = signal.signal(signal.SIGALRM, _late)
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
    """What is in a file.

    :raises OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        return os.fsdecode(file.read())


def _late(_signal: int, _frame: object) -> None:
    raise TimeoutError
