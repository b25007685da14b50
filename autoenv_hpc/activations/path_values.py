"""The path values of a configuration, expanded."""

import os
from typing import TYPE_CHECKING

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import ConfigError
from autoenv_hpc.guards import Guards
from autoenv_hpc.project import templates
from autoenv_hpc.project.project import Project
from autoenv_hpc.system import files, machine
from autoenv_hpc.system.folders import Folders

if TYPE_CHECKING:
    from autoenv_hpc.venvs.types import Interpreter


class PathValues:
    """Expands path values, and collects the guards of the results."""

    def __init__(self, project: Project, environ: Env, folders: Folders) -> None:
        self._project = project
        self._folders = folders
        self.environ = environ
        self.interpreter: Interpreter | None = None
        self.guards = Guards()

    def is_of_project(self, env: Env) -> bool:
        """Whether these variables come from a text of `export`, which nothing takes back."""
        return env.get("AUTOENV_HPC_ROOT") == self._project.root

    def path(self, template: str, key: str) -> str:
        """The absolute path for a value. A relative one starts at the project's folder.

        :param key: the key of the value, for messages.
        :raises ConfigError: a variable or field has no value.
        """
        project = self._project
        fields = {
            "site": project.site.name,
            "cluster": project.site.cluster,
            "arch": self._arch,
            "microarch": self._microarch,
            "python": self._python,
            "user": _user,
            "project": os.path.basename(project.root),
            "name": project.config.name,
        }
        self.guards |= Guards.on_variables(templates.variables(template), self.environ)
        home = self._folders.home
        try:
            path = templates.expand(
                template, fields=fields, environ=self.environ, home=home, place=key
            )
        except ConfigError as error:
            raise self._error(key, str(error)) from error
        return os.path.normpath(os.path.join(project.root, path))

    def entry(self, template: str, key: str) -> str:
        """The same for an entry of a search path.

        :raises ConfigError: a variable or field has no value, or a colon would divide the entry.
        """
        path = self.path(template, key)
        if ":" in path:
            raise self._error(key, f"{key}: {path} has a colon, which divides search paths")
        return path

    def _error(self, key: str, text: str) -> ConfigError:
        """The error, with the line of its key."""
        from autoenv_hpc.project.toml_lines import line_of  # noqa: PLC0415 - only for a fault

        file = self._project.file
        try:
            line = line_of(os.fsdecode(files.read(file)), tuple(key.split(".")))
        except OSError:
            return ConfigError(f"{file}: {text}")
        return ConfigError(f"{file}:{line}: {text}")

    def _python(self) -> str:
        if self.interpreter is None:
            from autoenv_hpc.venvs.interpreters import find_interpreter  # noqa: PLC0415

            venv = self._project.config.venv
            python = venv.python if venv else None
            self.interpreter = find_interpreter(python, self.environ, self._folders)
        return self.interpreter.version

    def _arch(self) -> str:
        self.guards |= Guards(cpu=machine.cpu())
        return os.uname().machine

    def _microarch(self) -> str:
        try:
            import archspec.cpu  # noqa: PLC0415 - only a path with this field needs it
        except ImportError as error:
            raise ConfigError(
                "{microarch} needs the package archspec (pip install archspec)"
            ) from error
        self.guards |= Guards(cpu=machine.cpu())
        return str(archspec.cpu.host().name)


def _user() -> str:
    import pwd  # noqa: PLC0415 - only a path with this field needs it

    return pwd.getpwuid(os.getuid()).pw_name
