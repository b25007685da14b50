"""The backend for conda environments."""

import glob
import json
import os
import re
import time
from typing import Any, NamedTuple

from autoenv_hpc.environment import Env, with_entries
from autoenv_hpc.errors import Problem, VenvError
from autoenv_hpc.guards import Guards
from autoenv_hpc.modules import observations, scratch_shell, shell_trace
from autoenv_hpc.venvs import installers, matching, requirements, virtual
from autoenv_hpc.venvs.conda_program import Program, find_program, listed_prefixes
from autoenv_hpc.venvs.interpreters import CONDA, is_version
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

_PLATFORMS = {"64": "x86_64", "32": "i686"}
_OWN_ENTRIES = re.compile(r"^(?:name|prefix):.*\n(?:[ \t]+.*\n)*", re.MULTILINE)
_PYTHON = re.compile(r"python-(\d+\.\d+\.\d+)[^-]*-[^-]*\.json\Z")


def prefix_for(value: str, path: str, environ: Env) -> str:
    """The prefix that `path` in the configuration names.

    A word without a slash can be the name of an environment, as for `conda activate`. An existing
    path takes precedence. If no environment has that name, the result is the path too.

    :param value: the value in the configuration.
    :param path: the same value as an absolute path.
    """
    if "/" in value or value.startswith((".", "~", "$")) or os.path.exists(path):
        return path
    for prefix in listed_prefixes(environ):
        if os.path.basename(prefix) == value:
            return prefix
    return path


def match(request: VenvRequest, environ: Env) -> MatchedVenv:
    """The environment at the path, if it is a conda environment with the requested Python.

    :raises VenvError: it is missing or does not match; the message has the difference.
    """
    del environ
    if not os.path.isdir(os.path.join(request.path, "conda-meta")):
        raise matching.not_a_venv(request, "conda-meta")
    history = os.path.join(request.path, "conda-meta/history")
    guards = matching.guards(request, history)  # before the files are read
    matching.check_place(request)
    matching.check_machine(request, os.uname().machine, _machine(request.path))
    interpreter = _interpreter(request.path)
    if interpreter:
        matching.check_whole(request)
    wanted = request.requested.python or ""
    if wanted[:1].isdigit() and not (interpreter and is_version(interpreter, wanted)):
        python = f"Python {interpreter.full}" if interpreter else "no Python"
        raise VenvError(
            f"{request.path} has {python}, but the configuration requests python = {wanted!r}"
            f"{matching.remedy(request)}"
        )
    return MatchedVenv(request.path, interpreter, "conda", guards=guards)


def installer(request: VenvRequest, environ: Env) -> Installer:
    """The installer that uses the conda on PATH, else that of the user's shell.

    :raises VenvError: there is no conda, or it cannot handle the path.
    """
    if (request.requested.python or "").startswith(CONDA):
        raise VenvError(
            f"python = {request.requested.python!r} is for other backends: conda brings a Python of"
            " its own (set a version, or another backend)"
        )
    program = find_program(environ)
    if program is None:
        raise VenvError("no conda, mamba or micromamba was found (load a module that provides one)")
    _check_quotes(request.path, environ)
    return _Conda(Program(program, _installation_variables(request, environ)), request)


def activate(venv: MatchedVenv, env: Env) -> ActivatedVariables:
    """Activate it in a scratch shell with conda's own code, which runs the scripts in activate.d.

    If there is no conda program, as for a packed prefix, follow conda's documentation instead.

    :raises VenvError: it cannot be activated.
    """
    prefix = venv.prefix
    program = find_program(env)
    # our shells set the prompt themselves, so an exported PS1 stays unchanged
    prompt = {"PS1": env["PS1"]} if "PS1" in env else {}
    start = {n: v for n, v in env.items() if n not in ("PYTHONHOME", "PS1")}
    if program is None:
        steps: list[tuple[str, ...]] = [("source", file) for file in _scripts(prefix)]
        path = with_entries(env.get("PATH"), prepend=[os.path.join(prefix, "bin")])
        own = {"CONDA_PREFIX": prefix, "CONDA_DEFAULT_ENV": prefix, "CONDA_SHLVL": "1"}
        start |= {"PATH": path, **own, **_variables(prefix)}
    else:
        _check_quotes(prefix, env)
        steps = [("evaluate", *Program(program, env).activation(prefix))]
    folders = [f"{prefix}/etc/conda/activate.d", f"{prefix}/etc/conda/env_vars.d"]
    files = [*_variable_files(prefix), *folders, *([program] if program else [])]
    guards, began = Guards.on_files(files), time.time_ns()  # before they are read
    end = scratch_shell.run(start, None, steps)
    if end.env.get("CONDA_PREFIX") != prefix:
        output = " ".join(end.words.split()) or "no output"
        by = f" with {program}" if program else ""
        raise VenvError(f"cannot activate {prefix}{by}: {output}")
    guards |= observations.script_guards(shell_trace.questions(end.trace, (), env), env, began)
    return ActivatedVariables({**end.env, **prompt}, end.definitions, guards)


class _Conda(NamedTuple):
    """The installer for environments that conda creates."""

    program: Program
    request: VenvRequest

    @property
    def facts(self) -> dict[str, str]:
        return {"machine": os.uname().machine}

    def create(self, path: str) -> list[Command]:
        """Return nothing: the first install creates the prefix, since both need the channels."""
        del path
        return []

    def install(self, path: str, requested: Requested) -> list[Command]:
        python = self.request.requested.python
        pythons = [f"python={python}"] if python else []
        lists = [f for f in requested.requirements if not requirements.is_conda(f)]
        if not (pythons or requested.packages or requested.requirements):
            pythons = ["python"]  # an empty request means an environment with Python alone
        files = [word for file in lists for word in ("--file", file)]
        words = [*requested.arguments, *pythons, *requested.packages, *files]
        is_new = not os.path.isdir(os.path.join(path, "conda-meta"))
        commands = []
        if pythons or requested.packages or lists:
            verb = "create" if is_new else "install"
            commands.append(self.program.command(verb, "--yes", "--prefix", path, *words))
        for file in filter(requirements.is_conda, requested.requirements):
            install = self.program.update if commands or not is_new else self.program.create
            commands.append(install(path, file))
        return commands

    def remove(self, path: str, requested: Requested, before: InstalledBefore) -> list[Command]:
        names = set(map(_name, requested.packages))
        dropped = [name for name in map(_name, before.packages) if name not in names]
        commands = []
        if dropped:
            words = ("remove", "--yes", "--prefix", path, *dropped)
            commands.append(self.program.command(*words))
        if len(requested.requirements) == 1 and not requested.packages:
            # with more requests, `--prune` would remove what only the others need
            (file,) = requested.requirements
            if requirements.is_conda(file):
                commands.append(self.program.update(path, file, prune=True))
        return commands

    def freeze(self, path: str) -> str:
        """The packages as an `environment.yml`, without the name and path of this prefix."""
        command = self.program.export(path)
        return _OWN_ENTRIES.sub(
            "", installers.output(command._replace(env=virtual.isolated(command.env)))
        )


def _installation_variables(request: VenvRequest, environ: Env) -> Env:
    """The variables for conda, and for the pip that it runs: those that a command inside gets.

    The environment is not activated, since conda does not install with its own variables.
    """
    venv = MatchedVenv(request.path, _interpreter(request.path), "conda")
    prefix = {"CONDA_PREFIX": request.path}
    try:
        env = dict(request.inside({**environ, **prefix}, venv))
    except Problem:  # a path value needs what only the finished environment has
        env = dict(environ)
    if env.get("CONDA_PREFIX") == request.path:
        env.pop("CONDA_PREFIX")
    return {**env, "PIP_USER": "0"}


def _check_quotes(prefix: str, env: Env) -> None:
    """Check that conda can handle these values, since its code does not quote them.

    :raises VenvError: the code would fail (conda/activate.py: PosixActivator).
    """
    if re.search(r"""['"$`\\]""", prefix):
        raise VenvError(
            f"{prefix}: conda cannot activate a path with quotes, $ or a backslash"
            " (set path in [venv])"
        )
    quoted = [entry for entry in env.get("PATH", "").split(":") if "'" in entry]
    if quoted:
        raise VenvError(
            f"conda cannot activate while PATH has an entry with a quote: {quoted[0]}"
            " (remove it from PATH)"
        )


def _scripts(prefix: str) -> list[str]:
    return sorted(glob.glob(f"{glob.escape(prefix)}/etc/conda/activate.d/*.sh"))


def _variable_files(prefix: str) -> list[str]:
    """The files with variables: those of the packages, then the environment's own."""
    packages = sorted(glob.glob(f"{glob.escape(prefix)}/etc/conda/env_vars.d/*"))
    return [*packages, os.path.join(prefix, "conda-meta/state")]


def _variables(prefix: str) -> Env:
    """The variables that activation sets (conda/activate.py: `_get_environment_env_vars`)."""
    variables: Env = {}
    *packages, state = _variable_files(prefix)
    for file in packages:
        variables |= _read_json(file)
    own = _read_json(state).get("env_vars")
    variables |= own if isinstance(own, dict) else {}
    texts = {name: value for name, value in variables.items() if isinstance(value, str)}
    return {name: value for name, value in texts.items() if value != "***unset***"}


def _read_json(file: str) -> dict[str, Any]:
    try:
        with open(file, encoding="utf-8") as stream:
            content = json.load(stream)
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _interpreter(prefix: str) -> Interpreter | None:
    """The Python in a prefix, according to conda's conda-meta/python-VERSION-BUILD.json."""
    for file in glob.glob(f"{glob.escape(prefix)}/conda-meta/python-*.json"):
        match = _PYTHON.match(os.path.basename(file))
        if match:
            full = match[1]
            short = ".".join(full.split(".")[:2])
            program = os.path.join(prefix, "bin/python")
            return Interpreter(program, prefix, short, full, os.uname().machine)
    return None


def _machine(prefix: str) -> str | None:
    """The architecture of the packages; None if they work on any."""
    for file in sorted(glob.glob(f"{glob.escape(prefix)}/conda-meta/*.json")):
        name: str = _read_json(file).get("subdir", "").removeprefix("linux-")
        if name not in ("", "noarch"):
            return _PLATFORMS.get(name, name)
    return None


def _name(package: str) -> str:
    """The name in a match specification: `channel::numpy=1.20`, `numpy >=1.20`."""
    return re.split(r"[\s=<>!~\[]", package.rpartition("::")[2].strip(), maxsplit=1)[0].lower()
