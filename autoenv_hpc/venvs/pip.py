"""The installer for environments that contain pip."""

import os
from typing import NamedTuple

from autoenv_hpc.environment import Env
from autoenv_hpc.venvs import installers
from autoenv_hpc.venvs.types import (
    Command,
    InstalledBefore,
    Interpreter,
    Requested,
    VenvRequest,
)
from autoenv_hpc.venvs.virtual import creation_variables, installation_variables, isolated

# Runs pip without the working directory on sys.path, where it would import a `pip.py`.
_PIP = (
    "import runpy, sys; sys.path[:1] == [''] and sys.path.pop(0);"
    " runpy.run_module('pip', None, '__main__', True)"
)
_QUIET = {
    "PIP_USER": "0",  # a configuration file of pip may ask for `~/.local`
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INPUT": "1",
    "PIP_PROGRESS_BAR": "off",
}


class Pip(NamedTuple):
    """The pip of one environment, with the command that creates the environment."""

    interpreter: Interpreter
    creation: list[str]  # the command, without its prompt and path
    request: VenvRequest
    environ: Env  # with the modules loaded

    @property
    def facts(self) -> dict[str, str]:
        return facts(self.interpreter)

    def create(self, path: str) -> list[Command]:
        env = creation_variables(self.request, self.environ, path, self.interpreter)
        prompt = os.path.basename(self.request.path)  # shown if you source `bin/activate`
        # not in the project's folder, where Python would import a `venv.py`
        return [Command([*self.creation, "--prompt", prompt, path], env, "/")]

    def install(self, path: str, requested: Requested) -> list[Command]:
        if not (requested.packages or requested.requirements):
            return []
        files = [word for file in requested.requirements for word in ("-r", file)]
        return [self._pip(path, "install", *requested.arguments, *requested.packages, *files)]

    def remove(self, path: str, requested: Requested, before: InstalledBefore) -> list[Command]:  # noqa: ARG002
        """Return nothing: pip does not know whether the user or another package needs a package."""
        return []

    def freeze(self, path: str) -> str:
        command = self._pip(path, "freeze", "--local")
        return installers.output(command._replace(env=isolated(command.env)))

    def _pip(self, path: str, command: str, *words: str) -> Command:
        env = installation_variables(self.request, self.environ, path, self.interpreter)
        if env.pop("PIP_NO_CACHE_DIR", "").lower() in ("1", "true", "yes", "on"):
            words = ("--no-cache-dir", *words)  # pip before 19 reads the value as a path
        program = [os.path.join(path, "bin/python"), "-c", _PIP, command]
        return Command([*program, *words], {**env, **_QUIET})


def facts(interpreter: Interpreter) -> dict[str, str]:
    """The fields of a record that describe the base interpreter."""
    return {
        "python": interpreter.full,
        "base-prefix": interpreter.base_prefix,
        "machine": interpreter.machine,
    }
