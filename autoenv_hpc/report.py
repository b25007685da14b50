"""What is said on stderr: one line a message, in colour only on a terminal."""

import os
import sys
from typing import TextIO

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import Problem


class Report:
    """Says things as the user wishes: `AUTOENV_HPC_QUIET`, `NO_COLOR`, a terminal or a log."""

    def __init__(self, environ: Env, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._quiet = bool(environ.get("AUTOENV_HPC_QUIET"))
        self._is_terminal = self._stream.isatty() and environ.get("TERM") != "dumb"
        self._is_unfinished = False  # whether a line of progress stands there
        self._colour = self._is_terminal and not environ.get("NO_COLOR")

    def problem(self, problem: Problem, root: str = "") -> None:
        """Say what is wrong; errors are said even when all else is silenced."""
        for line in str(problem).splitlines():
            place = f"{root}: " if root and not line.startswith("/") else ""
            self._line(f"{place}{line}", "31")

    def note(self, text: str) -> None:
        """Say what happened."""
        if not self._quiet:
            self._line(text, "2")

    def progress(self, text: str) -> None:
        """Say what takes its time: on a terminal in one line that the next one overwrites."""
        if self._quiet:
            return
        if not self._is_terminal:
            self._line(text, "2")
            return
        try:
            width = os.get_terminal_size(self._stream.fileno()).columns - 1
        except OSError:
            width = 79
        self._stream.write(f"\r\x1b[K{_printable(f'autoenv-hpc: {text}')[:width]}")
        self._stream.flush()
        self._is_unfinished = True

    def finish(self) -> None:
        """Wipe the line of a progress that came to its end."""
        if self._is_unfinished:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._is_unfinished = False

    def _line(self, text: str, colour: str) -> None:
        self.finish()
        name = f"\x1b[{colour}mautoenv-hpc:\x1b[0m" if self._colour else "autoenv-hpc:"
        self._stream.write(f"{name} {_printable(text)}\n")
        self._stream.flush()


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
