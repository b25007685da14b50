"""The packages in an environment, read from their metadata folders."""

import glob
import os
import re
from collections.abc import Iterable

from autoenv_hpc.environment import Env
from autoenv_hpc.venvs.types import MatchedVenv

_SEEDS = frozenset(("pip", "setuptools", "wheel"))
# The line in which pip or uv announces what it installs.
_ANNOUNCED = re.compile(
    r"Installing collected packages: (?P<names>.+)|Resolved (?P<number>\d+) packages?\b"
)


def site_packages(prefix: str) -> list[str]:
    """The folders into which an environment's Python installs."""
    return glob.glob(f"{glob.escape(prefix)}/lib/py*/site-packages")  # pypy's too


def distributions(folders: Iterable[str]) -> dict[str, str]:
    """The version of each distribution in the folders; the first of each name counts.

    Names are normalised (PyPA's specifications, Names and normalization).
    """
    versions: dict[str, str] = {}
    for folder in folders:
        try:
            entries = os.listdir(folder)
        except OSError:
            continue
        for entry in sorted(entries):
            stem, end = os.path.splitext(entry)
            if end in (".dist-info", ".egg-info"):
                name, _, rest = stem.partition("-")
                version = rest.partition("-py")[0]
                versions.setdefault(re.sub(r"[-_.]+", "-", name).lower(), version)
    return versions


def installed(prefix: str) -> dict[str, str]:
    """The version of each distribution in the environment itself."""
    return distributions(site_packages(prefix))


def announced_count(line: str) -> int | None:
    """The number of packages that an installer announces in this line; None without a number."""
    match = _ANNOUNCED.match(line)
    if match is None:
        return None
    return int(match["number"]) if match["number"] else len(match["names"].split(","))


def hidden_packages(prefix: str, env: Env) -> list[str]:
    """The packages that PYTHONPATH hides from the environment, each with both versions.

    Python searches PYTHONPATH before the environment's own packages (Python's documentation, The
    initialization of the sys.path module search path).
    """
    own = site_packages(prefix)
    earlier: list[str] = []
    for folder in env.get("PYTHONPATH", "").split(":"):
        if os.path.realpath(folder) in map(os.path.realpath, own):
            break
        earlier.append(folder)
    own_versions = distributions(own)
    return [
        f"{name} {own_versions[name]} by {version} in {folder}"
        for folder in filter(None, earlier)
        for name, version in distributions([folder]).items()
        if own_versions.get(name, version) != version
    ]


def module_packages(prefix: str, env: Env) -> list[str]:
    """The packages that an environment's Python gets from modules, as `NAME VERSION`."""
    folders = [folder for folder in env.get("PYTHONPATH", "").split(":") if folder]
    for root in env.get("EBPYTHONPREFIXES", "").split(":"):  # EasyBuild's sitecustomize
        folders += site_packages(root) if root else []
    return _without(folders, site_packages(prefix))


def base_packages(venv: MatchedVenv) -> list[str]:
    """The packages of an environment's base Python, as `NAME VERSION`."""
    base = site_packages(venv.interpreter.base_prefix) if venv.interpreter else []
    return _without(base, site_packages(venv.prefix))


def _without(folders: list[str], own: list[str]) -> list[str]:
    """The packages in the folders that are not in the environment, without the seeds."""
    left_out = distributions(own).keys() | _SEEDS
    return [f"{n} {v}" for n, v in sorted(distributions(folders).items()) if n not in left_out]
