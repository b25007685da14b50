"""`freeze`: print the pinned requirements, as `pip freeze` does."""

import os
import sys

from autoenv_hpc import entry
from autoenv_hpc.context import Context
from autoenv_hpc.errors import Problem
from autoenv_hpc.system import folders
from autoenv_hpc.venvs import contents, ensure
from autoenv_hpc.venvs.backends import backend


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
        sys.stdout.write(text)
    others = contents.outside_packages(venv, env, sees_base=request.requested.system_site_packages)
    if others:
        context.report.note(f"left out because modules provide them: {', '.join(others)}")
    return 0
