"""The backend for `python -m venv` (Python 3.3 and later)."""

import os

from autoenv_hpc.environment import Env
from autoenv_hpc.venvs import pip, virtualenv
from autoenv_hpc.venvs.interpreters import find_interpreter, numbers
from autoenv_hpc.venvs.types import Installer, VenvRequest
from autoenv_hpc.venvs.virtual import activate, match

__all__ = ["activate", "installer", "match"]

_FIRST = (3, 3)


def installer(request: VenvRequest, environ: Env) -> Installer:
    """The interpreter itself, or virtualenv for an interpreter that is too old."""
    interpreter = find_interpreter(request.requested.python, environ, request.folders)
    if numbers(interpreter.version) < _FIRST:
        return virtualenv.installer(request, environ)
    flags = ["--system-site-packages"] if request.requested.system_site_packages else []
    words = [interpreter.executable, "-m", "venv", *flags]
    return pip.Pip(interpreter, words, os.path.basename(request.path), environ)
