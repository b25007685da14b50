"""Python interpreters, found by version, name or path."""

import glob
import os
import re
from collections.abc import Iterable, Iterator

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import VenvError
from autoenv_hpc.system import json_cache, programs
from autoenv_hpc.system.digests import digest
from autoenv_hpc.system.folders import Folders
from autoenv_hpc.venvs.types import Interpreter

_KIND = "interpreters"
_TIMEOUT = 120  # seconds; a cold start from a parallel file system takes some
_VERSION = re.compile(r"\d+(\.\d+){0,2}\Z")
# For 2.7 too. Not `-I`, which 2.7 lacks; `-S` leaves out what site packages do at start-up.
_WHO = """\
import sys
print("\\0".join([sys.executable, getattr(sys, "base_prefix", sys.prefix),
                 "%d.%d" % sys.version_info[:2], "%d.%d.%d" % sys.version_info[:3]]))
"""


def find_interpreter(python: str | None, environ: Env, folders: Folders) -> Interpreter:
    """The interpreter that a configuration means.

    :param python: a version (`3.9`), a name (`python3.9`) or an absolute path; None for the one
        that the modules provide, else `python3` on PATH.
    :raises VenvError: there is none; the message says where it was looked for.
    """
    wrong = []
    for candidate in _candidates(python, environ, folders.home):
        found = _ask(candidate, environ, folders.cache)
        if isinstance(found, str):
            wrong.append(found)
        elif python is None or not _VERSION.match(python) or is_version(found, python):
            return found
        else:
            wrong.append(f"{candidate} is {found.full}")
    looked = "; ".join(dict.fromkeys(wrong)) or "none on PATH"
    wanted = f"Python {python}" if python and _VERSION.match(python) else python or "Python"
    raise VenvError(
        f"no {wanted} here ({looked}): load a module that brings it, or set python in [venv]"
    )


def is_version(found: Interpreter, wanted: str) -> bool:
    """Whether an interpreter is of a version, given in full or in its first parts."""
    return f"{found.full}.".startswith(f"{wanted}.")


def _candidates(python: str | None, environ: Env, home: str) -> Iterator[str]:
    """Where to look, in this order: modules and PATH, pyenv's versions, uv's."""
    if python is None:
        yield from _on_path(("python3", "python"), environ, first_folder_only=True)
    elif os.path.isabs(python):
        yield python
    elif not _VERSION.match(python):
        yield from _on_path((python,), environ)
    else:
        short = ".".join(python.split(".")[:2])
        yield from _on_path(("python3", "python"), environ, first_folder_only=True)
        yield from _on_path((f"python{short}",), environ)
        for pattern in _installed(python, environ, home):
            yield from (f"{folder}/bin/python{short}" for folder in _newest_first(pattern))


def _installed(version: str, environ: Env, home: str) -> Iterator[str]:
    """Patterns of the folders in which pyenv (`pyenv root`) and uv (`uv python dir`) have them."""
    pyenv = environ.get("PYENV_ROOT") or f"{home}/.pyenv"
    data = environ.get("XDG_DATA_HOME") or f"{home}/.local/share"
    uv = environ.get("UV_PYTHON_INSTALL_DIR") or f"{data}/uv/python"
    for base, name in ((pyenv, "versions/"), (uv, "cpython-")):
        for end in ("", "[.-]*"):  # 3.1 is not 3.12
            yield f"{glob.escape(base)}/{name}{version}{end}"


def _newest_first(pattern: str) -> Iterable[str]:
    def numbers(folder: str) -> list[int]:
        return [int(n) for n in re.findall(r"\d+", os.path.basename(folder))]

    return sorted(glob.glob(pattern), key=numbers, reverse=True)


def _on_path(
    names: tuple[str, ...], environ: Env, *, first_folder_only: bool = False
) -> Iterator[str]:
    """The programs of these names, folder by folder; a module's folder stands first."""
    for folder in environ.get("PATH", os.defpath).split(":"):
        found = [p for name in names if _is_program(p := os.path.join(folder or ".", name))]
        yield from found
        if found and first_folder_only:
            return


def _is_program(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)


def _ask(path: str, environ: Env, cache: str) -> Interpreter | str:
    """What the interpreter is, or why it does not run. An unchanged one need not run again."""
    key, stamp = _identity(path, environ)
    known = json_cache.load(cache, _KIND, key) if stamp else None
    if known and known["stamp"] == stamp:
        return Interpreter(*known["who"])
    found = _run(path, environ)
    if stamp and isinstance(found, Interpreter):
        json_cache.save(cache, _KIND, key, {"stamp": stamp, "who": list(found)})
    return found


def _identity(path: str, environ: Env) -> tuple[str, list[int] | None]:
    """The key under which a program is remembered, and its present state.

    With other libraries it may not even start. No stamp for a script: a wrapper, or one of pyenv's
    shims, may start another program each time.
    """
    real = os.path.realpath(path)
    try:
        status = os.stat(real)
        with open(real, "rb") as file:
            is_script = file.read(2) == b"#!"
    except OSError:
        return path, None
    libraries = [environ.get(name) for name in ("LD_LIBRARY_PATH", "LD_PRELOAD")]
    key = digest([path, real, os.uname().machine, libraries])
    return key, None if is_script else [status.st_mtime_ns, status.st_size]


def _run(path: str, environ: Env) -> Interpreter | str:
    env = {
        name: value for name, value in environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")
    }
    try:
        with programs.scratch_folder() as folder:
            done = programs.run([path, "-E", "-S", "-c", _WHO], env, folder, _TIMEOUT)
        if done.status == 0:
            executable, prefix, short, full = done.stdout.removesuffix("\n").split("\0")
            prefix, machine = os.path.realpath(prefix), os.uname().machine
            return Interpreter(executable, prefix, short, full, machine)
    except FileNotFoundError:
        return f"{path} is not there"
    except TimeoutError:
        return f"{path} does not run: it took longer than {_TIMEOUT} s"
    except (OSError, ValueError) as error:
        return f"{path} does not run: {error}"
    return f"{path} does not run: {' '.join(done.stderr.split())[-200:]}"


def numbers(version: str) -> tuple[int, ...]:
    """A version of digits and dots, for comparing."""
    return tuple(map(int, version.split(".")))
