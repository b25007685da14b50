"""The backend for an environment that this tool never changes."""

import os

from autoenv_hpc.environment import Env, with_entries
from autoenv_hpc.errors import VenvError
from autoenv_hpc.venvs import matching, record, virtual
from autoenv_hpc.venvs.interpreters import find_interpreter, is_version
from autoenv_hpc.venvs.types import ActivatedVariables, Installer, MatchedVenv, VenvRequest


def match(request: VenvRequest, environ: Env) -> MatchedVenv:
    """The environment at the path.

    :raises VenvError: it or its base interpreter does not exist, or it has another Python.
    """
    if not os.path.isdir(os.path.join(request.path, "bin")):
        raise _missing(request)
    guards = matching.guards(request)  # before the files are read
    cfg = record.pyvenv_cfg(request.path)
    if cfg is not None and not os.path.isdir(cfg.home):
        raise VenvError(
            f"{request.path} was built on a Python in {cfg.home}, which no longer exists"
            " (change path in [venv])"
        )
    fault = matching.damage(request.path) if cfg else None
    if fault:
        raise VenvError(f"{request.path} is damaged: {fault} (change path in [venv])")
    is_conda = os.path.isdir(os.path.join(request.path, "conda-meta"))
    has_python = os.path.exists(os.path.join(request.path, "bin/python"))
    interpreter = None
    if has_python and (cfg or is_conda):  # a wrapper's Python would start a container
        interpreter = find_interpreter(
            os.path.join(request.path, "bin/python"), environ, request.folders
        )
    wanted = request.requested.python
    if wanted and interpreter and wanted[0].isdigit() and not is_version(interpreter, wanted):
        raise VenvError(
            f"{request.path} has Python {interpreter.full}, but the configuration requests"
            f" python = {wanted!r} (change python or path in [venv])"
        )
    return MatchedVenv(request.path, interpreter, "existing", guards=guards)


def installer(request: VenvRequest, environ: Env) -> Installer:
    """Refuse to build the environment.

    :raises VenvError: always.
    """
    del environ
    raise _missing(request)


def activate(venv: MatchedVenv, env: Env) -> ActivatedVariables:
    """Activate it as its kind requires. A folder of wrappers, such as tykky's, only has a `bin`.

    :raises VenvError: conda cannot activate it.
    """
    prefix = venv.prefix
    if os.path.isdir(os.path.join(prefix, "conda-meta")):
        from autoenv_hpc.venvs import conda  # noqa: PLC0415 - only a conda prefix needs it

        return conda.activate(venv, env)
    if record.pyvenv_cfg(prefix) is None:
        path = with_entries(env.get("PATH"), prepend=[os.path.join(prefix, "bin")])
        return ActivatedVariables({**env, "PATH": path})
    return virtual.activate(venv, env)


def _missing(request: VenvRequest) -> VenvError:
    return VenvError(
        f'{request.path}: there is no environment, and backend = "existing" never builds one'
        " (set path in [venv])"
    )
