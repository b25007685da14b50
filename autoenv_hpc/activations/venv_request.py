"""The environment that a project requests, with all paths expanded."""

from autoenv_hpc.activations.path_values import PathValues
from autoenv_hpc.guards import Guards
from autoenv_hpc.project.config import Venv
from autoenv_hpc.project.project import Project
from autoenv_hpc.system.folders import Folders
from autoenv_hpc.venvs.types import BuildRules, Owner, Requested, SiteRules, VenvRequest


def venv_request(project: Project, values: PathValues, folders: Folders) -> VenvRequest:
    """The environment that the project requests.

    :raises ConfigError: a path value cannot be expanded.
    """
    config = project.config
    venv = config.venv or Venv()
    python = venv.python
    if python and ("/" in python or python.startswith("~")):
        python = values.path(python, "venv.python")
    path = values.entry(venv.path, "venv.path")
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
