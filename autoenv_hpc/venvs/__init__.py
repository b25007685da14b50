"""Isolated environments: what is asked for, what is there, and how they come together.

`locate` and `ensure` are the way in; each backend has a file of its own.
"""

from collections.abc import Callable
from typing import NamedTuple


class Interpreter(NamedTuple):
    """A Python, as it describes itself."""

    executable: str
    base_prefix: str  # resolved; where its standard library belongs, also from inside a venv
    version: str  # "3.9"
    full: str  # "3.9.18"
    machine: str  # "x86_64"


class Spec(NamedTuple):
    """What a project asks for; every path absolute."""

    path: str
    backend: str
    project: str  # its name, for messages
    root: str
    config_file: str
    python: str | None = None
    system_site_packages: bool = False
    requirements: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    pip_args: tuple[str, ...] = ()
    create: str = "auto"
    in_job: bool = True
    sync: str = "notify"


class Environment(NamedTuple):
    """An environment that is there and matches."""

    prefix: str
    interpreter: Interpreter
    backend: str
    built: bool = False  # by this very call
    notices: tuple[str, ...] = ()  # what the user should know
    watched: tuple[str, ...] = ()  # files whose change makes it another environment


Progress = Callable[[str], None]
Operation = tuple[str, str, str]


def activation(environment: Environment) -> list[Operation]:
    """What activating means: `set`, `prepend` or `unset`, a variable, and a value.

    As in CPython's `Lib/venv/scripts/common/activate`, which also takes PYTHONHOME away. An
    environment without `pyvenv.cfg` (a folder of wrappers) is its `bin` alone.
    """
    kind = "CONDA_PREFIX" if environment.backend == "conda" else "VIRTUAL_ENV"
    return [
        ("set", kind, environment.prefix),
        ("prepend", "PATH", f"{environment.prefix}/bin"),
        ("unset", "PYTHONHOME", ""),
    ]
