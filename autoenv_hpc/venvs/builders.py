"""How `venv` and `virtualenv` make an empty environment: the command, or why there is none."""

import os
import re
import shutil
import subprocess
import sys

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import VenvError
from autoenv_hpc.venvs import Interpreter, Spec

_FIRST_WITH_VENV = (3, 3)
# The first release of virtualenv that can no longer make an environment for these and older ones
# (its changelog: 20.22 drops 3.6 and below, 20.27 drops 3.7).
_DROPPED = (((3, 6), (20, 22)), ((3, 7), (20, 27)))


def command(spec: Spec, interpreter: Interpreter, environ: Env) -> list[str]:
    """The words that make the environment; nothing is written by asking.

    :raises VenvError: nothing here can make it.
    """
    is_too_old = _numbers(interpreter.version) < _FIRST_WITH_VENV
    if spec.backend == "virtualenv" or is_too_old:
        return _virtualenv(spec, interpreter, environ)
    flags = ["--system-site-packages"] if spec.system_site_packages else []
    return [interpreter.executable, "-m", "venv", *flags, spec.path]


def _virtualenv(spec: Spec, interpreter: Interpreter, environ: Env) -> list[str]:
    """The module's own virtualenv, else the interpreter's, else one that came with this tool."""
    program = shutil.which("virtualenv", path=environ.get("PATH", os.defpath))
    tools = [
        *([[program]] if program else []),
        [interpreter.executable, "-m", "virtualenv"],
        [sys.executable, "-I", "-m", "virtualenv"],
    ]
    wrong = []
    for tool in tools:
        version = _version(tool, environ)
        if not version:
            continue
        too_new = [limit for python, limit in _DROPPED if _numbers(interpreter.version) <= python]
        if any(version >= limit for limit in too_new):
            wrong.append(f"{' '.join(tool)} {'.'.join(map(str, version))} is too new for it")
            continue
        flags = ["--system-site-packages"] if spec.system_site_packages else []
        return [*tool, "--python", interpreter.executable, *flags, spec.path]
    found = "; ".join(wrong) or "no virtualenv on PATH, nor in that Python"
    older = next(
        (limit for python, limit in _DROPPED if _numbers(interpreter.version) <= python), None
    )
    what = f"virtualenv older than {older[0]}.{older[1]}" if older else "virtualenv"
    raise VenvError(
        f"nothing here can make an environment for Python {interpreter.version}: {found}"
        f" (load a module that brings {what})"
    )


def _version(tool: list[str], environ: Env) -> tuple[int, ...] | None:
    try:
        done = subprocess.run(
            [*tool, "--version"], env=environ, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, errors="replace", check=False, timeout=120, cwd="/",
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode != 0:
        return None
    found = re.search(r"(\d+)\.(\d+)", done.stdout)
    return (int(found[1]), int(found[2])) if found else None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
