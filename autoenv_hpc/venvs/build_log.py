"""The log of a build: the whole output of the programs that ran for it."""

import contextlib
import os
import shlex
import tempfile
import time
from typing import TextIO

from autoenv_hpc.system import folders
from autoenv_hpc.system.digests import digest
from autoenv_hpc.venvs.types import VenvRequest


class Log:
    """The log of the present build of one environment; it replaces the one before.

    A log that cannot be written is lost, since the build matters more.
    """

    def __init__(self, request: VenvRequest) -> None:
        self.path = ""  # empty: nothing was written
        self._request = request
        self._file: TextIO | None = None

    def begin(self, words: list[str]) -> None:
        """Note the program that starts now."""
        if self._file is None:
            with contextlib.suppress(OSError):
                self._file = self._opened()
                now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
                self.write(f"# {self._request.path}, {now}, on {os.uname().nodename}\n")
        self.write(f"$ {shlex.join(words)}\n")

    def write(self, text: str) -> None:
        """Add what a program has printed."""
        with contextlib.suppress(OSError, ValueError):
            if self._file:
                self._file.write(text)
                self._file.flush()

    def close(self) -> None:
        """End the log."""
        with contextlib.suppress(OSError):
            if self._file:
                self._file.close()

    def _opened(self) -> TextIO:
        """The file, among the user's own if they can be written, else among the node's."""
        name = (
            f"{os.path.basename(self._request.owner.root)}-{digest([self._request.path])[:12]}.log"
        )
        folder = os.path.join(self._request.folders.state, "builds")
        try:
            folders.make_private(folder)
            descriptor, temporary = tempfile.mkstemp(dir=folder)
            self.path = os.path.join(folder, name)
            os.rename(temporary, self.path)
        except OSError:
            descriptor, self.path = tempfile.mkstemp(".log", "autoenv-hpc-")
        return open(descriptor, "w", encoding="utf-8", errors="surrogateescape")
