"""What stands at a path: an environment, what it was built from, and whether it matches."""

import json
import os
import shlex
from typing import NamedTuple

from autoenv_hpc.errors import VenvError
from autoenv_hpc.venvs import Environment, Interpreter, Spec

RECORD = ".autoenv-hpc.json"  # beside pyvenv.cfg, written last
MARKER = ".autoenv-hpc.building"  # written first, removed last
_MACHINES = {
    3: "i686",
    21: "ppc64le",
    62: "x86_64",
    183: "aarch64",
    243: "riscv64",
}  # ELF e_machine


class Found(NamedTuple):
    """An environment as its own files describe it."""

    home: str  # the folder of the base interpreter
    version: str  # "3.9.18"
    system_site_packages: bool
    machine: str | None
    record: dict[str, object]


def exists(path: str) -> bool:
    """Whether anything stands at the path; an empty folder is nothing."""
    try:
        return bool(os.listdir(path))
    except FileNotFoundError:
        return False
    except NotADirectoryError:
        return os.path.lexists(path)
    except OSError as error:
        raise VenvError(f"{path}: cannot be read: {error.strerror}") from error


def is_unfinished(path: str) -> bool:
    """Whether a build of ours has begun here and not come to its end."""
    return os.path.exists(os.path.join(path, MARKER))


def read(path: str) -> Found | None:
    """What `pyvenv.cfg` and our record say; None if the folder is no environment."""
    try:
        with open(os.path.join(path, "pyvenv.cfg"), encoding="utf-8", errors="replace") as file:
            lines = [line.partition("=") for line in file]
    except OSError:
        return None
    keys = {key.strip().lower(): value.strip() for key, _, value in lines}
    record: dict[str, object] = {}
    try:
        with open(os.path.join(path, RECORD), encoding="utf-8") as file:
            record = json.load(file)
    except (OSError, ValueError):
        pass  # made by hand
    return Found(
        home=keys.get("home", ""),
        version=keys.get("version") or ".".join(keys.get("version_info", "").split(".")[:3]),
        system_site_packages=keys.get("include-system-site-packages", "").lower() == "true",
        machine=_machine(os.path.join(path, "bin", "python")),
        record=record,
    )


def matched(spec: Spec, needed: Interpreter) -> Environment:
    """The environment at the path, if it is the one that is asked for.

    The base interpreter (prefix and X.Y), the architecture and `system-site-packages` decide, and
    not the list of modules: the usual recipe creates under `Python` and works under `SciPy-bundle`.

    :raises VenvError: it is another one; the message says what was found and what is needed.
    """
    found = read(spec.path)
    if found is None:
        raise VenvError(
            f"{spec.path} exists and is not an environment (move it away, or set path in [venv])"
        )
    if not os.path.isdir(found.home):
        raise VenvError(
            f"{spec.path} was built on a Python in {found.home}, which is gone{_remedy(spec)}"
        )
    if found.machine not in (None, needed.machine):
        raise VenvError(
            f"{spec.path} is for {found.machine}, and this machine is {needed.machine}"
            " (put {arch} into path in [venv])"
        )
    bases = _bases(found)
    if _short(found.version) != needed.version or needed.base_prefix not in bases:
        raise VenvError(
            f"{spec.path} was built on Python {found.version} in {bases[0]},"
            f" and the one here is {needed.full} in {needed.base_prefix}"
            f" (say which with python in [venv]){_remedy(spec)}"
        )
    if found.system_site_packages != spec.system_site_packages:
        has, wants = ("sees", "not to") if found.system_site_packages else ("does not see", "to")
        raise VenvError(
            f"{spec.path} {has} the packages of its base Python, and is asked {wants}"
            f" (system-site-packages in [venv]){_remedy(spec)}"
        )
    files = (*watched(spec), needed.executable)
    return Environment(spec.path, needed, spec.backend, watched=files)


def foreign(spec: Spec, needed: Interpreter | None = None) -> Environment:
    """Somebody else's environment, taken as it is: a venv, a conda prefix, or wrappers in `bin`.

    :raises VenvError: there is none, or its base interpreter is gone.
    """
    if not os.path.isdir(os.path.join(spec.path, "bin")):
        raise VenvError(f'{spec.path}: no environment there, and backend = "existing" builds none')
    found = read(spec.path)
    if found is not None and not os.path.isdir(found.home):
        raise VenvError(f"{spec.path} was built on a Python in {found.home}, which is gone")
    backend = "conda" if os.path.isdir(os.path.join(spec.path, "conda-meta")) else "existing"
    if needed is None:
        from autoenv_hpc.venvs.interpreters import find_interpreter  # noqa: PLC0415

        needed = find_interpreter(None, {"PATH": os.path.join(spec.path, "bin")})
    return Environment(spec.path, needed, backend, watched=watched(spec))


def watched(spec: Spec) -> tuple[str, ...]:
    """The files whose change makes it another environment, there or not."""
    names = ("pyvenv.cfg", RECORD, MARKER, "bin/python")
    return (*(os.path.join(spec.path, name) for name in names), *spec.requirements)


def _bases(found: Found) -> list[str]:
    """The resolved prefixes that its base interpreter may call its own.

    `home` may be a folder of links to an interpreter that lives elsewhere.
    """
    program = os.path.realpath(os.path.join(found.home, f"python{_short(found.version)}"))
    folders = (os.path.dirname(found.home), os.path.dirname(os.path.dirname(program)))
    return [os.path.realpath(folder) for folder in folders]


def _short(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _remedy(spec: Spec) -> str:
    return f"; to build it anew: rm -r {shlex.quote(spec.path)}"


def _machine(program: str) -> str | None:
    """The architecture of an ELF program (System V ABI, ELF header: e_machine at byte 18)."""
    try:
        with open(program, "rb") as file:
            head = file.read(20)
    except OSError:
        return None
    if head[:4] != b"\x7fELF":
        return None
    return _MACHINES.get(int.from_bytes(head[18:20], "little" if head[5] == 1 else "big"))
