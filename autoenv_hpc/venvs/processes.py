"""The processes on this node that use an environment."""

import os
import shlex

try:
    import psutil
except ImportError:  # compiled for another machine or Python than the one that has taken over here
    psutil = None  # type: ignore[assignment]

_SHELLS = ("bash", "zsh", "fish")
_SHOWN = 60  # characters of a command line


def using(prefix: str, root: str) -> list[str]:
    """The shells and programs that use an environment, as `PID (COMMAND)`.

    :param root: the project's folder. A shell counts if its working directory is inside, because
        other processes cannot see which variables it has set since its start.
    """
    if psutil is None:
        return []
    ours = {os.getpid(), *(process.pid for process in psutil.Process().parents())}
    users = []
    for process in psutil.process_iter():
        try:
            if process.pid not in ours and _is_inside(process, prefix, root):
                users.append(f"{process.pid} ({_shown(process)})")
        except psutil.Error:  # the process has ended or belongs to another user
            continue
    return users


def _is_inside(process: psutil.Process, prefix: str, root: str) -> bool:
    variables = process.environ()
    if prefix in (variables.get("VIRTUAL_ENV"), variables.get("CONDA_PREFIX")):
        return True
    if any(word.startswith(f"{prefix}/bin/") for word in process.cmdline()[:1]):
        return True
    is_shell = process.name() in _SHELLS and process.terminal() is not None
    return is_shell and f"{process.cwd()}/".startswith(f"{os.path.realpath(root)}/")


def _shown(process: psutil.Process) -> str:
    program, *rest = process.cmdline() or [process.name()]
    line = shlex.join([os.path.basename(program), *rest])
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
