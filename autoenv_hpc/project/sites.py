"""The rules that recognise a site, the surest one first."""

import fnmatch
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import ConfigError
from autoenv_hpc.guards import Guards, domain
from autoenv_hpc.project.known_sites import ALIASES, AMBIGUOUS, CLUSTERS, DOMAINS, IDENTITIES


class Match(NamedTuple):
    """A rule that recognises a site: any variable with any pattern, or any host name."""

    env: dict[str, tuple[str, ...]] = {}
    fqdn: tuple[str, ...] = ()


class Site(NamedTuple):
    """The recognised site, and the conditions under which it stays the same."""

    name: str | None  # of the centre; None: the site is unknown, and the base tables apply
    reason: str
    guards: Guards = Guards()
    cluster: str | None = None

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of the tables that apply here; the later ones are merged on top."""
        both = f"{self.name}-{self.cluster}" if self.cluster else None
        names = (self.name, self.cluster, both)
        return tuple(dict.fromkeys(filter(None, names)))


_Place = tuple[str, str | None]  # centre and cluster


def detect(  # noqa: PLR0913 - each argument feeds a rule
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
    for name, origin in (
        (option, "--site"),
        (environ.get("AUTOENV_HPC_SITE"), "AUTOENV_HPC_SITE"),
    ):
        if name:
            used = () if option else ("AUTOENV_HPC_SITE", *IDENTITIES)
            centre, cluster = _named(name, tables, origin)
            cluster = cluster or _cluster_in(centre, environ)
            return Site(centre, origin, Guards.on_variables(used, environ), cluster)
    consulted = {"AUTOENV_HPC_SITE", *IDENTITIES}
    consulted |= {name for match in matches.values() for name in match.env}
    guards = Guards.on_variables(sorted(consulted), environ)
    host = _Host(fqdn)
    found = _by_variable(environ, matches)
    is_by_host = not found
    if is_by_host:
        found = {
            site: f"the host {host}"
            for site, match in matches.items()
            if match.fqdn and _matches_any(str(host), match.fqdn)
        }
    if found:
        (centre, cluster), reason = _single(found)
        cluster = cluster or _cluster_in(centre, environ)
        return Site(centre, reason, guards._replace(host=node if is_by_host else None), cluster)
    has_rule = host.was_asked  # another host may match it
    place, reason = _by_identity(environ, tables, host)
    if place is None:
        place, reason = _by_domain(host)
    if has_rule or (host.was_asked and tables and "." not in node):
        guards = guards._replace(host=node)
    elif host.was_asked:
        guards = guards._replace(domain=domain(node))
    centre_name, cluster = place or (None, None)
    return Site(centre_name, reason, guards, cluster)


def _by_variable(environ: Env, matches: Mapping[str, Match]) -> dict[str, str]:
    """The sites of the configurations that a variable names, each with the reason."""
    return {
        site: f"{name}={environ[name]}"
        for site, match in matches.items()
        for name, patterns in match.env.items()
        if environ.get(name) and _matches_any(environ[name], patterns)
    }


def _by_identity(environ: Env, tables: set[str], host: "_Host") -> tuple[_Place | None, str]:
    """The place that a variable of a centre, or of the batch system, names."""
    for name, centres in IDENTITIES.items():
        value = environ.get(name, "").lower()
        cluster = ALIASES.get(value, value)
        places = [place for place in _places(cluster) if not centres or place[0] in centres]
        if not centres and cluster in AMBIGUOUS:
            domain_place, _ = _by_domain(host)
            places = [place for place in places if domain_place and place[0] == domain_place[0]]
        if len(places) == 1:
            return places[0], f"{name}={environ[name]}"
        if value in tables and not _places(value):
            return (value, None), f"{name}={environ[name]}"
    return None, "no rule names one"


def _by_domain(host: "_Host") -> tuple[_Place | None, str]:
    """The place to which the host's full name belongs."""
    for pattern, centre in DOMAINS.items():
        if _matches_any(str(host), [pattern]):
            return (centre, _cluster_of(str(host), centre)), f"the host {host}"
    return None, "no rule names one"


def _cluster_of(host: str, centre: str) -> str | None:
    """The cluster that a host's name holds: `rackham1.…`, `login1.ls6.…`, `puhti-login2.…`."""
    for label in host.split("."):
        for word in (label, label.rstrip("0123456789"), label.partition("-")[0]):
            name = ALIASES.get(word, word)
            if name in CLUSTERS[centre]:
                return name
    return None


def _cluster_in(centre: str, environ: Env) -> str | None:
    """The cluster of a known centre that a variable names."""
    for name in IDENTITIES:
        value = environ.get(name, "").lower()
        if ALIASES.get(value, value) in CLUSTERS.get(centre, ()):
            return ALIASES.get(value, value)
    return None


def _places(name: str) -> list[_Place]:
    """The places that a name can mean: a centre, a cluster, or CENTRE-CLUSTER."""
    if name in CLUSTERS:
        own = name if name in CLUSTERS[name] else None
        return [(name, own)]
    pairs = [(centre, cluster) for centre, listed in CLUSTERS.items() for cluster in listed]
    return [(c, k) for c, k in pairs if name in (k, f"{c}-{k}")]


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


def _named(name: str, tables: set[str], origin: str) -> _Place:
    """The place that the user names.

    :raises ConfigError: there is none, or several clusters have that name.
    """
    places = _places(name)
    if len(places) == 1:
        return places[0]
    if name in tables:
        return name, None
    if places:
        ways = " or ".join(f"{centre}-{cluster}" for centre, cluster in places)
        raise ConfigError(f"{origin}: several clusters are named {name} (write {ways})")
    import difflib  # noqa: PLC0415 - only a fault needs similar words

    names = {*tables, *CLUSTERS, *(cluster for listed in CLUSTERS.values() for cluster in listed)}
    close = difflib.get_close_matches(name, sorted(names), 1, 0.6)
    mean = f" (did you mean {close[0]}?)" if close else " (give it a [site] table with a match)"
    raise ConfigError(f"{origin}: unknown site {name}{mean}")


def _single(found: Mapping[str, str]) -> tuple[_Place, str]:
    """The only place among sites of the configurations; a cluster is more than its centre.

    :raises ConfigError: there are several.
    """
    places: dict[_Place, str] = {}
    for site, why in found.items():
        (place, *others) = _places(site) or [(site, None)]
        places[(site, None) if others else place] = why
    for centre, cluster in list(places):
        if cluster and any(place == (centre, None) for place in places):
            del places[(centre, None)]
    if len(places) > 1:
        both = " and ".join(f"{site} ({why})" for site, why in sorted(found.items()))
        raise ConfigError(
            f"more than one site matches: {both} (choose with --site or AUTOENV_HPC_SITE)"
        )
    return next(iter(places.items()))


def _matches_any(value: str, patterns: Iterable[str]) -> bool:
    text = value.lower()
    return any(
        _can_match(text, p) and fnmatch.fnmatchcase(text, p) for p in map(str.lower, patterns)
    )


def _can_match(text: str, pattern: str) -> bool:
    """False if a fixed part is missing, since each pattern takes 0.2 ms to compile."""
    return "[" in pattern or all(part in text for part in pattern.replace("?", "*").split("*"))
