"""`allow [PATH]`: let a configuration take effect with its present content."""

import contextlib
import os

from autoenv_hpc import entry
from autoenv_hpc.commands import hook
from autoenv_hpc.context import Context
from autoenv_hpc.errors import ConfigError, Problem
from autoenv_hpc.project import config, project


def run(context: Context) -> int:
    """Allow exactly the content that this process reads."""
    file = named_file(context)
    data = project.read(file)
    entry.allow(context, file, data, force=context.arguments.force)
    context.report.note(f"allowed {file}")
    with contextlib.suppress(ConfigError):  # entering reports it
        note_literal_paths(context, file, data)
    hook.note_missing(context)
    return 0


def note_literal_paths(context: Context, file: str, data: bytes) -> None:
    """Point out the plain variables that look as if they should be expanded.

    :raises ConfigError: the configuration is not valid.
    """
    for name, value in config.parse(data, file).literal_paths:
        context.report.note(
            f"{name} becomes the text {value}, unexpanded"
            f' (if you mean a path, write {name} = {{ path = "{value}" }})'
        )


def named_file(context: Context) -> str:
    """The configuration that the argument means: a file, or the one that governs a folder.

    :raises Problem: there is none.
    """
    path = os.path.normpath(os.path.join(context.directory, context.arguments.path))
    if os.path.isfile(path):
        if os.path.basename(path) != config.FILE_NAME:
            raise Problem(f"{path}: a configuration is named {config.FILE_NAME} (rename the file)")
        return path
    if not os.path.isdir(path):
        raise Problem(f"{path}: no such file or folder (name a project, or its {config.FILE_NAME})")
    settings = config.settings(context.environ, context.folders)
    file = project.find(path, context.folders, settings, context.report.note)
    if file is None:
        raise Problem(
            f"no {config.FILE_NAME} in {path} or above (write one with `autoenv-hpc init`)"
        )
    return file
