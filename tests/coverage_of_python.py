"""Measures each Python process of the copy that tests/coverage.sh makes. Its site imports this file.

To follow subprocesses, coverage sets an environment variable, which also reaches the user's
programs. This file sets none.
"""

import atexit
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import coverage

# .cache/coverage/checkout/.cache/venv/lib/python3.*/site-packages
_COPY = Path(__file__).parents[5]

_MEASURED = coverage.Coverage(
    data_file=str(_COPY.parent / "data/python"),
    data_suffix=True,
    config_file=str(_COPY / "pyproject.toml"),
)


def _saving(become: Callable[..., Any]) -> Callable[..., Any]:
    """An exec that saves the measurement before the process becomes another program."""

    def saving(path: str, words: Sequence[str], *env: Mapping[str, str]) -> Any:
        _MEASURED.save()
        return become(path, words, *env)

    return saving


if (_COPY / "pyproject.toml").exists():
    _MEASURED.start()
    atexit.register(_MEASURED.save)
    os.execv = _saving(os.execv)
    os.execve = _saving(os.execve)
