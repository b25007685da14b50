"""`freeze`: print the pinned requirements, as `pip freeze` does."""

import os

from autoenv_hpc import entry
from autoenv_hpc.context import Context
from autoenv_hpc.environment import Env
from autoenv_hpc.errors import Problem
from autoenv_hpc.report import emit
from autoenv_hpc.system import folders
from autoenv_hpc.venvs import contents, ensure
from autoenv_hpc.venvs.backends import backend
from autoenv_hpc.venvs.types import MatchedVenv, VenvRequest

_SHOWN = 10  # packages of modules in one message


def run(context: Context) -> int:
    """Print or write the requirements; report packages that modules provide."""
    request, env = entry.venv_request(context)
    venv = ensure.match(request, env)
    text = backend(request.requested.backend).installer(request, env).freeze(request.path)
    target = context.arguments.output
    if target:
        path = os.path.join(context.directory, target)
        try:
            folders.write_atomically(path, os.fsencode(text), mode=0o666)
        except OSError as error:
            raise Problem(f"{path}: cannot be written: {error.strerror}") from error
        context.report.note(f"wrote {path}")
    else:
        emit(text)
    left_out = _left_out(request, venv, env)
    if left_out:
        context.report.note(f"left out: {left_out}")
    return 0


def _left_out(request: VenvRequest, venv: MatchedVenv, env: Env) -> str:
    """The packages that a command inside gets from elsewhere, a few of them by name."""
    parts = []
    modules = contents.module_packages(venv.prefix, request.inside(env, venv))
    if modules:
        rest = len(modules) - _SHOWN
        more = f" and {rest} more" if rest > 0 else ""
        parts.append(f"{', '.join(modules[:_SHOWN])}{more}, from modules")
    base = contents.base_packages(venv) if request.requested.system_site_packages else []
    if base:
        parts.append(f"{len(base)} of the base Python")
    return "; ".join(parts)
