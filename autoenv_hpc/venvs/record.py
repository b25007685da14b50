"""The files that describe an environment."""

import contextlib
import glob
import json
import os
import re
from typing import Any, NamedTuple

from autoenv_hpc.errors import VenvError
from autoenv_hpc.project.choices import Backend as BackendName
from autoenv_hpc.system import files
from autoenv_hpc.system.folders import write_atomically

RECORD = ".autoenv-hpc.json"  # next to pyvenv.cfg, written last
_FORMAT = 2
_MACHINES = {
    3: "i686",
    21: "ppc64le",
    62: "x86_64",
    183: "aarch64",
    243: "riscv64",
}  # ELF e_machine

# Where scripts name the environment: the line of `activate`, and the interpreter of `pip`.
_PLACES = {
    "activate": re.compile(
        r"""^\s*(?:export )?VIRTUAL_ENV=(["']?)(?P<path>/[^\s"'`$\\]+)\1$""", re.MULTILINE
    ),
    "pip": re.compile(r"""^(?:#!|'''exec' "?)(?P<path>/[^\s"'`$\\]+)/bin/python""", re.MULTILINE),
}
_SCRIPT = 10_000  # bytes that hold those lines

Record = dict[str, Any]


class PyvenvCfg(NamedTuple):
    """A virtual environment as `pyvenv.cfg` describes it."""

    home: str  # the folder of the base interpreter
    version: str  # "3.9.18"
    system_site_packages: bool
    made_by: BackendName = "venv"

    @property
    def short(self) -> str:
        """The version as X.Y."""
        return ".".join(self.version.split(".")[:2])


def base_programs(cfg: PyvenvCfg) -> list[str]:
    """The paths that the base interpreter may have; a folder need not have it under each name."""
    names = (f"python{cfg.short}", "python3", "python")
    return [os.path.join(cfg.home, name) for name in names]


def exists(path: str) -> bool:
    """Whether there is anything at the path. An empty folder counts as nothing.

    :raises VenvError: the path cannot be read.
    """
    try:
        return bool(os.listdir(path))
    except FileNotFoundError:
        return False
    except NotADirectoryError:
        return os.path.lexists(path)
    except OSError as error:
        raise VenvError(f"{path}: cannot be read: {error.strerror}") from error


def mark_path(path: str) -> str:
    """The file next to the path that marks a build. It is written first and removed last."""
    folder, name = os.path.split(os.path.realpath(path))
    return os.path.join(folder, f".{name}.autoenv-hpc.building")


def is_unfinished(path: str) -> bool:
    """Whether a build by this tool began at the path and did not finish."""
    path = mark_path(path)
    return os.path.isfile(path) and not os.path.islink(path)


def is_ours(path: str) -> bool:
    """Whether this tool built the environment, or began to build it."""
    return is_unfinished(path) or bool(read(path))


def begin(path: str, process: Record) -> None:
    """Mark the start of a build.

    :param process: its `host`, `process` and `job`, for messages; `kept` if the folder itself was
        there before, and stays when the build fails.
    """
    os.makedirs(os.path.dirname(mark_path(path)), exist_ok=True)
    fields = {**process, "path": os.path.realpath(path)}
    write_atomically(mark_path(path), json.dumps(fields).encode())


def mark(path: str) -> Record:
    """The mark of a build at the path; empty without one."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        found = json.loads(files.read(mark_path(path)))
        return found if isinstance(found, dict) else {}
    return {}


def is_own_mark(path: str) -> bool:
    """Whether this user made the mark of a build for this very path."""
    try:
        files.read_own(mark_path(path))
    except OSError:
        return False
    real = os.path.realpath(path)
    return bool(mark(path).get("path", real) == real)  # older versions do not write the path


def builder(path: str) -> str:
    """The process that builds at the path, for messages."""
    process = mark(path)
    if not process.keys() >= {"host", "process", "job"}:
        return "another process"
    job = f", job {process['job']}" if process["job"] else ""
    return f"process {process['process']} on {process['host']}{job}"


def write(path: str, record: Record) -> None:
    """Write the record of an environment atomically."""
    data = json.dumps({"format": _FORMAT, **record}, indent=2).encode() + b"\n"
    write_atomically(os.path.join(path, RECORD), data, mode=0o666)


def begin_change(path: str, record: Record) -> None:
    """Note that the contents change from now on, so that a killed change is noticed."""
    wishes = {**record.get("wishes", {}), "fingerprint": ""}
    write(path, {**record, "wishes": wishes, "changing": True})


def is_changing(path: str) -> bool:
    """Whether a change of the contents began and did not finish."""
    return read(path).get("changing") is True


def finish(path: str, record: Record) -> None:
    """Mark the end of a build. The record comes first, so a killed build is noticed."""
    write(path, record)
    unmark(path)


def unmark(path: str) -> None:
    """Remove the mark of a build."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(mark_path(path))


def read(path: str) -> Record:
    """The record of an environment; empty for one that was made by hand."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        record: Record = json.loads(files.read(os.path.join(path, RECORD)))
        if _is_whole(record):
            return record
    return {}


def _is_whole(record: object) -> bool:
    """Whether this is a record as we write it, as far as others rely on it."""
    if not isinstance(record, dict) or record.get("format") != _FORMAT:
        return False
    wishes = record.get("wishes", {})
    if not isinstance(wishes, dict):
        return False
    lists = (record.get("installed", []), wishes.get("packages", []))
    texts = (record.get("project", ""), wishes.get("fingerprint", ""))
    return all(_are_texts(values) for values in (*lists, texts))


def _are_texts(values: object) -> bool:
    return isinstance(values, list | tuple) and all(isinstance(value, str) for value in values)


def pyvenv_cfg(path: str) -> PyvenvCfg | None:
    """The content of `pyvenv.cfg` (PEP 405), or what says the same; None without either."""
    try:
        text = files.read(os.path.join(path, "pyvenv.cfg")).decode(errors="replace")
    except OSError:
        return _old_virtualenv(path)
    lines = [line.partition("=") for line in text.splitlines()]
    keys = {key.strip().lower(): value.strip() for key, _, value in lines}
    return PyvenvCfg(
        home=keys.get("home", ""),
        # virtualenv and uv write `version_info`: 3.9.18.final.0, or 3.9.18
        version=keys.get("version") or ".".join(keys.get("version_info", "").split(".")[:3]),
        system_site_packages=keys.get("include-system-site-packages", "").lower() == "true",
        made_by="uv" if "uv" in keys else "virtualenv" if "virtualenv" in keys else "venv",
    )


def _old_virtualenv(path: str) -> PyvenvCfg | None:
    """The same from the files that virtualenv before 20 writes (its `site.py` reads them)."""
    for file in glob.glob(f"{glob.escape(path)}/lib/py*/orig-prefix.txt"):
        folder = os.path.dirname(file)
        with contextlib.suppress(OSError):
            prefix = os.fsdecode(files.read(file)).strip()
            return PyvenvCfg(
                home=os.path.join(prefix, "bin"),
                version=os.path.basename(folder).lstrip("abcdefghijklmnopqrstuvwxyz"),
                system_site_packages=not os.path.exists(
                    os.path.join(folder, "no-global-site-packages.txt")
                ),
                made_by="virtualenv",
            )
    return None


def built_at(path: str) -> str | None:
    """The path for which an environment was built, from its record or its scripts.

    Scripts with a path that a shell would read in another way tell nothing.
    """
    recorded = read(path).get("path")
    if isinstance(recorded, str):
        return recorded
    for name, pattern in _PLACES.items():
        with contextlib.suppress(OSError):
            script = files.read_head(os.path.join(path, "bin", name), _SCRIPT)
            match = pattern.search(os.fsdecode(script))
            if match:
                return match["path"]
    return None


def machine(path: str) -> str | None:
    """The architecture of the environment's Python, an ELF program; None if it is unknown.

    In the ELF header, e_machine is at byte 18 (System V ABI).
    """
    try:
        head = files.read_head(os.path.join(path, "bin", "python"), 20)
    except OSError:
        return None
    if head[:4] != b"\x7fELF":
        return None
    return _MACHINES.get(int.from_bytes(head[18:20], "little" if head[5] == 1 else "big"))
