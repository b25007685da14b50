"""The context in which a command runs."""

import argparse
import os
from typing import TYPE_CHECKING

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import Problem
from autoenv_hpc.system import jobs
from autoenv_hpc.system.folders import Folders

if TYPE_CHECKING:
    from autoenv_hpc.report import Report


class Context:
    """What one command works with."""

    def __init__(self, arguments: argparse.Namespace, environ: Env, report: "Report") -> None:
        self.arguments = arguments
        self.environ = environ
        self.report = report
        self.folders = Folders.of(environ)
        self.directory = environ.get("PWD") or os.getcwd()  # the logical path, as in the shell
        self._project = ""

    def change_directory(self, directory: str) -> None:
        """Continue in another directory, as if the command started there.

        :raises Problem: the directory cannot be entered.
        """
        try:
            os.chdir(directory)
        except OSError as error:
            raise Problem(f"-C {directory}: {error.strerror}") from error
        self.directory = os.path.normpath(os.path.join(self.directory, directory))

    def choose_project(self, directory: str) -> None:
        """Work on the project of another directory, without a change to it.

        :raises Problem: there is no such directory.
        """
        self._project = os.path.normpath(os.path.join(self.directory, directory))
        if not os.path.isdir(self._project):
            raise Problem(f"--project {directory}: no such directory")

    @property
    def starts(self) -> list[str]:
        """The folders from which a project is looked for upward, one after the other.

        They are the chosen one, or the working directory and where the job was submitted.
        """
        if self._project:
            return [self._project]
        return [self.directory, *jobs.submitted(self.environ)]
