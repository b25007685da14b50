"""`python -m venv`: the standard library's own, from Python 3.3 on."""

import os

from autoenv_hpc.environment import Env, with_entries
from autoenv_hpc.venvs import Active, Environment, Spec, Tool, matching
from autoenv_hpc.venvs.interpreters import find_interpreter, numbers

_FIRST = (3, 3)


def match(spec: Spec, environ: Env) -> Environment:
    """What stands at the path, if it was made on the interpreter that is asked for."""
    return matching.matched(spec, find_interpreter(spec.python, environ))


def tool(spec: Spec, environ: Env) -> Tool:
    """The interpreter itself; for one that is too old, virtualenv, which makes the same."""
    interpreter = find_interpreter(spec.python, environ)
    if numbers(interpreter.version) < _FIRST:
        from autoenv_hpc.venvs import virtualenv  # noqa: PLC0415

        return virtualenv.tool(spec, environ)
    from autoenv_hpc.venvs.pip import Pip  # noqa: PLC0415 - only a build needs it

    flags = ["--system-site-packages"] if spec.system_site_packages else []
    words = [interpreter.executable, "-m", "venv", *flags]
    return Pip(interpreter, words, os.path.basename(spec.path), environ)


def activate(environment: Environment, env: Env) -> Active:
    """As in CPython's `Lib/venv/scripts/common/activate`, which also takes PYTHONHOME away."""
    return Active(activated(env, environment.prefix))


def activated(env: Env, prefix: str) -> Env:
    """The variables with a virtual environment in front of them."""
    path = with_entries(env.get("PATH"), prepend=[os.path.join(prefix, "bin")])
    rest = {name: value for name, value in env.items() if name != "PYTHONHOME"}
    return {**rest, "VIRTUAL_ENV": prefix, "PATH": path}
