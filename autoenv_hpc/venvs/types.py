"""The types that describe isolated environments."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from autoenv_hpc.environment import Env
from autoenv_hpc.guards import Guards
from autoenv_hpc.project.choices import Backend as Backends
from autoenv_hpc.project.choices import Create, PythonPathPolicy, Sync
from autoenv_hpc.shell_definitions import ShellDefinitions
from autoenv_hpc.system.folders import Folders


class Interpreter(NamedTuple):
    """A Python, as it describes itself."""

    executable: str
    base_prefix: str  # resolved; where its standard library belongs, also from inside a venv
    version: str  # "3.9"
    full: str  # "3.9.18"
    machine: str  # "x86_64"


class Requested(NamedTuple):
    """The kind of environment, and what is to be installed in it."""

    backend: Backends
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
    """What the site advises."""

    name: str | None = None
    warns_of_home: bool = False  # no environments in the home folder
    warns_of_conda: bool = False  # other ways than conda
    caches: str | bool | None = None  # the folder for the installers' caches; False: none


class Owner(NamedTuple):
    """The project that the environment belongs to."""

    name: str  # for messages
    root: str
    config_file: str
    python_path: PythonPathPolicy = "keep"  # what becomes of the modules' PYTHONPATH


class VenvRequest(NamedTuple):
    """The environment that a project requests; every path is absolute."""

    path: str
    requested: Requested
    owner: Owner
    folders: Folders
    rules: BuildRules = BuildRules()
    site: SiteRules = SiteRules()


class MatchedVenv(NamedTuple):
    """An environment that exists and matches the request."""

    prefix: str
    interpreter: Interpreter | None  # None: it has no Python of its own (conda, wrappers)
    backend: Backends
    built: bool = False  # by this call
    notices: tuple[str, ...] = ()  # what the user should know
    guards: Guards = Guards()  # on the files whose change makes it another environment


class ActivatedVariables(NamedTuple):
    """What activating makes of an environment's variables, and what that depended on."""

    env: Env
    definitions: ShellDefinitions = ShellDefinitions()
    guards: Guards = Guards()


class InstalledBefore(NamedTuple):
    """What an environment's record says of its contents."""

    packages: tuple[str, ...] = ()  # that were asked for by name
    installed: tuple[str, ...] = ()  # the names of all that came in with what was asked for


class Command(NamedTuple):
    """A program to run, and the whole environment to run it in."""

    words: list[str]
    env: Env
    folder: str | None = None  # to start in; None: the project's own, for relative arguments


class Progress(Protocol):
    """A receiver for the lines of long operations."""

    def __call__(
        self, text: str, total: int | None = None, count: Callable[[], int] | None = None, /
    ) -> None:
        """Pass a line on.

        :param total: how many packages come in from now on; `count` tells how many are there.
        """


class Installer(Protocol):
    """The programs for one environment. Asking for their commands writes nothing."""

    @property
    def facts(self) -> dict[str, str]:
        """What the record says of it: `python`, `base-prefix`, `machine`, where there are such."""

    def create(self, path: str) -> list[Command]:
        """The commands that make an empty environment at a path."""

    def install(self, path: str, requested: Requested) -> list[Command]:
        """The commands that install what is asked for."""

    def remove(self, path: str, requested: Requested, before: InstalledBefore) -> list[Command]:
        """The commands that remove what was requested before and no longer is."""

    def freeze(self, path: str) -> str:
        """What is installed, pinned, as a file that can be installed from.

        :raises VenvError: the installer failed.
        """


class Backend(Protocol):
    """One way of making isolated environments."""

    def match(self, request: VenvRequest, environ: Env) -> MatchedVenv:
        """The environment at the path, if it is the requested one.

        :raises VenvError: it is something else; the message says what, and how to fix it.
        """

    def installer(self, request: VenvRequest, environ: Env) -> Installer:
        """The programs that create it and install into it.

        :raises VenvError: they are not here; nothing was written.
        """

    def activate(self, environment: MatchedVenv, env: Env) -> ActivatedVariables:
        """The variables with the environment activated."""
