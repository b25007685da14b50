"""`.hpcenv.toml` and the files above it: text to a `Config` for one site and named environment."""

import os
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from autoenv_hpc import expand, folders, sites, trust
from autoenv_hpc.environment import Env
from autoenv_hpc.errors import ConfigError
from autoenv_hpc.sites import Match

if TYPE_CHECKING:
    from autoenv_hpc.schema import Path

FILE_NAME = ".hpcenv.toml"
SYSTEM_FILE = "/etc/autoenv-hpc/config.toml"
_MAX_AGE = 86_400  # seconds

Table = dict[str, Any]


class Venv(NamedTuple):
    """What is asked of the isolated environment; paths are templates still."""

    path: str = ".venv"
    backend: str = "venv"
    python: str | None = None
    system_site_packages: bool = False
    prompt: str | bool | None = None  # False: none; None: the project's name
    create: str = "auto"
    in_job: bool = True
    requirements: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    pip_args: tuple[str, ...] = ()
    sync: str = "notify"


class PathEdit(NamedTuple):
    """Entries for the ends of one search path; templates still."""

    prepend: tuple[str, ...] = ()
    append: tuple[str, ...] = ()


class Cache(NamedTuple):
    """Whether activations are stored, and for how many seconds."""

    enabled: bool = True
    max_age: int = _MAX_AGE


class Storage(NamedTuple):
    """What a site, or a user, wants of the file systems."""

    home: str = "allow"  # warn: of environments in the home folder
    conda: str = "allow"  # warn: of conda's environments
    caches: str | bool | None = (
        None  # the folder of the installers' caches, a template; False: none
    )


class Config(NamedTuple):
    """What a project asks for, here; every default filled in."""

    file: str
    root: str
    name: str
    modules: tuple[str, ...] = ()
    module_paths: tuple[str, ...] = ()
    module_policy: str = "keep"
    venv: Venv | None = None
    env: dict[str, str | None] = {}  # None unsets
    paths: dict[str, PathEdit] = {}
    python_path: str = "keep"
    env_name: str | None = None
    cache: Cache = Cache()
    storage: Storage = Storage()


class Document(NamedTuple):
    """One valid file."""

    file: str
    data: Table

    @property
    def matches(self) -> dict[str, Match]:
        """How its sites are recognised."""
        found = {name: table["match"] for name, table in self._sites.items() if "match" in table}
        return {
            name: Match(
                {k: tuple(v) for k, v in match.get("env", {}).items()}, tuple(match.get("fqdn", ()))
            )
            for name, match in found.items()
        }

    @property
    def sites(self) -> set[str]:
        """The sites that it has a table for."""
        return set(self._sites)

    @property
    def _sites(self) -> dict[str, Table]:
        sites: dict[str, Table] = self.data.get("site", {})
        return sites


class Settings(NamedTuple):
    """What stands above every project: the system's file, then the user's."""

    files: tuple[str, ...]  # there or not: one that appears counts
    documents: tuple[Document, ...]
    trust: trust.PreApproved
    ceilings: tuple[str, ...]

    @property
    def matches(self) -> dict[str, Match]:
        """How their sites are recognised; the user's word is the last."""
        return {name: m for document in self.documents for name, m in document.matches.items()}

    @property
    def sites(self) -> set[str]:
        """The sites that they have tables for."""
        return {name for document in self.documents for name in document.sites}


def find(start: str, home: str, ceilings: Iterable[str]) -> str | None:
    """The configuration that governs a folder: the nearest, upward.

    Never `/`, never above `home`, its real path or a ceiling: an automounter takes every look-up
    there for the name of a host or a user. The hooks and exec's script follow the same rule.
    """
    limits = [limit.rstrip("/") for limit in (home, os.path.realpath(home), *ceilings)]
    folder = start
    while folder.strip("/") and not any(limit.startswith(f"{folder}/") for limit in limits):
        file = os.path.join(folder, FILE_NAME)
        if os.path.isfile(file):
            return file
        if os.path.realpath(folder) == limits[1]:
            break  # a link led into home; above it stands what is above the link
        folder = os.path.dirname(folder)
    return None


def parse(data: bytes, file: str, *, above: bool = False) -> Document:
    """Read one file's content.

    :param above: whether it is a user's or a site's file and no project's.
    :raises ConfigError: it is not valid; all faults at once, `FILE:LINE: KEY: what is wrong`.
    """
    import tomllib  # noqa: PLC0415 - what was parsed before is remembered: documents.py

    from autoenv_hpc import schema  # noqa: PLC0415 - likewise

    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{file}:{line}: not UTF-8, which TOML must be") from error
    try:
        parsed = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_syntax(file, text, str(error))) from error
    faults = schema.faults(parsed, above=above)
    if faults:
        from autoenv_hpc.toml_places import line_of  # noqa: PLC0415 - only for a fault

        told = sorted((line_of(text, fault.path), _key(fault.path), fault.text) for fault in faults)
        raise ConfigError("\n".join(f"{file}:{line}: {key}: {what}" for line, key, what in told))
    return Document(file, parsed)


def settings(environ: Env, system: str = SYSTEM_FILE) -> Settings:
    """Read the system's and the user's file, where there are any.

    :raises ConfigError: one of them is not valid.
    """
    files = (system, os.path.join(folders.config(environ), "config.toml"))
    documents = []
    for file in files:
        try:
            with open(file, "rb") as stream:
                data = stream.read()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
        documents.append(parse(data, file, above=True))
    paths: list[str] = []
    groups: list[str] = []
    ceilings: list[str] = []
    for document in documents:
        table = document.data.get("trust", {})
        paths += [_absolute(p, "trust.paths", document, environ) for p in table.get("paths", ())]
        groups += table.get("groups", ())
        listed = document.data.get("search", {}).get("ceiling", ())
        listed = [listed] if isinstance(listed, str) else listed
        ceilings += [_absolute(p, "search.ceiling", document, environ) for p in listed]
    return Settings(
        files, tuple(documents), trust.PreApproved(tuple(paths), tuple(groups)), tuple(ceilings)
    )


def select(document: Document, above: Settings, site: str | None, env: str | None) -> Config:
    """Merge all layers for one site and one named environment.

    The system's file, the user's, the project's; in each the base, then `[envs.NAME]`, then
    `[site.NAME]`. Tables merge key by key, lists replace.

    :param env: the named environment, or None for the one of `default-env`.
    :raises ConfigError: there is no such environment, or the project is not meant for this site.
    """
    file = document.file
    defaults: Table = _merge({}, sites.PROFILES.get(site or "", {}))
    for layer in above.documents:
        _merge(defaults, _layer(layer.data, site, env))
    own = _layer(document.data, site, None)
    env = env or own.get("default-env")
    if env is not None:
        known = _env_names(document.data, site)
        if env not in known:
            listed = f"there are: {', '.join(sorted(known))}" if known else "it has none"
            raise ConfigError(f"{file}: no [envs.{env}] ({listed})")
        own = _layer(document.data, site, env)
    if "venv" not in own:
        defaults.pop("venv", None)  # a preference of how, not a wish for one
    merged = _merge(defaults, own)
    only = merged.get("only-sites")
    if only and site not in only:
        here = f"this is {site}" if site else "this is no site that is known"
        raise ConfigError(
            f"{file}: only-sites: this project is for {' and '.join(only)}, and {here}"
            " (`autoenv-hpc status` tells why; AUTOENV_HPC_SITE says which it is)"
        )
    root = os.path.dirname(file)
    return Config(
        file=file,
        root=root,
        name=merged.get("name", os.path.basename(root)),
        modules=tuple(merged.get("modules", ())),
        module_paths=tuple(merged.get("module-paths", ())),
        module_policy=merged.get("module-policy", "keep"),
        venv=_venv(merged["venv"], env) if "venv" in merged else None,
        env={k: None if v is False else v for k, v in merged.get("env", {}).items()},
        paths={
            name: PathEdit(tuple(edit.get("prepend", ())), tuple(edit.get("append", ())))
            for name, edit in merged.get("paths", {}).items()
        },
        python_path=merged.get("python-path", {}).get("policy", "keep"),
        env_name=env,
        cache=_cache(merged.get("cache", {})),
        storage=Storage(**merged.get("storage", {})),
    )


def _layer(data: Table, site: str | None, env: str | None) -> Table:
    """One file's tables, merged for a site and a named environment."""
    here = data.get("site", {}).get(site, {})
    result: Table = {}
    for table in (
        data,
        data.get("envs", {}).get(env, {}),
        here,
        here.get("envs", {}).get(env, {}),
    ):
        _merge(result, {k: v for k, v in table.items() if k not in ("site", "envs", "match")})
    return result


def _env_names(data: Table, site: str | None) -> set[str]:
    here = data.get("site", {}).get(site, {})
    return {*data.get("envs", {}), *here.get("envs", {})}


def _merge(base: Table, over: Mapping[str, object]) -> Table:
    for key, value in over.items():
        present = base.get(key)
        if isinstance(value, dict):
            base[key] = _merge(dict(present) if isinstance(present, dict) else {}, value)
        else:
            base[key] = value
    return base


def _venv(table: Table, env: str | None) -> Venv:
    values: dict[str, Any] = {
        key.replace("-", "_"): tuple(value) if isinstance(value, list) else value
        for key, value in table.items()
    }
    if env is not None and "path" not in values:
        values["path"] = f".venv-{env}"  # alternatives live side by side
    return Venv(**values)  # every type has been checked: schema.py


def _cache(table: Table) -> Cache:
    if "max-age" not in table:
        return Cache(table.get("enabled", True))
    from autoenv_hpc import schema  # noqa: PLC0415 - only for a duration

    return Cache(table.get("enabled", True), schema.seconds(table["max-age"]))


def _absolute(path: str, key: str, document: Document, environ: Env) -> str:
    place = f"{document.file}: {key}"
    result = expand.expand(path, fields={}, environ=environ, place=place)
    if not os.path.isabs(result):
        raise ConfigError(f"{place}: {path}: not an absolute path")
    return os.path.normpath(result)


def _key(path: "Path") -> str:
    return ".".join(str(part) if re.match(r"[\w-]+\Z", str(part)) else repr(part) for part in path)


def _syntax(file: str, text: str, message: str) -> str:
    what, _, place = message.rpartition(" (at ")
    found = re.match(r"line (\d+)", place)
    line = int(found[1]) if found else text.count("\n") + 1
    return f"{file}:{line}: not valid TOML: {what or message}"
