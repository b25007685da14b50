"""Who uses an environment on this node, as far as this user may see."""

import os
import shlex

import psutil

_SHOWN = 60  # characters of a command line


def of(prefix: str) -> list[str]:
    """The shells and programs that run in an environment: process number and command."""
    ours = {os.getpid(), *(process.pid for process in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid not in ours and _is_inside(process, prefix):
                found.append(f"{process.pid} ({_shown(process)})")
        except psutil.Error:  # gone meanwhile, or somebody else's
            continue
    return found


def _is_inside(process: psutil.Process, prefix: str) -> bool:
    variables = process.environ()
    if prefix in (variables.get("VIRTUAL_ENV"), variables.get("CONDA_PREFIX")):
        return True
    return any(word.startswith(f"{prefix}/bin/") for word in process.cmdline()[:1])


def _shown(process: psutil.Process) -> str:
    line = shlex.join(process.cmdline()) or process.name()
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
