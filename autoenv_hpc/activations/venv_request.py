"""The environment that a project requests, with all paths expanded."""

import os

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import ConfigError
from autoenv_hpc.guards import Guards
from autoenv_hpc.project import templates
from autoenv_hpc.project.config import Venv
from autoenv_hpc.project.project import Project
from autoenv_hpc.system import machine
from autoenv_hpc.system.folders import Folders
from autoenv_hpc.venvs.types import (
    BuildRules,
    Interpreter,
    Owner,
    Requested,
    SiteRules,
    VenvRequest,
)


class PathValues:
    """Expands path values, and collects the guards of the results."""

    def __init__(self, project: Project, environ: Env, folders: Folders) -> None:
        self._project = project
        self._folders = folders
        self.environ = environ
        self.interpreter: Interpreter | None = None
        self.guards = Guards()

    def path(self, template: str, key: str) -> str:
        """The absolute path for a value. A relative one starts at the project's folder.

        :param key: the key of the value, for messages.
        :raises ConfigError: a variable or field has no value.
        """
        project = self._project
        fields = {
            "site": project.site.name,
            "arch": self._arch,
            "microarch": self._microarch,
            "python": self._python,
            "user": _user,
            "project": os.path.basename(project.root),
            "name": project.config.name,
        }
        self.guards |= Guards.on_variables(templates.variables(template), self.environ)
        place, home = f"{project.file}: {key}", self._folders.home
        path = templates.expand(
            template, fields=fields, environ=self.environ, home=home, place=place
        )
        return os.path.normpath(os.path.join(project.root, path))

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


def venv_request(project: Project, values: PathValues, folders: Folders) -> VenvRequest:
    """The environment that the project requests.

    :raises ConfigError: a path value cannot be expanded.
    """
    config = project.config
    venv = config.venv or Venv()
    python = venv.python
    if python and ("/" in python or python.startswith("~")):
        python = values.path(python, "venv.python")
    path = values.path(venv.path, "venv.path")
    if venv.backend == "conda":
        from autoenv_hpc.venvs import conda  # noqa: PLC0415

        prefix = conda.prefix_for(venv.path, path, values.environ)
        if prefix != path:
            values.guards |= Guards.on_files((path,))  # it takes precedence once it exists
        path = prefix
    requirements = tuple(values.path(file, "venv.requirements") for file in venv.requirements)
    caches = config.storage.caches
    if isinstance(caches, str):
        caches = values.path(caches, "storage.caches")
    return VenvRequest(
        path=path,
        requested=Requested(
            backend=venv.backend,
            python=python,
            system_site_packages=venv.system_site_packages,
            packages=venv.packages,
            requirements=requirements,
            arguments=venv.pip_args,
        ),
        owner=Owner(config.name, project.root, project.file, config.python_path),
        folders=folders,
        rules=BuildRules(venv.create, venv.in_job, venv.sync),
        site=SiteRules(
            name=project.site.name,
            warns_of_home=config.storage.home == "warn",
            warns_of_conda=config.storage.conda == "warn",
            caches=caches,
        ),
    )


def _user() -> str:
    import pwd  # noqa: PLC0415 - only a path with this field needs it

    return pwd.getpwuid(os.getuid()).pw_name
