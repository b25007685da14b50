"""The backend for `virtualenv`."""

import os
import re
import shutil
import subprocess
import sys

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import VenvError
from autoenv_hpc.venvs.interpreters import find_interpreter, numbers
from autoenv_hpc.venvs.pip import Pip
from autoenv_hpc.venvs.types import Installer, Interpreter, VenvRequest
from autoenv_hpc.venvs.virtual import activate, match

__all__ = ["activate", "installer", "match"]

# The first release of virtualenv that can no longer make an environment for these and older ones
# (its changelog: 20.22 drops 3.6 and below, 20.27 drops 3.7).
_DROPPED = (((3, 6), (20, 22)), ((3, 7), (20, 27)))


def installer(request: VenvRequest, environ: Env) -> Installer:
    """The module's own virtualenv, else the interpreter's, else one that came with this tool."""
    interpreter = find_interpreter(request.requested.python, environ, request.folders)
    flags = ["--system-site-packages"] if request.requested.system_site_packages else []
    words = [*_program(interpreter, environ), "--python", interpreter.executable, *flags]
    return Pip(interpreter, words, os.path.basename(request.path), environ)


def _program(interpreter: Interpreter, environ: Env) -> list[str]:
    program = shutil.which("virtualenv", path=environ.get("PATH", os.defpath))
    tools = [
        *([[program]] if program else []),
        [interpreter.executable, "-m", "virtualenv"],
        [sys.executable, "-I", "-m", "virtualenv"],
    ]
    limits = [limit for python, limit in _DROPPED if numbers(interpreter.version) <= python]
    wrong = []
    for words in tools:
        version = _version(words, environ)
        if version and all(version < limit for limit in limits):
            return words
        if version:
            wrong.append(f"{' '.join(words)} {'.'.join(map(str, version))} is too new for it")
    found = "; ".join(wrong) or "no virtualenv on PATH, nor in that Python"
    what = "virtualenv older than {}.{}".format(*limits[0]) if limits else "virtualenv"
    raise VenvError(
        f"nothing here can make an environment for Python {interpreter.version}: {found}"
        f" (load a module that brings {what})"
    )


def _version(words: list[str], environ: Env) -> tuple[int, ...] | None:
    try:
        done = subprocess.run(
            [*words, "--version"], env=environ, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, errors="replace", check=False, timeout=120, cwd="/",
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode != 0:
        return None
    found = re.search(r"(\d+)\.(\d+)", done.stdout)
    return (int(found[1]), int(found[2])) if found else None
