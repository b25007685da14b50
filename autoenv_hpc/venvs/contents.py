"""What is installed in folders of packages, read from the names of their metadata folders."""

import glob
import os
import re
from collections.abc import Iterable

from autoenv_hpc.environment import Env


def site_packages(prefix: str) -> list[str]:
    """The folders into which an environment's Python installs."""
    return glob.glob(f"{glob.escape(prefix)}/lib/python*/site-packages")


def distributions(folders: Iterable[str]) -> dict[str, str]:
    """Name and version of each distribution in the folders; the first that has a name counts.

    Names are normalised (PyPA's specifications, Names and normalization).
    """
    found: dict[str, str] = {}
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
                found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), version)
    return found


def installed(prefix: str) -> dict[str, str]:
    """What an environment itself contains."""
    return distributions(site_packages(prefix))


def shadows(prefix: str, env: Env) -> list[str]:
    """The packages of an environment that others on PYTHONPATH hide, each with both versions.

    What is on PYTHONPATH is searched before the environment's own packages (Python's documentation,
    The initialization of the sys.path module search path).
    """
    own = site_packages(prefix)
    before: list[str] = []
    for folder in env.get("PYTHONPATH", "").split(":"):
        if os.path.realpath(folder) in map(os.path.realpath, own):
            break
        before.append(folder)
    mine = distributions(own)
    return [
        f"{name} {mine[name]} by {version} in {folder}"
        for folder in filter(None, before)
        for name, version in distributions([folder]).items()
        if name in mine and mine[name] != version
    ]
