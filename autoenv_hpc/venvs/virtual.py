"""The common part of the backends for virtual environments."""

import os

from autoenv_hpc.environment import Env, with_entries
from autoenv_hpc.venvs import matching
from autoenv_hpc.venvs.interpreters import find_interpreter
from autoenv_hpc.venvs.types import ActivatedVariables, MatchedVenv, VenvRequest


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
