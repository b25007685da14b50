"""The packages in an environment, read from their metadata folders."""

import glob
import os
import re
from collections.abc import Iterable

from autoenv_hpc.environment import Env
from autoenv_hpc.venvs.types import MatchedVenv

_SEEDS = frozenset(("pip", "setuptools", "wheel"))
# pip's line before it installs, and uv's
_ANNOUNCED = re.compile(
    r"Installing collected packages: (?P<names>.+)|Resolved (?P<number>\d+) packages?\b"
)


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


def announced(line: str) -> int | None:
    """How many packages an installer announces in this line; None if it announces none."""
    found = _ANNOUNCED.match(line)
    if found is None:
        return None
    return int(found["number"]) if found["number"] else len(found["names"].split(","))


def shadows(prefix: str, env: Env) -> list[str]:
    """The packages that PYTHONPATH hides from the environment, each with both versions.

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


def from_elsewhere(environment: MatchedVenv, env: Env, *, sees_base: bool) -> list[str]:
    """What an environment's Python can import besides its own: from modules, or its base.

    :param sees_base: whether it sees the packages of the base Python.
    :returns: `name version` each, without the installers that every Python has.
    """
    folders = [folder for folder in env.get("PYTHONPATH", "").split(":") if folder]
    for prefix in env.get("EBPYTHONPREFIXES", "").split(":"):  # EasyBuild's sitecustomize
        folders += site_packages(prefix) if prefix else []
    if sees_base and environment.interpreter:
        folders += site_packages(environment.interpreter.base_prefix)
    own = installed(environment.prefix)
    found = distributions(folders)
    return [f"{n} {v}" for n, v in sorted(found.items()) if n not in own and n not in _SEEDS]
