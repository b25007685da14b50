"""Isolated environments: what is asked for, what is there, and how they come together.

`ensure` is the way in; each backend has a file of its own, behind `Backend`.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from autoenv_hpc.environment import Env
from autoenv_hpc.modules import Dependencies
from autoenv_hpc.shellparts import ShellParts


class Interpreter(NamedTuple):
    """A Python, as it describes itself."""

    executable: str
    base_prefix: str  # resolved; where its standard library belongs, also from inside a venv
    version: str  # "3.9"
    full: str  # "3.9.18"
    machine: str  # "x86_64"


class Wishes(NamedTuple):
    """What shall be installed."""

    packages: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()  # absolute paths
    arguments: tuple[str, ...] = ()  # for the installer, verbatim


class Spec(NamedTuple):
    """What a project asks for; every path absolute."""

    path: str
    backend: str
    project: str  # its name, for messages
    root: str
    config_file: str
    python: str | None = None
    system_site_packages: bool = False
    wishes: Wishes = Wishes()
    create: str = "auto"
    in_job: bool = True
    sync: str = "notify"
    python_path: str = "keep"  # what becomes of the modules' PYTHONPATH
    site: str | None = None
    warns_of_home: bool = False  # the site wants no environments in the home folder
    warns_of_conda: bool = False  # the site recommends other ways
    caches: str | bool | None = None  # the folder for the installers' caches; False: none


class Environment(NamedTuple):
    """An environment that is there and matches."""

    prefix: str
    interpreter: Interpreter | None  # None: it has no Python of its own (conda, wrappers)
    backend: str
    built: bool = False  # by this very call
    notices: tuple[str, ...] = ()  # what the user should know
    watched: tuple[str, ...] = ()  # files whose change makes it another environment


class Active(NamedTuple):
    """What activating makes of an environment's variables, and what that depended on."""

    env: Env
    shell: ShellParts = ShellParts()
    depends: Dependencies = Dependencies()


class Before(NamedTuple):
    """What an environment's record says of its contents."""

    packages: tuple[str, ...] = ()  # that were asked for by name
    installed: tuple[str, ...] = ()  # the names of all that came in with what was asked for


class Command(NamedTuple):
    """A program to run, and the whole environment to run it in."""

    words: list[str]
    env: Env
    folder: str | None = None  # to start in; None: the project's own, for relative arguments


class Progress(Protocol):
    """Is told each line of what takes long."""

    def __call__(
        self, text: str, total: int | None = None, count: Callable[[], int] | None = None, /
    ) -> None:
        """Pass a line on.

        :param total: how many packages come in from now on; `count` tells how many are there.
        """


class Tool(Protocol):
    """The programs found for one environment; nothing is written by asking for their commands."""

    @property
    def facts(self) -> dict[str, str]:
        """What the record says of it: `python`, `base-prefix`, `machine`, where there are such."""

    def create(self, path: str) -> list[Command]:
        """The commands that make an empty environment at a path."""

    def install(self, path: str, wishes: Wishes) -> list[Command]:
        """The commands that install what is asked for."""

    def remove(self, path: str, wishes: Wishes, before: Before) -> list[Command]:
        """The commands that take away what was asked for before, and is no more."""

    def freeze(self, path: str) -> str:
        """What is installed, pinned, as a file that can be installed from.

        :raises VenvError: the installer failed.
        """


class Backend(Protocol):
    """One way of making isolated environments."""

    def match(self, spec: Spec, environ: Env) -> Environment:
        """What stands at the path, if it is what is asked for.

        :raises VenvError: it is something else; the message says what, and what mends it.
        """

    def tool(self, spec: Spec, environ: Env) -> Tool:
        """The programs that make it and install into it.

        :raises VenvError: they are not here; nothing was written.
        """

    def activate(self, environment: Environment, env: Env) -> Active:
        """What activating means, as a change of the variables."""


def backend(name: str) -> Backend:
    """The backend of this name; each is imported only where it is used."""
    if name == "virtualenv":
        from autoenv_hpc.venvs import virtualenv  # noqa: PLC0415

        return virtualenv
    if name == "uv":
        from autoenv_hpc.venvs import uv  # noqa: PLC0415

        return uv
    if name == "conda":
        from autoenv_hpc.venvs import conda  # noqa: PLC0415

        return conda
    if name == "existing":
        from autoenv_hpc.venvs import existing  # noqa: PLC0415

        return existing
    from autoenv_hpc.venvs import venv  # noqa: PLC0415

    return venv
