"""The output of commands: messages on stderr, results on stdout."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TextIO

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import Problem
from autoenv_hpc.printable import printable, printable_lines

if TYPE_CHECKING:
    from autoenv_hpc.progress import Bar

_LONG = 3  # seconds after which a silent wait looks like a hang


class Report:
    """Writes messages; it respects `AUTOENV_HPC_QUIET`, `NO_COLOR` and the kind of stream.

    What a file or a path says reaches a terminal only with its control characters made visible. A
    message that cannot be written is lost, since the command's work matters more.
    """

    def __init__(
        self, environ: Env, stream: TextIO | None = None, name: str = "autoenv-hpc"
    ) -> None:
        self._name = name
        self._stream = sys.stderr if stream is None else stream  # None: it is closed
        self._quiet = bool(environ.get("AUTOENV_HPC_QUIET"))
        self._is_terminal = _is_terminal(self._stream) and environ.get("TERM") != "dumb"
        self._bar: Bar | None = None
        self._colour = self._is_terminal and not environ.get("NO_COLOR")

    def problem(self, problem: Problem, root: str = "") -> None:
        """Report an error, even if the user silences all other messages.

        A line of it that begins with spaces is an excerpt of a file, and stands as it is.
        """
        for line in str(problem).split("\n"):
            if line.startswith("    "):
                self._write(printable(line))
                continue
            place = f"{root}: " if root and not line.startswith("/") else ""
            self._line(f"{place}{line}", "31")

    def note(self, text: str) -> None:
        """Report an event."""
        if not self._quiet:
            self._line(text, "2")

    def ask(self, question: str, *, default: bool = False) -> bool:
        """Ask a question on the terminal; an empty line stands for the default."""
        self.finish()
        with contextlib.suppress(OSError):
            if self._stream is not None:
                self._stream.write(f"{printable(question)} {'[Y/n]' if default else '[y/N]'} ")
                self._stream.flush()
        answer = sys.stdin.readline().strip().lower()
        return answer in ("y", "yes") or (default and not answer)

    def progress(
        self, text: str, total: int | None = None, count: Callable[[], int] | None = None
    ) -> None:
        """Report a slow step; on a terminal, one line is redrawn.

        :param total: the amount of work from now on; `count` returns how much of it is done.
        """
        if self._quiet or self._stream is None:
            return
        if not self._is_terminal:
            self._line(text, "2")
            return
        if self._bar is None:
            from autoenv_hpc.progress import Bar  # noqa: PLC0415 - only a build on a terminal

            self._bar = Bar(self._stream)
        self._bar.show(printable(text), total, count)

    @contextlib.contextmanager
    def patience(self, text: str) -> Iterator[None]:
        """Show a line on a terminal if what happens meanwhile takes long and shows none itself."""
        if self._quiet or not self._is_terminal:
            yield
            return
        import _thread  # noqa: PLC0415 - `threading` takes a millisecond on the way into a project

        done, ended = _thread.allocate_lock(), _thread.allocate_lock()

        def wait() -> None:
            with ended:
                if not done.acquire(timeout=_LONG) and self._bar is None:
                    self.progress(text)

        done.acquire()
        _thread.start_new_thread(wait, ())
        try:
            yield
        finally:
            done.release()
            with ended:  # a line that is being drawn must be there before it is wiped
                pass

    def finish(self) -> None:
        """Remove the progress line, if there is one."""
        if self._bar is not None:
            self._bar.wipe()
            self._bar = None

    def _line(self, text: str, colour: str) -> None:
        self.finish()
        name = f"\x1b[{colour}m{self._name}:\x1b[0m" if self._colour else f"{self._name}:"
        self._write(f"{name} {printable(text)}")

    def _write(self, line: str) -> None:
        with contextlib.suppress(OSError):  # for example a full disk
            if self._stream is not None:
                self._stream.write(f"{line}\n")
                self._stream.flush()


def show(text: str) -> None:
    """Write lines for a reader to stdout, with control characters made visible.

    :raises Problem: stdout is closed or full.
    """
    _write(printable_lines(text))


def emit(text: str) -> None:
    """Write text for a program to stdout, as it is; a terminal gets it as from `show`.

    :raises Problem: stdout is closed or full.
    """
    _write(printable_lines(text) if _is_terminal(sys.stdout) else text)


def _write(text: str) -> None:
    if sys.stdout is None:
        raise Problem("stdout is closed, so the output is lost")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        # The end of Python would try again, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise
        raise Problem(f"stdout: the output is lost: {error.strerror}") from error


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()
