"""What the backends venv, virtualenv and uv share."""

import os

from autoenv_hpc.environment import Env, with_entries
from autoenv_hpc.venvs import matching
from autoenv_hpc.venvs.interpreters import find_interpreter
from autoenv_hpc.venvs.types import ActivatedVariables, MatchedVenv, VenvRequest


def match(request: VenvRequest, environ: Env) -> MatchedVenv:
    """The environment at the path, if it was made on the requested interpreter."""
    python, folders = request.requested.python, request.folders
    return matching.matched(request, find_interpreter(python, environ, folders))


def activate(environment: MatchedVenv, env: Env) -> ActivatedVariables:
    """As CPython's `Lib/venv/scripts/common/activate` does, which also takes PYTHONHOME away."""
    return ActivatedVariables(activated(env, environment.prefix))


def activated(env: Env, prefix: str) -> Env:
    """The variables with a virtual environment in front of them."""
    path = with_entries(env.get("PATH"), prepend=[os.path.join(prefix, "bin")])
    rest = {name: value for name, value in env.items() if name != "PYTHONHOME"}
    return {**rest, "VIRTUAL_ENV": prefix, "PATH": path}
