"""The lines that `-v` and AUTOENV_HPC_DEBUG add on stderr.

Without them the cost is a look at one variable. Callers test `is_on` before they build a text.
"""

import contextlib
import os
import sys
import time

from autoenv_hpc.printable import printable

_NAME = "AUTOENV_HPC_DEBUG"
_MS = 1_000_000  # ns


def is_on() -> bool:
    """Whether the lines are wanted."""
    return bool(os.environ.get(_NAME))


def switch_on() -> None:
    """Want the lines from now on, in this process alone."""
    os.environ[_NAME] = "1"


def say(text: str, began: int | None = None) -> None:
    """Print one line if it is wanted.

    :param began: when the step began, in ns of `time.monotonic_ns`.
    """
    if not is_on() or sys.stderr is None:
        return
    took = "" if began is None else f" ({(time.monotonic_ns() - began) / _MS:.1f} ms)"
    with contextlib.suppress(OSError):  # a line that cannot be written is lost
        sys.stderr.write(f"autoenv-hpc: debug: {printable(text)}{took}\n")
        sys.stderr.flush()
