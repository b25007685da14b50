"""The rules that recognise a site, the surest one first."""

import fnmatch
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import ConfigError
from autoenv_hpc.guards import Guards
from autoenv_hpc.project.known_sites import CENTRES, DOMAINS, IDENTITIES


class Match(NamedTuple):
    """A rule that recognises a site: any variable with any pattern, or any host name."""

    env: dict[str, tuple[str, ...]] = {}
    fqdn: tuple[str, ...] = ()


class Site(NamedTuple):
    """The recognised site, and the conditions under which it stays the same."""

    name: str | None  # None: the site is unknown, and the base tables apply
    reason: str
    guards: Guards = Guards()


def detect(  # noqa: PLR0911, PLR0913 - one return for each rule; each argument feeds a rule
    environ: Env,
    matches: Mapping[str, Match],
    option: str | None,
    fqdn: Callable[[], str],
    *,
    known: Iterable[str] = (),
    node: str = "",
) -> Site:
    """Find the site; the first rule that answers wins.

    :param matches: the rules of the configurations, by the site's name.
    :param option: the name that the user gave on the command line.
    :param fqdn: returns the host's full name; called only if no earlier rule decides.
    :param known: sites that have a table, with or without a rule.
    :param node: the host's own name, for the guard if the host decides.
    :raises ConfigError: two sites match, or the named one is unknown.
    """
    tables = {*known, *matches}
    names = {*tables, *CENTRES.values()}
    if option is not None:
        return Site(_known_site(option, names, "--site"), "--site")
    consulted = ["AUTOENV_HPC_SITE"]
    named = environ.get("AUTOENV_HPC_SITE", "")
    if named:
        guards = Guards.on_variables(consulted, environ)
        return Site(_known_site(named, names, "AUTOENV_HPC_SITE"), "AUTOENV_HPC_SITE", guards)
    consulted += sorted({name for match in matches.values() for name in match.env})
    found = {
        site: f"{name}={environ[name]}"
        for site, match in matches.items()
        for name, patterns in match.env.items()
        if environ.get(name) and _matches_any(environ[name], patterns)
    }
    if found:
        return Site(*_single(found), Guards.on_variables(consulted, environ))
    host = _Host(fqdn)
    by_host = {
        s: f"the host {host}"
        for s, m in matches.items()
        if m.fqdn and _matches_any(str(host), m.fqdn)
    }
    if by_host:
        return Site(*_single(by_host), Guards.on_variables(consulted, environ)._replace(host=node))
    for name in IDENTITIES:
        consulted.append(name)
        value = environ.get(name, "").lower()
        site = value if value in names else CENTRES.get(value)
        if site:
            guards = Guards.on_variables(consulted, environ)
            reason = f"{name}={environ[name]}"
            return Site(site, reason, guards._replace(host=node if host.was_asked else None))
    matters = host.was_asked or not tables.isdisjoint(DOMAINS.values())
    guards = Guards.on_variables(consulted, environ)._replace(host=node if matters else None)
    for pattern, site in DOMAINS.items():
        if _matches_any(str(host), [pattern]):
            return Site(site, f"the host {host}", guards)
    return Site(None, "no rule names one", guards)


class _Host:
    """The host's full name, looked up at most once."""

    def __init__(self, fqdn: Callable[[], str]) -> None:
        self._fqdn = fqdn
        self._name: str | None = None

    @property
    def was_asked(self) -> bool:
        return self._name is not None

    def __str__(self) -> str:
        if self._name is None:
            self._name = self._fqdn().lower().rstrip(".")
        return self._name


def _known_site(name: str, names: set[str], origin: str) -> str:
    if name in names:
        return name
    import difflib  # noqa: PLC0415 - only a fault needs similar words

    close = difflib.get_close_matches(name, names, 1, 0.6)
    mean = f" (did you mean {close[0]}?)" if close else " (give it a [site] table with a match)"
    raise ConfigError(f"{origin}: unknown site {name}{mean}")


def _single(found: Mapping[str, str]) -> tuple[str, str]:
    if len(found) > 1:
        both = " and ".join(f"{site} ({why})" for site, why in sorted(found.items()))
        raise ConfigError(
            f"more than one site matches: {both} (choose with --site or AUTOENV_HPC_SITE)"
        )
    return next(iter(found.items()))


def _matches_any(value: str, patterns: Iterable[str]) -> bool:
    text = value.lower()
    return any(
        _can_match(text, p) and fnmatch.fnmatchcase(text, p) for p in map(str.lower, patterns)
    )


def _can_match(text: str, pattern: str) -> bool:
    """False if a fixed part is missing, since each pattern takes 0.2 ms to compile."""
    return "[" in pattern or all(part in text for part in pattern.replace("?", "*").split("*"))
