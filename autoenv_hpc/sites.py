"""Which site is this: the rules of recognition, from the surest sign to the last."""

import fnmatch
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import ConfigError


class Match(NamedTuple):
    """How a site is recognised: any variable with any of its patterns, or any host name."""

    env: dict[str, tuple[str, ...]] = {}
    fqdn: tuple[str, ...] = ()


class Site(NamedTuple):
    """The answer, and what it was read from."""

    name: str | None  # None: no site is known, the base tables apply
    reason: str
    consulted: tuple[str, ...] = ()  # environment variables that were read on the way
    host_bound: bool = False  # whether another host's name could change what is loaded


# Set by the sites themselves in each login shell and job; the value names the cluster.
_IDENTITIES = (
    "CC_CLUSTER", "SNIC_RESOURCE", "NAISS_RESOURCE", "NERSC_HOST", "TACC_SYSTEM", "PAWSEY_CLUSTER",
    "VSC_INSTITUTE_CLUSTER", "LMOD_SYSTEM_NAME", "SLURM_CLUSTER_NAME", "CLUSTER_NAME", "CLUSTER",
)  # fmt: skip

# Clusters, and the site whose modules and file systems they share.
_CENTRES = {
    "kebnekaise": "hpc2n", "abisko": "hpc2n",
    "rackham": "uppmax", "snowy": "uppmax", "bianca": "uppmax", "pelle": "uppmax",
    "miarka": "uppmax",
    "tetralith": "nsc", "sigma": "nsc", "arrhenius": "nsc",
    "dardel": "pdc", "tegner": "pdc", "beskow": "pdc",
    "alvis": "c3se", "vera": "c3se",
    "cosmos": "lunarc", "aurora": "lunarc",
    "perlmutter": "nersc", "cori": "nersc",
    "frontera": "tacc", "stampede3": "tacc", "lonestar6": "tacc", "vista": "tacc",
    "setonix": "pawsey",
    "fir": "alliance", "narval": "alliance", "rorqual": "alliance", "nibi": "alliance",
    "trillium": "alliance", "cedar": "alliance", "graham": "alliance", "beluga": "alliance",
    "niagara": "alliance",
    "lumi": "lumi", "snellius": "surf", "levante": "dkrz", "puhti": "csc", "mahti": "csc",
    "roihu": "csc",
    "daint": "cscs", "eiger": "cscs", "santis": "cscs", "clariden": "cscs",
    "frontier": "olcf", "summit": "olcf", "andes": "olcf", "polaris": "alcf",
    "mahuika": "nesi", "maui": "nesi",
}  # fmt: skip

# What a site asks of everybody, below all configuration.
PROFILES: dict[str, dict[str, object]] = {
    # "we strongly recommend you place it in your project storage"; "a virtual environment is the
    # only recommended way"
    "hpc2n": {"storage": {"home": "warn", "conda": "warn"}},
}

_DOMAINS = {
    "*.hpc2n.umu.se": "hpc2n", "*.uppmax.uu.se": "uppmax", "*.nsc.liu.se": "nsc",
    "*.pdc.kth.se": "pdc", "*.c3se.chalmers.se": "c3se", "*.lunarc.lu.se": "lunarc",
    "*.nersc.gov": "nersc", "*.tacc.utexas.edu": "tacc", "*.pawsey.org.au": "pawsey",
    "*.computecanada.ca": "alliance", "*.alliancecan.ca": "alliance", "*.csc.fi": "csc",
    "*.cscs.ch": "cscs", "*.olcf.ornl.gov": "olcf", "*.alcf.anl.gov": "alcf",
    "*.surf.nl": "surf", "*.dkrz.de": "dkrz", "*.nesi.org.nz": "nesi",
}  # fmt: skip


def detect(  # noqa: PLR0911 - one return a rule, in their order
    environ: Env,
    matches: Mapping[str, Match],
    option: str | None,
    fqdn: Callable[[], str],
    *,
    known: Iterable[str] = (),
) -> Site:
    """Find the site; the first rule that answers wins.

    :param matches: what the configurations say of their sites, by name.
    :param option: the name that the user gave on the command line.
    :param fqdn: asked for the host's full name, only where nothing else answered.
    :param known: sites that have a table, with or without a match.
    :raises ConfigError: two sites match, or the named one is known to nobody.
    """
    tables = {*known, *matches}
    names = {*tables, *_CENTRES.values()}
    if option is not None:
        return Site(_existing(option, names, "--site"), "--site")
    consulted = ["AUTOENV_HPC_SITE"]
    named = environ.get("AUTOENV_HPC_SITE", "")
    if named:
        return Site(
            _existing(named, names, "AUTOENV_HPC_SITE"), "AUTOENV_HPC_SITE", ("AUTOENV_HPC_SITE",)
        )
    consulted += sorted({name for match in matches.values() for name in match.env})
    found = {
        site: f"{name}={environ[name]}"
        for site, match in matches.items()
        for name, patterns in match.env.items()
        if environ.get(name) and _like(environ[name], patterns)
    }
    if found:
        return Site(*_only(found), tuple(consulted))
    host = _Host(fqdn)
    by_host = {
        s: f"the host {host}" for s, m in matches.items() if m.fqdn and _like(str(host), m.fqdn)
    }
    if by_host:
        return Site(*_only(by_host), tuple(consulted), host_bound=True)
    for name in _IDENTITIES:
        consulted.append(name)
        value = environ.get(name, "").lower()
        site = value if value in names else _CENTRES.get(value)
        if site:
            return Site(site, f"{name}={environ[name]}", tuple(consulted), host.was_asked)
    matters = host.was_asked or not tables.isdisjoint(_DOMAINS.values())
    for pattern, site in _DOMAINS.items():
        if _like(str(host), [pattern]):
            return Site(site, f"the host {host}", tuple(consulted), matters)
    return Site(None, "nothing names one", tuple(consulted), matters)


class _Host:
    """The host's full name, asked for once and only if needed."""

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


def _existing(name: str, names: set[str], origin: str) -> str:
    if name in names:
        return name
    import difflib  # noqa: PLC0415 - only a fault looks for near words

    close = difflib.get_close_matches(name, names, 1, 0.6)
    mean = f" (did you mean {close[0]}?)" if close else " (give it a [site] table with a match)"
    raise ConfigError(f"{origin}: unknown site {name}{mean}")


def _only(found: Mapping[str, str]) -> tuple[str, str]:
    if len(found) > 1:
        both = " and ".join(f"{site} ({why})" for site, why in sorted(found.items()))
        raise ConfigError(
            f"more than one site matches: {both}; choose with --site or AUTOENV_HPC_SITE"
        )
    return next(iter(found.items()))


def _like(value: str, patterns: Iterable[str]) -> bool:
    text = value.lower()
    return any(_may(text, p) and fnmatch.fnmatchcase(text, p) for p in map(str.lower, patterns))


def _may(text: str, pattern: str) -> bool:
    """False if a fixed part is missing: each pattern that is compiled takes 0.2 ms."""
    return "[" in pattern or all(part in text for part in pattern.replace("?", "*").split("*"))
