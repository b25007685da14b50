"""`edit`: open the configuration in your editor."""

import os
import shlex
import subprocess
import sys

from autoenv_hpc import entry
from autoenv_hpc.commands.allow import note_literal_paths
from autoenv_hpc.context import Context
from autoenv_hpc.errors import ConfigError, Problem
from autoenv_hpc.project import config, project


def run(context: Context) -> int:
    """Open the governing file, or a new one here; allow it if it was changed and is valid."""
    file = _file(context)
    before = project.read(file) if os.path.exists(file) else None
    while True:
        _open(file, context)
        if not os.path.exists(file):
            return 0
        data = project.read(file)
        if data == before:
            return 0
        try:
            config.parse(data, file)
        except ConfigError as error:
            context.report.problem(error)
            if _again(context):
                continue
            raise Problem(f"{file} is not allowed, since it is not valid") from error
        entry.allow(context, file, data)
        context.report.note(f"allowed {file}")
        note_literal_paths(context, file, data)
        return 0


def _file(context: Context) -> str:
    settings = config.settings(context.environ, context.folders)
    found = project.find(context.starts[0], context.folders, settings, context.report.note)
    return found or os.path.join(context.starts[0], config.FILE_NAME)


def _open(file: str, context: Context) -> None:
    editor = context.environ.get("VISUAL") or context.environ.get("EDITOR") or "vi"
    try:
        status = subprocess.run([*shlex.split(editor), file], check=False).returncode
    except (OSError, ValueError) as error:
        raise Problem(f"{editor}: {error} (set EDITOR to your editor)") from error
    if status:
        raise Problem(f"{editor} ended with status {status}, so nothing was allowed")


def _again(context: Context) -> bool:
    """Whether the user wants to open the editor again; False if nobody can answer."""
    is_terminal = sys.stdin is not None and sys.stdin.isatty()
    return is_terminal and context.report.ask("edit it again?", default=True)
