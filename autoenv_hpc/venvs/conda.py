"""The backend for conda, mamba and micromamba."""

import glob
import json
import os
import re
from typing import Any, NamedTuple

from autoenv_hpc.environment import Env, with_entries
from autoenv_hpc.errors import VenvError
from autoenv_hpc.guards import Guards
from autoenv_hpc.modules import scratch_shell
from autoenv_hpc.venvs import installers, matching, requirements
from autoenv_hpc.venvs.conda_program import Program, find_program, known_prefixes
from autoenv_hpc.venvs.interpreters import is_version
from autoenv_hpc.venvs.types import (
    ActivatedVariables,
    Command,
    InstalledBefore,
    Installer,
    Interpreter,
    MatchedVenv,
    Requested,
    VenvRequest,
)

_HOST_BOUND_AGE = 3600  # seconds; what a script learns of its host may change
_PLATFORMS = {"64": "x86_64", "32": "i686"}
_OWN_ENTRIES = re.compile(r"^(?:name|prefix):.*\n(?:[ \t]+.*\n)*", re.MULTILINE)
_PYTHON = re.compile(r"python-(\d+\.\d+\.\d+)[^-]*-[^-]*\.json\Z")
# For the scripts in activate.d: what they read, and what no guard can express.
_READS = re.compile(r"\$\{?([A-Za-z_]\w*)")
_HOST = re.compile(r"\b(?:hostname|uname|nproc|HOSTNAME)\b")
_NOT_STORABLE = re.compile(r"\b(?:date|RANDOM|SECONDS|EPOCH\w+|mktemp)\b")


def named(written: str, path: str, environ: Env) -> str:
    """The prefix that `path` in the configuration means.

    As `conda activate` reads it, a word without a slash may be the name of an environment; but
    what stands beside the configuration, or would be built there, is meant first.

    :param written: the value in the configuration; `path` is the same as an absolute path.
    """
    if "/" in written or written.startswith((".", "~", "$")) or os.path.exists(path):
        return path
    for prefix in known_prefixes(environ):
        if os.path.basename(prefix) == written:
            return prefix
    return path


def match(request: VenvRequest, environ: Env) -> MatchedVenv:
    """The environment at the path, if it is a conda environment with the requested Python.

    :raises VenvError: it is something else.
    """
    del environ
    if not os.path.isdir(os.path.join(request.path, "conda-meta")):
        raise matching.no_environment(request)
    matching.check_machine(request, os.uname().machine, _machine(request.path))
    interpreter = _interpreter(request.path)
    wanted = request.requested.python or ""
    if wanted[:1].isdigit() and not (interpreter and is_version(interpreter, wanted)):
        has = f"Python {interpreter.full}" if interpreter else "no Python"
        raise VenvError(
            f"{request.path} has {has}, and python = {wanted!r} is asked for"
            f"{matching.remedy(request)}"
        )
    history = os.path.join(request.path, "conda-meta/history")
    return MatchedVenv(request.path, interpreter, "conda", guards=matching.guards(request, history))


def installer(request: VenvRequest, environ: Env) -> Installer:
    """The conda of the modules or on PATH, else the one of the user's shell.

    :raises VenvError: there is none.
    """
    program = find_program(environ)
    if program is None:
        raise VenvError(
            "no conda, mamba or micromamba here (load a module that brings it, or put it on PATH)"
        )
    _check_quotes(request.path, environ)
    return _Conda(Program(program, environ), request)


def activate(environment: MatchedVenv, env: Env) -> ActivatedVariables:
    """As conda's own `shell.posix activate` does, in a scratch shell, so that activate.d runs.

    Without conda (a prefix that somebody else packed), what its documentation says that it does.

    :raises VenvError: it cannot be activated.
    """
    prefix = environment.prefix
    program = find_program(env)
    prompt = (
        {"PS1": env["PS1"]} if "PS1" in env else {}
    )  # we set the prompt, even if it is exported
    start = {n: v for n, v in env.items() if n not in ("PYTHONHOME", "PS1")}
    if program is None:
        steps: list[tuple[str, ...]] = [("source", file) for file in _scripts(prefix)]
        path = with_entries(env.get("PATH"), prepend=[os.path.join(prefix, "bin")])
        own = {"CONDA_PREFIX": prefix, "CONDA_DEFAULT_ENV": prefix, "CONDA_SHLVL": "1"}
        start |= {"PATH": path, **own, **_variables(prefix)}
    else:
        _check_quotes(prefix, env)
        steps = [("evaluate", *Program(program, env).activation(prefix))]
    end = scratch_shell.run(start, None, steps)
    if end.env.get("CONDA_PREFIX") != prefix:
        said = " ".join(end.words.split())
        raise VenvError(f"{prefix}: {program} did not activate it: {said or 'without a word'}")
    folders = [f"{prefix}/etc/conda/activate.d", f"{prefix}/etc/conda/env_vars.d"]
    files = [*_scripts(prefix), *_variable_files(prefix), *folders, *([program] if program else [])]
    return ActivatedVariables({**end.env, **prompt}, end.definitions, _guards(files, env))


class _Conda(NamedTuple):
    """A tool whose environments conda makes."""

    program: Program
    request: VenvRequest

    @property
    def facts(self) -> dict[str, str]:
        return {"machine": os.uname().machine}

    def create(self, path: str) -> list[Command]:
        """Nothing: the first install creates it. conda needs its channels even for an empty one."""
        del path
        return []

    def install(self, path: str, requested: Requested) -> list[Command]:
        python = self.request.requested.python
        asked = [f"python={python}"] if python else []
        lists = [f for f in requested.requirements if not requirements.is_conda(f)]
        if not (asked or requested.packages or requested.requirements):
            asked = ["python"]  # a request for nothing means a Python
        files = [word for file in lists for word in ("--file", file)]
        words = [*requested.arguments, *asked, *requested.packages, *files]
        is_new = not os.path.isdir(os.path.join(path, "conda-meta"))
        commands = []
        if asked or requested.packages or lists:
            verb = "create" if is_new else "install"
            commands.append(self.program.command(verb, "--yes", "--prefix", path, *words))
        for file in filter(requirements.is_conda, requested.requirements):
            take_up = self.program.update if commands or not is_new else self.program.create
            commands.append(take_up(path, file))
        return commands

    def remove(self, path: str, requested: Requested, before: InstalledBefore) -> list[Command]:
        still = set(map(_name, requested.packages))
        gone = [name for name in map(_name, before.packages) if name not in still]
        commands = []
        if gone:
            words = ("remove", "--yes", "--prefix", path, *gone)
            commands.append(self.program.command(*words))
        if len(requested.requirements) == 1 and not requested.packages:
            # otherwise it would remove what only the others request
            (file,) = requested.requirements
            if requirements.is_conda(file):
                commands.append(self.program.update(path, file, prune=True))
        return commands

    def freeze(self, path: str) -> str:
        """As an `environment.yml`, without the entries that name this prefix."""
        return _OWN_ENTRIES.sub("", installers.output(self.program.export(path)))


def _check_quotes(prefix: str, env: Env) -> None:
    """Check that conda's code, which does not quote values, works with these.

    :raises VenvError: it would not (conda/activate.py: PosixActivator).
    """
    if re.search(r"""['"$`\\]""", prefix):
        raise VenvError(f"{prefix}: conda cannot activate a path with quotes, $ or a backslash")
    odd = [entry for entry in env.get("PATH", "").split(":") if "'" in entry]
    if odd:
        raise VenvError(f"conda cannot activate while PATH has an entry with a quote: {odd[0]}")


def _scripts(prefix: str) -> list[str]:
    return sorted(glob.glob(f"{glob.escape(prefix)}/etc/conda/activate.d/*.sh"))


def _variable_files(prefix: str) -> list[str]:
    """The files with variables: those of the packages, then the environment's own."""
    packages = sorted(glob.glob(f"{glob.escape(prefix)}/etc/conda/env_vars.d/*"))
    return [*packages, os.path.join(prefix, "conda-meta/state")]


def _variables(prefix: str) -> Env:
    """The variables that activating sets (conda/activate.py: `_get_environment_env_vars`)."""
    found: Env = {}
    *packages, state = _variable_files(prefix)
    for file in packages:
        found |= _read_json(file)
    found |= _read_json(state).get("env_vars", {})
    return {name: value for name, value in found.items() if value != "***unset***"}


def _read_json(file: str) -> dict[str, Any]:
    try:
        with open(file, encoding="utf-8") as stream:
            content = json.load(stream)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _guards(files: list[str], env: Env) -> Guards:
    """The guards of what activating read; the variables have the values that it saw."""
    reads: list[str] = []
    is_host_bound, reason = False, None
    for file in files:
        if file.endswith(".sh"):
            with open(file, encoding="utf-8", errors="surrogateescape") as stream:
                text = stream.read()
            reads += _READS.findall(text)
            is_host_bound |= _HOST.search(text) is not None
            if _NOT_STORABLE.search(text):
                reason = f"{file} asks the time, or chance"
    return (Guards.on_files(files) | Guards.on_variables(reads, env))._replace(
        host=os.uname().nodename if is_host_bound else None,
        max_age=_HOST_BOUND_AGE if is_host_bound else None,
        not_storable_because=reason,
    )


def _interpreter(prefix: str) -> Interpreter | None:
    """The Python of a prefix, from conda's record of it (conda-meta/python-VERSION-BUILD.json)."""
    for file in glob.glob(f"{glob.escape(prefix)}/conda-meta/python-*.json"):
        found = _PYTHON.match(os.path.basename(file))
        if found:
            short = ".".join(found[1].split(".")[:2])
            program = os.path.join(prefix, "bin/python")
            return Interpreter(program, prefix, short, found[1], os.uname().machine)
    return None


def _machine(prefix: str) -> str | None:
    """The architecture that the packages are for; None if they are for any."""
    for file in sorted(glob.glob(f"{glob.escape(prefix)}/conda-meta/*.json")):
        name: str = _read_json(file).get("subdir", "").removeprefix("linux-")
        if name not in ("", "noarch"):
            return _PLATFORMS.get(name, name)
    return None


def _name(package: str) -> str:
    """The name in a match specification: `channel::numpy=1.20`, `numpy >=1.20`."""
    return re.split(r"[\s=<>!~\[]", package.rpartition("::")[2].strip(), maxsplit=1)[0].lower()
