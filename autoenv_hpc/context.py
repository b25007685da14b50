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
        self._started_in = self.directory
        self.kernel = ""  # the language of the notebook's kernel that `exec` starts
        self._project = ""

    def follow_options(self) -> None:
        """Work where `-C` and `--project` say, on commands that have them.

        :raises Problem: there is no such directory.
        """
        for name, follow in (("directory", self._change), ("project", self._choose)):
            directory = getattr(self.arguments, name, None)
            if directory is not None:
                follow(directory)

    def _change(self, directory: str) -> None:
        """Continue in another directory, as if the command started there."""
        try:
            os.chdir(directory)
        except OSError as error:
            raise Problem(f"-C {directory}: {error.strerror}") from error
        self.directory = os.path.normpath(os.path.join(self.directory, directory))

    def _choose(self, directory: str) -> None:
        """Work on the project of another directory, without a change to it."""
        self._project = os.path.normpath(os.path.join(self.directory, directory))
        if not os.path.isdir(self._project):
            raise Problem(f"--project {directory}: no such directory")

    def is_below(self, folder: str) -> bool:
        """Whether the user typed the command in a folder or below it."""
        return f"{os.path.realpath(self._started_in)}/".startswith(f"{folder}/")

    @property
    def names_project(self) -> bool:
        """Whether the user names a project, for which no other one can stand in."""
        return bool(self._project)

    @property
    def starts(self) -> list[str]:
        """The folders from which a project is looked for upward, one after the other.

        They are the chosen one, or the working directory and where the job was submitted.
        """
        if self._project:
            return [self._project]
        return [self.directory, *jobs.submitted(self.environ)]
