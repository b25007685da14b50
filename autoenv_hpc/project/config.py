"""The configuration files, as typed values."""

import os
import re
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import ConfigError
from autoenv_hpc.guards import Guards, modified
from autoenv_hpc.project import templates, trust
from autoenv_hpc.project.choices import (
    Backend,
    Create,
    ModulePolicy,
    PythonPathPolicy,
    Sync,
    Tolerance,
)
from autoenv_hpc.project.sites import Match
from autoenv_hpc.system import files
from autoenv_hpc.system.folders import Folders, replaceable

if TYPE_CHECKING:
    from autoenv_hpc.project.schema import Path

FILE_NAME = ".hpcenv.toml"
SYSTEM_FILE = "/etc/autoenv-hpc/config.toml"
_MAX_AGE = 86_400  # seconds

Table = dict[str, Any]


class Venv(NamedTuple):
    """The requested environment; its paths are still templates."""

    path: str = ".venv"
    backend: Backend = "venv"
    python: str | None = None
    system_site_packages: bool = False
    prompt: str | bool | None = None  # False: none; None: the project's name
    create: Create = "auto"
    in_job: bool = True
    requirements: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    pip_args: tuple[str, ...] = ()
    sync: Sync = "notify"


class PathValue(NamedTuple):
    """The value of a variable that is a path, still a template."""

    template: str


class PathEdit(NamedTuple):
    """Entries for the ends of one search path, still templates."""

    prepend: tuple[str, ...] = ()
    append: tuple[str, ...] = ()


class Cache(NamedTuple):
    """Whether activations are stored, and for how many seconds."""

    enabled: bool = True
    max_age: int = _MAX_AGE


class Storage(NamedTuple):
    """What a site or a user wants to keep off which file system."""

    home: Tolerance = "allow"  # warn: about environments in the home folder
    conda: Tolerance = "allow"  # warn: about conda environments
    caches: str | bool | None = (
        None  # the folder of the installers' caches, a template; False: none
    )


class Config(NamedTuple):
    """What a project requests on this site, with all defaults."""

    file: str
    root: str
    name: str
    modules: tuple[str, ...] = ()
    module_paths: tuple[str, ...] = ()
    module_policy: ModulePolicy = "keep"
    venv: Venv | None = None
    env: dict[str, str | PathValue | None] = {}  # None unsets
    paths: dict[str, PathEdit] = {}
    python_path: PythonPathPolicy = "keep"
    env_name: str | None = None
    cache: Cache = Cache()
    storage: Storage = Storage()


class Document(NamedTuple):
    """One valid file."""

    file: str
    data: Table

    @property
    def matches(self) -> dict[str, Match]:
        """The rules that recognise its sites."""
        found = {name: table["match"] for name, table in self._sites.items() if "match" in table}
        return {
            name: Match(
                {k: tuple(v) for k, v in match.get("env", {}).items()}, tuple(match.get("fqdn", ()))
            )
            for name, match in found.items()
        }

    @property
    def sites(self) -> set[str]:
        """The sites for which it has a table."""
        return set(self._sites)

    @property
    def literal_paths(self) -> list[tuple[str, str]]:
        """The plain variables, with their values, that look as if they should be expanded."""
        bases = [self.data, *self._sites.values()]
        tables = [*bases, *(env for base in bases for env in base.get("envs", {}).values())]
        pairs = (pair for table in tables for pair in table.get("env", {}).items())
        texts = ((name, value) for name, value in pairs if isinstance(value, str))
        return [pair for pair in texts if templates.looks_like_path(pair[1])]

    @property
    def _sites(self) -> dict[str, Table]:
        sites: dict[str, Table] = self.data.get("site", {})
        return sites


class Settings(NamedTuple):
    """The configuration above every project: the system's file, then the user's."""

    guards: Guards  # on both files, even absent ones, since one may appear
    documents: tuple[Document, ...]
    trust: trust.PreApproved
    ceilings: tuple[str, ...]
    notices: tuple[str, ...] = ()  # why a file is left out

    @property
    def matches(self) -> dict[str, Match]:
        """The rules that recognise their sites; the user's file wins."""
        return {name: m for document in self.documents for name, m in document.matches.items()}

    @property
    def sites(self) -> set[str]:
        """The sites for which they have tables."""
        return {name for document in self.documents for name in document.sites}


def find(start: str, home: str, ceilings: Iterable[str]) -> str | None:
    """The configuration that governs a folder: the nearest one, in it or above it.

    The search skips `/` and everything above `home`, its real path or a ceiling: there, an
    automounter takes each name for a host or a user. The hooks and exec's script do the same.
    """
    limits = [limit.rstrip("/") for limit in (home, os.path.realpath(home), *ceilings)]
    folder = start
    while folder.strip("/") and not any(limit.startswith(f"{folder}/") for limit in limits):
        file = os.path.join(folder, FILE_NAME)
        if os.path.isfile(file):
            return file
        if os.path.realpath(folder) == limits[1]:
            break  # a link led into home, and the search would go on above the link
        folder = os.path.dirname(folder)
    return None


def parse(data: bytes, file: str, *, above: bool = False) -> Document:
    """Parse the content of one file.

    :param above: whether it is the user's or the system's file, not a project's.
    :raises ConfigError: it is not valid; one line for each fault, `FILE:LINE: KEY: what is wrong`.
    """
    import tomllib  # noqa: PLC0415 - parsed.py keeps what is parsed once

    from autoenv_hpc.project import schema  # noqa: PLC0415 - for the same reason

    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{file}:{line}: not UTF-8 (save the file as UTF-8)") from error
    try:
        parsed = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_syntax(file, text, str(error))) from error
    except (RecursionError, ValueError) as error:  # thousands of brackets, or of digits
        raise ConfigError(f"{file}: not valid TOML: {error}") from error
    faults = schema.faults(parsed, above=above)
    if faults:
        from autoenv_hpc.project.toml_lines import line_of  # noqa: PLC0415 - only for a fault

        ordered = sorted(
            (line_of(text, fault.path), _key(fault.path), fault.text) for fault in faults
        )
        raise ConfigError("\n".join(f"{file}:{line}: {key}: {what}" for line, key, what in ordered))
    return Document(file, parsed)


def settings(environ: Env, folders: Folders, system: str = SYSTEM_FILE) -> Settings:
    """Read the system's and the user's file, if they exist.

    :raises ConfigError: one of them is not valid.
    """
    paths = (system, os.path.join(folders.config, "config.toml"))
    guards = Guards()
    documents, notices = [], []
    for file in paths:
        then = modified(file)  # before it is read
        try:
            data = files.read(file)
            why = replaceable(file)
        except (FileNotFoundError, NotADirectoryError):
            guards |= Guards(files={file: None})
            continue
        except OSError as error:
            raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
        guards |= Guards.on_text(file, data, then)
        if why:
            notices.append(f"{file} is left out: {why}")
        else:
            documents.append(parse(data, file, above=True))
    approved: list[str] = []
    groups: list[str] = []
    ceilings: list[str] = []
    for document in documents:
        table = document.data.get("trust", {})
        absolute = partial(_absolute, file=document.file, environ=environ, home=folders.home)
        approved += [absolute(path, "trust.paths") for path in table.get("paths", ())]
        groups += table.get("groups", ())
        listed = document.data.get("search", {}).get("ceiling", ())
        listed = [listed] if isinstance(listed, str) else listed
        ceilings += [absolute(path, "search.ceiling") for path in listed]
    pre_approved = trust.PreApproved(tuple(approved), tuple(groups))
    return Settings(guards, tuple(documents), pre_approved, tuple(ceilings), tuple(notices))


def _absolute(path: str, key: str, *, file: str, environ: Env, home: str) -> str:
    place = f"{file}: {key}"
    fields: dict[str, templates.Field] = {}
    result = templates.expand(path, fields=fields, environ=environ, home=home, place=place)
    if not os.path.isabs(result):
        raise ConfigError(f"{place}: {path}: must be an absolute path")
    return os.path.normpath(result)


def _key(path: "Path") -> str:
    return ".".join(str(part) if re.match(r"[\w-]+\Z", str(part)) else repr(part) for part in path)


def _syntax(file: str, text: str, message: str) -> str:
    from autoenv_hpc.project import toml_mistakes  # noqa: PLC0415 - only for a fault

    line, reason, excerpt = toml_mistakes.explain(text, message)
    return f"{file}:{line}: not valid TOML: {reason}\n{excerpt}"
