"""Python interpreters: found by version, name or path, and asked who they are."""

import glob
import json
import os
import re
import subprocess
from collections.abc import Iterator

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import VenvError
from autoenv_hpc.folders import home
from autoenv_hpc.venvs import Interpreter

_TIMEOUT = 120  # seconds; a cold start from a parallel file system takes some
_VERSION = re.compile(r"\d+(\.\d+){0,2}\Z")
# For 2.7 too. Not `-I`, which 2.7 lacks; `-S` leaves out what site packages do at start-up.
_WHO = """\
import json, os, sys
prefix = getattr(sys, "base_prefix", sys.prefix)
print(json.dumps([sys.executable, os.path.realpath(prefix), "%d.%d" % sys.version_info[:2],
                  "%d.%d.%d" % sys.version_info[:3], os.uname()[4]]))
"""


def find_interpreter(python: str | None, environ: Env) -> Interpreter:
    """The interpreter that a configuration means.

    :param python: a version (`3.9`), a name (`python3.9`) or an absolute path; None for the one
        that the modules provide, else `python3` on PATH.
    :raises VenvError: there is none; the message says where it was looked for.
    """
    wrong = []
    for candidate in _candidates(python, environ):
        found = _ask(candidate, environ)
        if isinstance(found, str):
            wrong.append(found)
        elif python is None or not _VERSION.match(python) or _is_version(found, python):
            return found
        else:
            wrong.append(f"{candidate} is {found.full}")
    looked = "; ".join(dict.fromkeys(wrong)) or "none on PATH"
    wanted = f"Python {python}" if python and _VERSION.match(python) else python or "Python"
    raise VenvError(
        f"no {wanted} here ({looked}): load a module that brings it, or set python in [venv]"
    )


def _is_version(found: Interpreter, wanted: str) -> bool:
    return f"{found.full}.".startswith(f"{wanted}.")


def _candidates(python: str | None, environ: Env) -> Iterator[str]:
    """Where to look, in this order: modules and PATH, pyenv's versions, uv's."""
    if python is None:
        yield from _on_path(("python3", "python"), environ, first_folder_only=True)
    elif os.path.isabs(python):
        yield python
    elif not _VERSION.match(python):
        yield from _on_path((python,), environ)
    else:
        short = ".".join(python.split(".")[:2])
        yield from _on_path(("python3", "python"), environ, first_folder_only=True)
        yield from _on_path((f"python{short}",), environ)
        pyenv = environ.get("PYENV_ROOT") or os.path.join(home(environ), ".pyenv")
        uv = environ.get("UV_PYTHON_INSTALL_DIR") or os.path.join(
            home(environ), ".local/share/uv/python"
        )
        for pattern in (
            f"{glob.escape(pyenv)}/versions/{python}*",
            f"{glob.escape(uv)}/cpython-{python}*",
        ):
            yield from (
                f"{folder}/bin/python{short}" for folder in sorted(glob.glob(pattern), reverse=True)
            )


def _on_path(
    names: tuple[str, ...], environ: Env, *, first_folder_only: bool = False
) -> Iterator[str]:
    """The programs of these names, folder by folder; a module's folder stands first."""
    for folder in environ.get("PATH", os.defpath).split(":"):
        found = [p for name in names if _is_program(p := os.path.join(folder or ".", name))]
        yield from found
        if found and first_folder_only:
            return


def _is_program(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)


def _ask(path: str, environ: Env) -> Interpreter | str:
    """Who it is, or why it cannot say."""
    env = {
        name: value for name, value in environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")
    }
    try:
        done = subprocess.run(
            [path, "-E", "-S", "-c", _WHO],
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_TIMEOUT,
            cwd="/",
        )
        return (
            Interpreter(*json.loads(done.stdout))
            if done.returncode == 0
            else _failed(path, done.stderr)
        )
    except FileNotFoundError:
        return f"{path} is not there"
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return f"{path} does not run: {error}"


def _failed(path: str, said: bytes) -> str:
    words = " ".join(said.decode(errors="replace").split())[-200:]
    return f"{path} does not run: {words}"
