"""What is said on stderr: one line a message, in colour only on a terminal."""

import sys
from typing import TextIO

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import Problem


class Report:
    """Says things as the user wishes: `AUTOENV_HPC_QUIET`, `NO_COLOR`, a terminal or a log."""

    def __init__(self, environ: Env, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._quiet = bool(environ.get("AUTOENV_HPC_QUIET"))
        self._colour = (
            self._stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
        )

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
        """Say what takes its time."""
        self.note(text)

    def _line(self, text: str, colour: str) -> None:
        name = f"\x1b[{colour}mautoenv-hpc:\x1b[0m" if self._colour else "autoenv-hpc:"
        safe = "".join(char if char.isprintable() else "?" for char in text)
        self._stream.write(f"{name} {safe}\n")
        self._stream.flush()
