"""`freeze`: print the pinned requirements, as `pip freeze` does."""

import os
import sys

from autoenv_hpc import folders
from autoenv_hpc.cli import Context
from autoenv_hpc.commands import entering
from autoenv_hpc.errors import Problem
from autoenv_hpc.venvs import backend, contents, ensure


def run(context: Context) -> int:
    """Print them, or write the file; tell on stderr what comes from elsewhere."""
    spec, env = entering.wanted(context)
    environment = ensure.match(spec, env)
    text = backend(spec.backend).tool(spec, env).freeze(spec.path)
    target = context.arguments.output
    if target:
        path = os.path.join(context.folder, target)
        try:
            folders.write_atomically(path, os.fsencode(text), mode=0o666)
        except OSError as error:
            raise Problem(f"{path}: cannot be written: {error.strerror}") from error
        context.report.note(f"wrote {path}")
    else:
        sys.stdout.write(text)
    others = contents.from_elsewhere(environment, env, sees_base=spec.system_site_packages)
    if others:
        context.report.note(f"not in it, for the modules bring them: {', '.join(others)}")
    return 0
