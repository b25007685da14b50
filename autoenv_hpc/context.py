"""What a command gets: the arguments, the user's environment, and where to report."""

import argparse
import os
from typing import TYPE_CHECKING

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import Problem
from autoenv_hpc.system.folders import Folders

if TYPE_CHECKING:
    from autoenv_hpc.report import Report


class Context:
    """The surroundings of one command."""

    def __init__(self, arguments: argparse.Namespace, environ: Env, report: "Report") -> None:
        self.arguments = arguments
        self.environ = environ
        self.report = report
        self.folders = Folders.of(environ)
        self.directory = environ.get("PWD") or os.getcwd()  # the logical one, as the shell has it

    def change_directory(self, directory: str) -> None:
        """Go on in another directory, as if the command had been started there.

        :raises Problem: that is not possible.
        """
        try:
            os.chdir(directory)
        except OSError as error:
            raise Problem(f"-C {directory}: {error.strerror}") from error
        self.directory = os.path.normpath(os.path.join(self.directory, directory))
