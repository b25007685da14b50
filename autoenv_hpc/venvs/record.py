"""The files that describe an environment, such as the record of its build."""

import contextlib
import json
import os
from typing import Any, NamedTuple

from autoenv_hpc.errors import VenvError
from autoenv_hpc.system.folders import write_atomically

RECORD = ".autoenv-hpc.json"  # beside pyvenv.cfg, written last
_FORMAT = 2
_MACHINES = {
    3: "i686",
    21: "ppc64le",
    62: "x86_64",
    183: "aarch64",
    243: "riscv64",
}  # ELF e_machine

Record = dict[str, Any]


class PyvenvCfg(NamedTuple):
    """A virtual environment as `pyvenv.cfg` describes it."""

    home: str  # the folder of the base interpreter
    version: str  # "3.9.18"
    system_site_packages: bool


def exists(path: str) -> bool:
    """Whether there is anything at the path. An empty folder counts as nothing."""
    try:
        return bool(os.listdir(path))
    except FileNotFoundError:
        return False
    except NotADirectoryError:
        return os.path.lexists(path)
    except OSError as error:
        raise VenvError(f"{path}: cannot be read: {error.strerror}") from error


def mark(path: str) -> str:
    """The file beside the path that says that a build has begun: written first, removed last."""
    folder, name = os.path.split(os.path.realpath(path))
    return os.path.join(folder, f".{name}.autoenv-hpc.building")


def is_unfinished(path: str) -> bool:
    """Whether a build of ours began here and did not finish."""
    return os.path.exists(mark(path))


def is_ours(path: str) -> bool:
    """Whether this tool built the environment, or began to."""
    return is_unfinished(path) or bool(read(path))


def begin(path: str, who: Record) -> None:
    """Mark the begin of a build."""
    with open(mark(path), "w", encoding="utf-8") as file:
        json.dump(who, file)


def builder(path: str) -> str:
    """The process that builds here, for messages."""
    try:
        with open(mark(path), encoding="utf-8") as file:
            who = json.load(file)
        job = f", job {who['job']}" if who["job"] else ""
        return f"process {who['process']} on {who['host']}{job}"
    except (OSError, ValueError, KeyError):
        return "another process"


def write(path: str, record: Record) -> None:
    """Write what an environment was built from, whole or not at all."""
    data = json.dumps({"format": _FORMAT, **record}, indent=2).encode() + b"\n"
    write_atomically(os.path.join(path, RECORD), data, mode=0o666)


def finish(path: str, record: Record) -> None:
    """Mark the end of a build. The record comes first, so that a killed build is noticed."""
    write(path, record)
    unmark(path)


def unmark(path: str) -> None:
    """Remove the mark of a build."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(mark(path))


def read(path: str) -> Record:
    """The record of its build; empty for an environment that was made by hand."""
    with contextlib.suppress(OSError, ValueError):
        with open(os.path.join(path, RECORD), encoding="utf-8") as file:
            record = json.load(file)
        if isinstance(record, dict) and record.get("format") == _FORMAT:
            return record
    return {}


def pyvenv_cfg(path: str) -> PyvenvCfg | None:
    """What `pyvenv.cfg` says (PEP 405); None if there is none."""
    try:
        with open(os.path.join(path, "pyvenv.cfg"), encoding="utf-8", errors="replace") as file:
            lines = [line.partition("=") for line in file]
    except OSError:
        return None
    keys = {key.strip().lower(): value.strip() for key, _, value in lines}
    return PyvenvCfg(
        home=keys.get("home", ""),
        # virtualenv and uv write `version_info`: 3.9.18.final.0, or 3.9.18
        version=keys.get("version") or ".".join(keys.get("version_info", "").split(".")[:3]),
        system_site_packages=keys.get("include-system-site-packages", "").lower() == "true",
    )


def machine(path: str) -> str | None:
    """The architecture of the environment's Python, an ELF program; None if it is unknown.

    System V ABI, ELF header: e_machine stands at byte 18.
    """
    try:
        with open(os.path.join(path, "bin", "python"), "rb") as file:
            head = file.read(20)
    except OSError:
        return None
    if head[:4] != b"\x7fELF":
        return None
    return _MACHINES.get(int.from_bytes(head[18:20], "little" if head[5] == 1 else "big"))
