"""The types that describe isolated environments."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from autoenv_hpc.environment import Env
from autoenv_hpc.guards import Guards
from autoenv_hpc.project.choices import Backend as BackendName
from autoenv_hpc.project.choices import Create, PythonPathPolicy, Sync
from autoenv_hpc.shell_definitions import ShellDefinitions
from autoenv_hpc.system.folders import Folders


class Interpreter(NamedTuple):
    """A Python as it describes itself."""

    executable: str
    base_prefix: str  # the resolved prefix of its standard library, also for the Python of a venv
    version: str  # "3.9"
    full: str  # "3.9.18"
    machine: str  # "x86_64"


class Requested(NamedTuple):
    """What the configuration requests: the kind of environment and its contents."""

    backend: BackendName
    python: str | None = None
    system_site_packages: bool = False
    packages: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()  # absolute paths
    arguments: tuple[str, ...] = ()  # for the installer, verbatim


class BuildRules(NamedTuple):
    """When the environment may be built and changed."""

    create: Create = "auto"
    in_job: bool = True
    sync: Sync = "notify"


class SiteRules(NamedTuple):
    """What the site recommends for environments."""

    name: str | None = None
    warns_of_home: bool = False  # against environments in the home folder
    warns_of_conda: bool = False  # against environments of the conda backend
    caches: str | bool | None = None  # the folder of the installers' caches; False: no caches


class Owner(NamedTuple):
    """The project that the environment belongs to."""

    name: str  # for messages
    root: str
    config_file: str
    python_path: PythonPathPolicy = "keep"  # for the PYTHONPATH that the modules set


class MatchedVenv(NamedTuple):
    """An environment that exists and matches the request."""

    prefix: str
    interpreter: Interpreter | None  # None: it has no Python of its own (conda, wrappers)
    backend: BackendName
    built: bool = False  # whether this call built it
    notices: tuple[str, ...] = ()  # messages for the user
    guards: Guards = Guards()  # on the files that identify the environment


Inside = Callable[[Env, MatchedVenv | None], Env]


def _unchanged(env: Env, _venv: MatchedVenv | None) -> Env:
    return env


class VenvRequest(NamedTuple):
    """The environment that a project requests; every path is absolute."""

    path: str
    requested: Requested
    owner: Owner
    folders: Folders
    rules: BuildRules = BuildRules()
    site: SiteRules = SiteRules()
    inside: Inside = _unchanged  # what the project sets on top of the activated environment


class ActivatedVariables(NamedTuple):
    """The variables with an environment activated, with the guards of that result."""

    env: Env
    definitions: ShellDefinitions = ShellDefinitions()
    guards: Guards = Guards()


class InstalledBefore(NamedTuple):
    """The contents of an environment according to its record."""

    packages: tuple[str, ...] = ()  # the packages that the configuration requested by name
    installed: tuple[str, ...] = ()  # all distributions that these requests installed


class Command(NamedTuple):
    """A program to run, with all of its environment variables."""

    words: list[str]
    env: Env
    # The working directory; None: the project's folder, so that relative arguments work.
    folder: str | None = None


class Progress(Protocol):
    """A receiver for the lines that a long operation prints."""

    def __call__(
        self, text: str, total: int | None = None, count: Callable[[], int] | None = None, /
    ) -> None:
        """Report a line.

        :param total: the number of packages to install from now on; `count` returns how many of
            them are installed.
        """


class Installer(Protocol):
    """The commands that build one environment. No method runs a command that changes it."""

    @property
    def facts(self) -> dict[str, str]:
        """The fields of the record that apply: `python`, `base-prefix`, `machine`."""

    def create(self, path: str) -> list[Command]:
        """The commands that create an empty environment at a path."""

    def install(self, path: str, requested: Requested) -> list[Command]:
        """The commands that install the requested packages."""

    def remove(self, path: str, requested: Requested, before: InstalledBefore) -> list[Command]:
        """The commands that remove packages that are no longer requested."""

    def freeze(self, path: str) -> str:
        """The installed packages with their versions, as the text of a requirements file.

        :raises VenvError: the installer failed.
        """


class Backend(Protocol):
    """One way to create isolated environments."""

    def match(self, request: VenvRequest, environ: Env) -> MatchedVenv:
        """The environment at the path, if it is the requested one.

        :raises VenvError: it is missing or does not match; the message has the difference.
        """

    def installer(self, request: VenvRequest, environ: Env) -> Installer:
        """The installer for the requested environment.

        :raises VenvError: a program is missing; nothing is written.
        """

    def activate(self, venv: MatchedVenv, env: Env) -> ActivatedVariables:
        """The variables with the environment activated."""
