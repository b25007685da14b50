"""The backend for `python -m venv`, from Python 3.3 on."""

from autoenv_hpc.environment import Env
from autoenv_hpc.venvs import pip, virtualenv
from autoenv_hpc.venvs.interpreters import find_interpreter, numbers
from autoenv_hpc.venvs.types import Installer, VenvRequest
from autoenv_hpc.venvs.virtual import activate, match

__all__ = ["activate", "installer", "match"]

_FIRST = (3, 3)


def installer(request: VenvRequest, environ: Env) -> Installer:
    """The installer that uses the interpreter's own `venv`, or virtualenv before Python 3.3.

    :raises VenvError: the interpreter is missing, or virtualenv where it is needed.
    """
    interpreter = find_interpreter(request.requested.python, environ, request.folders)
    if numbers(interpreter.version) < _FIRST:
        return virtualenv.installer(request, environ)
    flags = ["--system-site-packages"] if request.requested.system_site_packages else []
    words = [interpreter.executable, "-m", "venv", *flags]
    return pip.Pip(interpreter, words, request, environ)
