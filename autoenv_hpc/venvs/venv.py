"""`python -m venv`: the standard library's own, from Python 3.3 on."""

import os

from autoenv_hpc.environment import Env
from autoenv_hpc.venvs import pip, virtualenv
from autoenv_hpc.venvs.interpreters import find_interpreter, numbers
from autoenv_hpc.venvs.types import Installer, VenvRequest
from autoenv_hpc.venvs.virtual import activate, match

__all__ = ["activate", "installer", "match"]

_FIRST = (3, 3)


def installer(request: VenvRequest, environ: Env) -> Installer:
    """The interpreter itself; for one that is too old, virtualenv, which makes the same."""
    interpreter = find_interpreter(request.requested.python, environ, request.folders)
    if numbers(interpreter.version) < _FIRST:
        return virtualenv.installer(request, environ)
    flags = ["--system-site-packages"] if request.requested.system_site_packages else []
    words = [interpreter.executable, "-m", "venv", *flags]
    return pip.Pip(interpreter, words, os.path.basename(request.path), environ)
