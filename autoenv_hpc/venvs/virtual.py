"""The common part of the backends for virtual environments."""

import os
import re

from autoenv_hpc.environment import Env, with_entries
from autoenv_hpc.venvs import matching
from autoenv_hpc.venvs.interpreters import find_interpreter
from autoenv_hpc.venvs.types import ActivatedVariables, Interpreter, MatchedVenv, VenvRequest

# They would send an installation, or the program that runs it, to another place.
_ELSEWHERE = (
    *("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON"),
    *("UV_PYTHON", "UV_SYSTEM_PYTHON", "UV_TARGET", "UV_PREFIX"),
)


def match(request: VenvRequest, environ: Env) -> MatchedVenv:
    """The environment at the path, if it was built on the requested interpreter.

    :raises VenvError: it is missing or does not match; the message has the difference.
    """
    python, folders = request.requested.python, request.folders
    return matching.match(request, find_interpreter(python, environ, folders))


def activate(venv: MatchedVenv, env: Env) -> ActivatedVariables:
    """Activate it as CPython's `Lib/venv/scripts/common/activate` does, which unsets PYTHONHOME."""
    return ActivatedVariables(with_venv(env, venv.prefix))


def with_venv(env: Env, prefix: str) -> Env:
    """The variables with a virtual environment activated."""
    path = with_entries(env.get("PATH"), prepend=[os.path.join(prefix, "bin")])
    rest = {name: value for name, value in env.items() if name != "PYTHONHOME"}
    return {**rest, "VIRTUAL_ENV": prefix, "PATH": path}


def installation_variables(
    request: VenvRequest, environ: Env, path: str, interpreter: Interpreter
) -> Env:
    """The variables for a command that installs: those that a command inside will get.

    :param environ: the variables with the modules loaded.
    :param path: where the environment is built; it stands in for the one at the requested path.
    """
    venv = MatchedVenv(path, interpreter, request.requested.backend)
    env = request.inside(with_venv(environ, path), venv)
    env = {name: value for name, value in env.items() if name not in _ELSEWHERE}
    if path == request.path:
        return env
    itself = re.compile(re.escape(request.path) + r"(?=[/:]|\Z)")
    return {name: itself.sub(lambda _: path, value) for name, value in env.items()}


def creation_variables(
    request: VenvRequest, environ: Env, path: str, interpreter: Interpreter
) -> Env:
    """The variables for the command that creates the empty environment.

    It runs outside of the environment, and may itself come from a module's PYTHONPATH.
    """
    env = installation_variables(request, environ, path, interpreter)
    env.pop("PYTHONPATH", None)
    return {**env, **{n: v for n, v in environ.items() if n == "PYTHONPATH"}}


def isolated(env: Env) -> Env:
    """The variables under which Python sees no package of a module or of the user's own."""
    outside = ("PYTHONPATH", "EBPYTHONPREFIXES")
    kept = {name: value for name, value in env.items() if name not in outside}
    return {**kept, "PYTHONNOUSERSITE": "1"}
