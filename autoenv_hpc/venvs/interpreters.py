"""The search for a Python interpreter by version, name or path."""

import glob
import os
import re
from collections.abc import Iterable, Iterator

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import VenvError
from autoenv_hpc.system import files, json_cache, programs
from autoenv_hpc.system.digests import digest
from autoenv_hpc.system.folders import Folders
from autoenv_hpc.system.search_path import on_path
from autoenv_hpc.venvs.types import Interpreter

CONDA = "conda:"  # before the name of a conda environment that has the Python
_KIND = "interpreters"
_TIMEOUT = 120  # seconds; a cold start from a parallel file system is slow
_VERSION = re.compile(r"\d+(\.\d+){0,2}\Z")
# The script also runs in Python 2.7.
_SCRIPT = """\
import sys
print("\\0".join([sys.executable, getattr(sys, "base_prefix", sys.prefix),
                 "%d.%d" % sys.version_info[:2], "%d.%d.%d" % sys.version_info[:3]]))
"""


def find_interpreter(python: str | None, environ: Env, folders: Folders) -> Interpreter:
    """The interpreter that a configuration requests.

    :param python: a version (`3.9`), a name (`python3.9`), an absolute path or `conda:NAME`; None:
        the first `python3` or `python` on PATH, which a module may provide.
    :param folders: the cache folder contains what earlier runs of interpreters reported.
    :raises VenvError: there is none; the message lists those that do not match.
    """
    rejections = []
    for candidate in _candidates(python, environ, folders.home):
        answer = _ask(candidate, environ, folders.cache)
        if isinstance(answer, str):
            rejections.append(answer)
        elif python is None or not _VERSION.match(python) or is_version(answer, python):
            return answer
        else:
            rejections.append(f"{candidate} is {answer.full}")
    reasons = "; ".join(dict.fromkeys(rejections)) or "none on PATH"
    wanted = f"Python {python}" if python and _VERSION.match(python) else python or "Python"
    raise VenvError(
        f"{wanted} was not found ({reasons}):"
        f" load a module that provides it, or {'change' if python else 'set'} python in [venv]"
    )


def is_version(interpreter: Interpreter, wanted: str) -> bool:
    """Whether an interpreter has this version, which may be `3`, `3.9` or `3.9.18`."""
    return f"{interpreter.full}.".startswith(f"{wanted}.")


def _candidates(python: str | None, environ: Env, home: str) -> Iterator[str]:
    """The programs to try, in this order: on PATH, from pyenv, from uv."""
    if python is None:
        yield from on_path(("python3", "python"), environ, first_folder_only=True)
    elif os.path.isabs(python):
        yield python
    elif python.startswith(CONDA):
        from autoenv_hpc.venvs import conda_program  # noqa: PLC0415 - only for such a Python

        prefix = conda_program.prefix_of(python.removeprefix(CONDA), environ)
        yield os.path.join(prefix, "bin/python")
    elif not _VERSION.match(python):
        yield from on_path((python,), environ)
    else:
        short = ".".join(python.split(".")[:2])
        yield from on_path(("python3", "python"), environ, first_folder_only=True)
        yield from on_path((f"python{short}",), environ)
        for pattern in _installed(python, environ, home):
            yield from (f"{folder}/bin/python{short}" for folder in _newest_first(pattern))


def _installed(version: str, environ: Env, home: str) -> Iterator[str]:
    """Patterns for the folders of a version in pyenv (`pyenv root`) and uv (`uv python dir`)."""
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


def _ask(path: str, environ: Env, cache: str) -> Interpreter | str:
    """Describe the interpreter, from the cache or by a run; if it fails, return the reason."""
    key, stamp = _identity(path, environ)
    cached = json_cache.load(cache, _KIND, key) if stamp else None
    if cached and cached["stamp"] == stamp:
        return Interpreter(*cached["who"])
    answer = _run(path, environ)
    if stamp and isinstance(answer, Interpreter):
        json_cache.save(cache, _KIND, key, {"stamp": stamp, "who": list(answer)})
    return answer


def _identity(path: str, environ: Env) -> tuple[str, list[int] | None]:
    """The key of a program in the cache, with a value that changes when the program does.

    The key contains the library variables, because a program may not start with other values. A
    script has no such value: a wrapper, such as a pyenv shim, can run another program each time.
    """
    real = os.path.realpath(path)
    try:
        status = os.stat(real)
        is_script = files.read_head(real, 2) == b"#!"
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
            # not `-I`, which 2.7 lacks; `-S` skips the start-up code of site-packages
            done = programs.run([path, "-E", "-S", "-c", _SCRIPT], env, folder, _TIMEOUT)
        if done.status == 0:
            executable, prefix, short, full = done.stdout.removesuffix("\n").split("\0")
            prefix, machine = os.path.realpath(prefix), os.uname().machine
            return Interpreter(executable, prefix, short, full, machine)
    except FileNotFoundError:
        return f"{path} does not exist"
    except TimeoutError:
        return f"{path} does not run: it took longer than {_TIMEOUT} s"
    except (OSError, ValueError) as error:
        return f"{path} does not run: {error}"
    return f"{path} does not run: {' '.join(done.stderr.split())[-200:]}"


def numbers(version: str) -> tuple[int, ...]:
    """The parts of a version that consists of digits and dots, for comparisons."""
    return tuple(map(int, version.split(".")))
