"""`allow [PATH]`: let a configuration take effect, as it is now."""

import os

from autoenv_hpc import config, project, trust
from autoenv_hpc.cli import Context
from autoenv_hpc.errors import Problem


def run(context: Context) -> int:
    """Allow the bytes that are read here."""
    file = named(context)
    trust.allow(file, project.read(file), context.environ, force=context.arguments.force)
    context.report.note(f"allowed {file}")
    return 0


def named(context: Context) -> str:
    """The configuration that the argument means: a file, or the one that governs a folder.

    :raises Problem: there is none.
    """
    path = os.path.normpath(os.path.join(context.folder, context.arguments.path))
    if os.path.isfile(path):
        if os.path.basename(path) != config.FILE_NAME:
            raise Problem(f"{path}: a configuration is named {config.FILE_NAME}")
        return path
    file = project.find(path, context.environ, config.settings(context.environ))
    if file is None:
        raise Problem(
            f"no {config.FILE_NAME} in {path} or above (write one with `autoenv-hpc init`)"
        )
    return file
