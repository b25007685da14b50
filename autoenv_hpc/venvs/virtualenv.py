"""The backend for `virtualenv`."""

import re
import sys

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import VenvError
from autoenv_hpc.system.search_path import on_path
from autoenv_hpc.venvs.interpreters import find_interpreter, numbers
from autoenv_hpc.venvs.pip import Pip
from autoenv_hpc.venvs.types import Installer, Interpreter, VenvRequest
from autoenv_hpc.venvs.virtual import activate, match

__all__ = ["activate", "installer", "match"]

# A version of Python, and the first virtualenv that supports neither it nor older ones
# (virtualenv's changelog: 20.22 drops 3.6 and below, 20.27 drops 3.7).
_DROPPED = (((3, 6), (20, 22)), ((3, 7), (20, 27)))


def installer(request: VenvRequest, environ: Env) -> Installer:
    """The installer that uses the virtualenv on PATH, else the interpreter's, else this tool's own.

    :raises VenvError: the interpreter is missing, or no virtualenv supports it.
    """
    interpreter = find_interpreter(request.requested.python, environ, request.folders)
    flags = ["--system-site-packages"] if request.requested.system_site_packages else []
    words = [*_program(interpreter, environ), "--python", interpreter.executable, *flags]
    return Pip(interpreter, words, request, environ)


def _program(interpreter: Interpreter, environ: Env) -> list[str]:
    program = next(on_path(("virtualenv",), environ), None)
    tools = [
        *([[program]] if program else []),
        [interpreter.executable, "-m", "virtualenv"],
        [sys.executable, "-I", "-m", "virtualenv"],
    ]
    limits = [limit for python, limit in _DROPPED if numbers(interpreter.version) <= python]
    rejections = []
    for words in tools:
        version = _version(words, environ)
        if version and all(version < limit for limit in limits):
            return words
        if version:
            rejections.append(f"{' '.join(words)} {'.'.join(map(str, version))} is too new")
    reason = "; ".join(rejections) or "none was found on PATH or in that Python"
    needed = "virtualenv older than {}.{}".format(*limits[0]) if limits else "virtualenv"
    raise VenvError(
        f"no virtualenv supports Python {interpreter.version}: {reason}"
        f" (load a module that provides {needed})"
    )


def _version(words: list[str], environ: Env) -> tuple[int, ...] | None:
    import subprocess  # noqa: PLC0415 - only a build needs it

    try:
        done = subprocess.run(
            [*words, "--version"], env=environ, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, errors="replace", check=False, timeout=120, cwd="/",
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode != 0:
        return None
    match = re.search(r"(\d+)\.(\d+)", done.stdout)
    return (int(match[1]), int(match[2])) if match else None
