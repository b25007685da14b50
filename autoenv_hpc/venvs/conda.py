"""conda, mamba or micromamba: environments that bring their own Python, or none."""

import glob
import json
import os
import re
import shutil
import subprocess
from typing import NamedTuple

from autoenv_hpc import scratch
from autoenv_hpc.environment import Env, with_entries
from autoenv_hpc.errors import VenvError
from autoenv_hpc.modules import Dependencies
from autoenv_hpc.venvs import (
    Active,
    Before,
    Command,
    Environment,
    Interpreter,
    Spec,
    Tool,
    Wishes,
    matching,
    requirements,
)
from autoenv_hpc.venvs.interpreters import is_version

_PROGRAMS = ("conda", "mamba", "micromamba")
_TIMEOUT = 600  # seconds; conda starts slowly from a cold parallel file system
_PYTHON = re.compile(r"python-(\d+\.\d+\.\d+)[^-]*-[^-]*\.json\Z")
# Not for modulefiles but for activate.d: what they read, and what no guard can tie down.
_READS = re.compile(r"\$\{?(\w+)")
_HOST = re.compile(r"\b(?:hostname|uname|nproc|HOSTNAME)\b")
_UNKNOWABLE = re.compile(r"\b(?:date|RANDOM|SECONDS|EPOCH\w+|mktemp)\b")


def named(written: str, path: str, environ: Env) -> str:
    """The prefix that `path` in the configuration means.

    As `conda activate` reads it, a word without a slash may be the name of an environment; but
    what stands beside the configuration, or would be built there, is meant first.

    :param written: the value as it is written; `path` is the same, made absolute.
    """
    if "/" in written or written.startswith((".", "~", "$")) or os.path.exists(path):
        return path
    for prefix in _known(environ):
        if os.path.basename(prefix) == written:
            return prefix
    return path


def match(spec: Spec, environ: Env) -> Environment:
    """What stands at the path, if it is a conda environment with the Python that is asked for.

    :raises VenvError: it is something else.
    """
    del environ
    if not os.path.isdir(os.path.join(spec.path, "conda-meta")):
        raise matching.no_environment(spec)
    matching.check_machine(spec, os.uname().machine)
    interpreter = _interpreter(spec.path)
    wanted = spec.python or ""
    if wanted[:1].isdigit() and not (interpreter and is_version(interpreter, wanted)):
        has = f"Python {interpreter.full}" if interpreter else "no Python"
        raise VenvError(
            f"{spec.path} has {has}, and python = {wanted!r} is asked for{matching.remedy(spec)}"
        )
    watched = (*matching.watched(spec), os.path.join(spec.path, "conda-meta/history"))
    return Environment(spec.path, interpreter, "conda", watched=watched)


def tool(spec: Spec, environ: Env) -> Tool:
    """The conda of the modules or of PATH, else the one of the user's shell.

    :raises VenvError: there is none.
    """
    program = _program(environ)
    if program is None:
        raise VenvError(
            "no conda, mamba or micromamba here (load a module that brings it, or put it on PATH)"
        )
    return _Conda(program, spec, environ)


def activate(environment: Environment, env: Env) -> Active:
    """As conda's own `shell.posix activate` does, in a scratch shell, so that activate.d runs."""
    prefix = environment.prefix
    program = _program(env)
    start = {n: v for n, v in env.items() if n != "PYTHONHOME"}
    if program is None:
        words: list[tuple[str, ...]] = [("source", file) for file in _scripts(prefix)]
        path = with_entries(env.get("PATH"), prepend=[os.path.join(prefix, "bin")])
        own = {"CONDA_PREFIX": prefix, "CONDA_DEFAULT_ENV": prefix, "CONDA_SHLVL": "1"}
        start |= {**own, "PATH": path}
    else:
        words = [("evaluate", *_activation(program, prefix))]
    end = scratch.run(start, None, words)
    if end.env.get("CONDA_PREFIX") != prefix:
        said = " ".join(end.words.split())
        raise VenvError(f"{prefix}: {program} did not activate it: {said or 'without a word'}")
    files = [*_scripts(prefix), f"{prefix}/etc/conda/activate.d", f"{prefix}/conda-meta/history"]
    files += [f"{prefix}/conda-meta/state", *([program] if program else [])]
    return Active(end.env, end.shell, _depends(files))


class _Conda(NamedTuple):
    program: str
    spec: Spec
    environ: Env

    @property
    def facts(self) -> dict[str, str]:
        return {"machine": os.uname().machine}

    def create(self, path: str) -> list[Command]:
        python = [f"python={self.spec.python}"] if self.spec.python else []
        wishes = self.spec.wishes
        if not (python or wishes.packages or wishes.requirements):
            python = ["python"]
        return [self._conda("create", "--yes", "--prefix", path, *self._arguments, *python)]

    def install(self, path: str, wishes: Wishes) -> list[Command]:
        commands = []
        words = ["--yes", "--prefix", path, *wishes.arguments]
        lists = [f for f in wishes.requirements if not requirements.is_conda(f)]
        if wishes.packages or lists:
            files = [word for file in lists for word in ("--file", file)]
            commands.append(self._conda("install", *words, *wishes.packages, *files))
        return commands + [self._update(path, f) for f in wishes.requirements if f not in lists]

    def remove(self, path: str, wishes: Wishes, before: Before) -> list[Command]:
        gone = [_name(p) for p in before.packages if p not in wishes.packages]
        gone = [name for name in gone if name not in map(_name, wishes.packages)]
        commands = []
        if gone:
            commands.append(self._conda("remove", "--yes", "--prefix", path, *gone))
        files = [f for f in wishes.requirements if requirements.is_conda(f)]
        if len(files) == 1:  # of several, each would take away what only the others ask for
            commands.append(self._update(path, files[0], "--prune"))
        return commands

    def freeze(self, path: str) -> Command:
        return self._conda("env", "export", "--no-builds", "--prefix", path)

    def _update(self, path: str, file: str, *flags: str) -> Command:
        return self._conda("env", "update", "--prefix", path, "--file", file, *flags)

    @property
    def _arguments(self) -> tuple[str, ...]:
        return self.spec.wishes.arguments

    def _conda(self, *words: str) -> Command:
        env = {n: v for n, v in self.environ.items() if n != "PYTHONHOME"}
        return Command([self.program, *words], {**env, "CONDA_ALWAYS_YES": "true"})


def _program(environ: Env) -> str | None:
    path = environ.get("PATH", os.defpath)
    found = next((p for name in _PROGRAMS if (p := shutil.which(name, path=path))), None)
    for name in ("CONDA_EXE", "MAMBA_EXE"):
        own = environ.get(name, "")
        if found is None and os.path.isabs(own) and os.access(own, os.X_OK):
            found = own
    return found


def _activation(program: str, prefix: str) -> list[str]:
    if os.path.basename(program) == "conda":
        return [program, "shell.posix", "activate", prefix]
    return [program, "shell", "activate", prefix, "--shell", "bash"]


def _scripts(prefix: str) -> list[str]:
    return sorted(glob.glob(f"{glob.escape(prefix)}/etc/conda/activate.d/*.sh"))


def _depends(files: list[str]) -> Dependencies:
    reads: list[str] = []
    host_bound, unknowable = False, None
    for file in files:
        if file.endswith(".sh"):
            with open(file, encoding="utf-8", errors="surrogateescape") as stream:
                text = stream.read()
            reads += _READS.findall(text)
            host_bound |= _HOST.search(text) is not None
            if _UNKNOWABLE.search(text):
                unknowable = f"{file} asks the time, or chance"
    return Dependencies(tuple(files), tuple(dict.fromkeys(reads)), host_bound, unknowable)


def _interpreter(prefix: str) -> Interpreter | None:
    """The Python of a prefix, from conda's record of it (conda-meta/python-VERSION-BUILD.json)."""
    for file in glob.glob(f"{glob.escape(prefix)}/conda-meta/python-*.json"):
        found = _PYTHON.match(os.path.basename(file))
        if found:
            short = ".".join(found[1].split(".")[:2])
            program = os.path.join(prefix, "bin/python")
            return Interpreter(program, prefix, short, found[1], os.uname().machine)
    return None


def _known(environ: Env) -> list[str]:
    """The environments that conda knows by name."""
    program = _program(environ)
    if program is None:
        return []
    try:
        done = subprocess.run(
            [program, "env", "list", "--json"], env=environ, stdin=subprocess.DEVNULL,
            capture_output=True, check=True, timeout=_TIMEOUT, cwd="/",
        )  # fmt: skip
        listed = json.loads(done.stdout)["envs"]
    except (OSError, ValueError, KeyError, subprocess.SubprocessError):
        return []
    return [prefix for prefix in listed if isinstance(prefix, str)]


def _name(package: str) -> str:
    """The name in a match specification: `channel::numpy=1.20`, `numpy >=1.20`."""
    return re.split(r"[\s=<>!~\[]", package.rpartition("::")[2].strip(), maxsplit=1)[0].lower()
