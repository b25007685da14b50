"""The paths of the files in `shell/`, installed or in a checkout."""

import os
import sys

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def shell_file(name: str) -> str:
    """The path of one of the files in `shell/`."""
    installed = os.path.join(_PACKAGE, "shell", name)
    if os.path.exists(installed):
        return installed
    return os.path.join(os.path.dirname(_PACKAGE), "shell", name)


def command() -> str:
    """The absolute path of the command, by which the user called it."""
    return os.path.abspath(sys.argv[0])
