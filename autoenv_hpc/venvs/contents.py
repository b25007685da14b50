"""The packages in an environment, read from their metadata folders."""

import glob
import os
import re
from collections.abc import Iterable
from typing import NamedTuple

from autoenv_hpc.environment import Env
from autoenv_hpc.system import files
from autoenv_hpc.venvs.types import MatchedVenv

SEEDS = frozenset(("pip", "setuptools", "wheel"))  # what every environment may have
# Folders beside a package that nobody imports, though many packages have them.
_COMMON = frozenset(
    ("test", "tests", "doc", "docs", "example", "examples", "benchmarks", "scripts")
)
_LARGEST = 1 << 24  # bytes; a list of 100,000 files
# The line in which pip or uv announces what it installs.
_ANNOUNCED = re.compile(
    r"Installing collected packages: (?P<names>.+)|Resolved (?P<number>\d+) packages?\b"
)


def site_packages(prefix: str) -> list[str]:
    """The folders into which an environment's Python installs."""
    return glob.glob(f"{glob.escape(prefix)}/lib/py*/site-packages")  # pypy's too


class Package(NamedTuple):
    """An installed package, as the name of its metadata folder says."""

    version: str
    folder: str
    metadata: str  # the name of the metadata folder


def packages(folders: Iterable[str]) -> dict[str, Package]:
    """The packages in the folders by normalised name; the first of each name counts."""
    found: dict[str, Package] = {}
    for folder in folders:
        try:
            entries = os.listdir(folder)
        except OSError:
            continue
        for entry in sorted(entries):
            stem, end = os.path.splitext(entry)
            if end in (".dist-info", ".egg-info") and not entry.startswith("~"):
                version = stem.partition("-")[2].partition("-py")[0]
                name = normalised(stem.partition("-")[0])
                found.setdefault(name, Package(version, folder, entry))
    return found


def distributions(folders: Iterable[str]) -> dict[str, str]:
    """The version of each package in the folders; the first of each name counts."""
    return {name: package.version for name, package in packages(folders).items()}


def normalised(name: str) -> str:
    """A package's name as all spellings have it (PyPA, Names and normalization)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def top_level(folder: str, metadata: str) -> list[str]:
    """The names under which a package can be imported, from its own lists, else its own name."""
    text = _text(f"{folder}/{metadata}/top_level.txt")
    if text:
        names = {line.strip().partition("/")[0] for line in text.splitlines()}
    else:
        parts = [row[0].split("/") for row in _recorded(folder, metadata)]
        names = {part[0] for part in parts if len(part) > 1 and part[0] != "__pycache__"}
        names |= {part[0].partition(".")[0] for part in parts if part[0].endswith((".py", ".so"))}
    names = {name for name in names if name.isidentifier() and name not in _COMMON}
    own = metadata.partition("-")[0].replace(".", "_")
    is_there = any(os.path.exists(f"{folder}/{own}{end}") for end in ("", ".py"))
    return sorted(names) or ([own] if is_there else [])


def commands(folder: str, metadata: str) -> list[str]:
    """The commands that a package brings (PyPA's specifications, Entry points)."""
    text = _text(f"{folder}/{metadata}/entry_points.txt")
    section = re.search(r"^\[console_scripts\]\s*$([^[]*)", text, re.MULTILINE)
    lines = section[1].splitlines() if section else []
    return [line.partition("=")[0].strip() for line in lines if "=" in line]


def _recorded(folder: str, metadata: str) -> list[list[str]]:
    """The rows of the list of a package's files; empty without one."""
    import csv  # noqa: PLC0415 - only a build needs it

    lines = _text(f"{folder}/{metadata}/RECORD").splitlines()
    return [row for row in csv.reader(lines) if row]


def _text(path: str) -> str:
    try:
        return os.fsdecode(files.read(path, _LARGEST))
    except OSError:
        return ""


def installed(prefix: str) -> dict[str, str]:
    """The version of each distribution in the environment itself."""
    return distributions(site_packages(prefix))


def incomplete(prefix: str, expected: Iterable[str]) -> list[str]:
    """The packages of which a killed installer has left, or has removed, only a part.

    :param expected: the packages that were there before.
    """
    faulty = set(expected) - installed(prefix).keys()
    for folder in site_packages(prefix):
        for entry in os.listdir(folder):
            if entry.startswith("~"):  # where pip keeps what it replaces
                faulty.add(entry.partition("-")[0])
            elif entry.endswith(".dist-info") and not _is_complete(folder, entry):
                faulty.add(normalised(entry.partition("-")[0]))
    return sorted(faulty)


def _is_complete(folder: str, metadata: str) -> bool:
    """Whether all files of a package are there (PyPA's specifications, Recording installs)."""
    rows = _recorded(folder, metadata)
    try:
        for name, *rest in rows:
            if not name.endswith(".pyc"):
                size = os.lstat(os.path.join(folder, name)).st_size
                if len(rest) > 1 and rest[1].isdecimal() and size < int(rest[1]):
                    return False
    except (OSError, ValueError):  # ValueError: a NUL in a name
        return False
    return bool(rows)


def announced_count(line: str) -> int | None:
    """The number of packages that an installer announces in this line; None without a number."""
    match = _ANNOUNCED.match(line)
    if match is None:
        return None
    return int(match["number"]) if match["number"] else len(match["names"].split(","))


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
    left_out = distributions(own).keys() | SEEDS
    return [f"{n} {v}" for n, v in sorted(distributions(folders).items()) if n not in left_out]
