"""The messages on stderr, each on one line."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import Problem

if TYPE_CHECKING:
    from autoenv_hpc.progress import Bar


class Report:
    """Writes messages; it respects `AUTOENV_HPC_QUIET`, `NO_COLOR` and the kind of stream."""

    def __init__(self, environ: Env, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._quiet = bool(environ.get("AUTOENV_HPC_QUIET"))
        self._is_terminal = self._stream.isatty() and environ.get("TERM") != "dumb"
        self._bar: Bar | None = None
        self._colour = self._is_terminal and not environ.get("NO_COLOR")

    def problem(self, problem: Problem, root: str = "") -> None:
        """Report an error, even if the user silences all other messages.

        A line of it that begins with spaces is an excerpt of a file, and stands as it is.
        """
        for line in str(problem).split("\n"):
            if line.startswith("    "):
                self._stream.write(f"{_printable(line)}\n")
                continue
            place = f"{root}: " if root and not line.startswith("/") else ""
            self._line(f"{place}{line}", "31")

    def note(self, text: str) -> None:
        """Report an event."""
        if not self._quiet:
            self._line(text, "2")

    def progress(
        self, text: str, total: int | None = None, count: Callable[[], int] | None = None
    ) -> None:
        """Report a slow step; on a terminal, one line is redrawn.

        :param total: the amount of work from now on; `count` returns how much of it is done.
        """
        if self._quiet:
            return
        if not self._is_terminal:
            self._line(text, "2")
            return
        if self._bar is None:
            from autoenv_hpc.progress import Bar  # noqa: PLC0415 - only a build on a terminal

            self._bar = Bar(self._stream)
        self._bar.show(_printable(text), total, count)

    def finish(self) -> None:
        """Remove the progress line, if there is one."""
        if self._bar is not None:
            self._bar.wipe()
            self._bar = None

    def _line(self, text: str, colour: str) -> None:
        self.finish()
        name = f"\x1b[{colour}mautoenv-hpc:\x1b[0m" if self._colour else "autoenv-hpc:"
        self._stream.write(f"{name} {_printable(text)}\n")
        self._stream.flush()


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
