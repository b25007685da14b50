"""The configuration's layers, merged for one site."""

import os
from collections.abc import Iterable, Mapping
from typing import Any

from autoenv_hpc.errors import ConfigError
from autoenv_hpc.printable import printable
from autoenv_hpc.project import known_sites
from autoenv_hpc.project.config import (
    Cache,
    Config,
    Document,
    PathEdit,
    PathValue,
    Settings,
    Storage,
    Table,
    Venv,
)
from autoenv_hpc.project.sites import Site


def select(document: Document, above: Settings, site: Site, env: str | None) -> Config:
    """Merge all layers for one site and one named environment.

    The order is the system's file, the user's, the project's; within each file the base, then
    `[envs.NAME]`, then `[site.CENTRE]` and `[site.CLUSTER]`. Tables merge key by key; lists
    replace each other.

    :param env: the named environment; None stands for `default-env`.
    :raises ConfigError: there is no such environment, or `only-sites` excludes this site.
    """
    file = document.file
    defaults: Table = _merge({}, known_sites.PROFILES.get(site.name or "", {}))
    for layer in above.documents:
        _merge(defaults, _layer(layer.data, site.tables, env))
    own = _layer(document.data, site.tables, None)
    env = env or own.get("default-env")
    if env is not None:
        known = _env_names(document.data, site.tables)
        if env not in known:
            listed = (
                f"defined: {', '.join(sorted(known))}"
                if known
                else f"none is defined: add [envs.{env}], or leave --env out"
            )
            raise ConfigError(f"{file}: no [envs.{env}] ({listed})")
        own = _layer(document.data, site.tables, env)
    if "venv" not in own:
        defaults.pop("venv", None)  # a preference for environments, not a request for one
    merged = _merge(defaults, own)
    only = merged.get("only-sites")
    if only and not {*only} & {*site.tables}:
        actual = f"this is {site.cluster or site.name}" if site.name else "the site here is unknown"
        raise ConfigError(
            f"{file}: only-sites: this project is for {' and '.join(only)}, but {actual}"
            " (see `autoenv-hpc status`, or set AUTOENV_HPC_SITE)"
        )
    root = os.path.dirname(file)
    return Config(
        file=file,
        root=root,
        name=merged.get("name") or printable(os.path.basename(root)),
        modules=tuple(merged.get("modules", ())),
        module_paths=tuple(merged.get("module-paths", ())),
        module_policy=merged.get("module-policy", "keep"),
        venv=_venv(merged["venv"], env) if "venv" in merged else None,
        env={name: _variable(value) for name, value in merged.get("env", {}).items()},
        paths={
            name: PathEdit(tuple(edit.get("prepend", ())), tuple(edit.get("append", ())))
            for name, edit in merged.get("paths", {}).items()
        },
        python_path=merged.get("python-path", {}).get("policy", "keep"),
        env_name=env,
        cache=_cache(merged.get("cache", {})),
        storage=Storage(**merged.get("storage", {})),
    )


def _layer(data: Table, sites: Iterable[str], env: str | None) -> Table:
    """One file's tables, merged for a site's names and a named environment."""
    result: Table = {}
    for part in _parts(data, sites):
        for table in (part, part.get("envs", {}).get(env, {})):
            _merge(result, {k: v for k, v in table.items() if k not in ("site", "envs", "match")})
    return result


def _env_names(data: Table, sites: Iterable[str]) -> set[str]:
    return {name for part in _parts(data, sites) for name in part.get("envs", {})}


def _parts(data: Table, sites: Iterable[str]) -> list[Table]:
    """The base and the tables of the site, the later ones merged on top."""
    return [data, *(data.get("site", {}).get(site, {}) for site in sites)]


def _merge(base: Table, over: Mapping[str, object]) -> Table:
    for key, value in over.items():
        present = base.get(key)
        if isinstance(value, dict):
            base[key] = _merge(dict(present) if isinstance(present, dict) else {}, value)
        else:
            base[key] = value
    return base


def _variable(value: Any) -> str | PathValue | None:
    if isinstance(value, dict):
        return PathValue(value["path"])
    return None if value is False else str(value)


def _venv(table: Table, env: str | None) -> Venv:
    values: dict[str, Any] = {
        key.replace("-", "_"): tuple(value) if isinstance(value, list) else value
        for key, value in table.items()
    }
    if env is not None and "path" not in values:
        values["path"] = f".venv-{env}"  # alternatives live side by side
    return Venv(**values)  # schema.py has checked every type


def _cache(table: Table) -> Cache:
    if "max-age" not in table:
        return Cache(table.get("enabled", True))
    from autoenv_hpc.project import schema  # noqa: PLC0415 - only for a duration

    return Cache(table.get("enabled", True), schema.seconds(table["max-age"]))
