"""The paths of this tool's own files, installed or in a checkout."""

import os
import sys

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def shell_file(name: str) -> str:
    """The path of one of the files in `shell/`."""
    installed = os.path.join(_PACKAGE, "shell", name)
    if os.path.exists(installed):
        return installed
    return os.path.join(os.path.dirname(_PACKAGE), "shell", name)


def schema() -> str | None:
    """The path of the configuration's JSON Schema; None if it was not installed."""
    from importlib import metadata  # noqa: PLC0415 - only `init` asks

    name = "hpcenv.schema.json"
    installed = [
        os.path.realpath(file.locate())
        for file in metadata.files("autoenv-hpc") or ()
        if file.name == name
    ]
    checkout = os.path.join(os.path.dirname(_PACKAGE), "docs/reference", name)
    return next(filter(os.path.isfile, (*installed, os.path.realpath(checkout))), None)


def command() -> str:
    """The absolute path of the command, by which the user called it."""
    return os.path.abspath(sys.argv[0])
