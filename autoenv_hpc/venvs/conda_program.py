"""The command line of conda, mamba or micromamba."""

import json
import os
import re
from typing import NamedTuple

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import VenvError
from autoenv_hpc.system.search_path import on_path
from autoenv_hpc.venvs import installers
from autoenv_hpc.venvs.types import Command

_PROGRAMS = ("conda", "mamba", "micromamba")


class Program(NamedTuple):
    """One of the three programs. micromamba and mamba 2 take other options than conda."""

    path: str
    environ: Env

    def command(self, *words: str) -> Command:
        """A call that never asks for confirmation."""
        env = {n: v for n, v in self.environ.items() if n != "PYTHONHOME"}
        quiet = {"CONDA_ALWAYS_YES": "true", "MAMBA_ALWAYS_YES": "true", "CONDA_QUIET": "true"}
        return Command([self.path, *words], {**env, **quiet})

    def activation(self, prefix: str) -> list[str]:
        """The words of the command that prints the code to activate a prefix."""
        if self._version:
            return [self.path, "shell", "activate", "-p", prefix, "-s", "bash"]
        return [self.path, "shell.posix", "activate", prefix]

    def create(self, path: str, file: str) -> Command:
        """The command that creates an environment from an `environment.yml`."""
        if self._version:
            return self.command("create", "--yes", "-p", path, "-f", file)
        return self.command("env", "create", "--prefix", path, "--file", file)

    def update(self, path: str, file: str, *, prune: bool = False) -> Command:
        """The command that installs an `environment.yml` into an existing environment."""
        flags = ["--prune"] if prune else []
        if self._version:  # conda has no such option
            flags.append("--yes")
        if self._version and self._version < (2,):  # this one has no `env update`
            return self.command("install", "--yes", "-p", path, "-f", file)
        return self.command("env", "update", "--prefix", path, "--file", file, *flags)

    def export(self, path: str) -> Command:
        """The command that prints an `environment.yml` with all versions."""
        flag = "--no-build" if self._version else "--no-builds"
        return self.command("env", "export", "--prefix", path, flag)

    @property
    def _version(self) -> tuple[int, ...]:
        """The version of micromamba, or of mamba 2 and later; empty for conda and mamba 1.

        conda prints `conda 24.1.2`, mamba 1 prints two lines, and the others only the number.
        """
        if os.path.basename(self.path) == "conda":
            return ()
        output = installers.output(self.command("--version")).strip()
        is_number = re.fullmatch(r"\d+(\.\d+)*", output)
        return tuple(map(int, output.split("."))) if is_number else ()


def find_program(environ: Env) -> str | None:
    """The program on PATH, else the one that the user's shell names; None if there is none."""
    program = next((p for name in _PROGRAMS for p in on_path((name,), environ)), None)
    for name in ("CONDA_EXE", "MAMBA_EXE"):
        own = environ.get(name, "")
        if program is None and os.path.isabs(own) and os.access(own, os.X_OK):
            program = own
    return program


def prefix_of(name: str, environ: Env) -> str:
    """The prefix of an environment by its name, as for `conda activate`.

    :raises VenvError: there is no conda, or it knows no such environment.
    """
    program = find_program(environ)
    if program is None:
        raise VenvError("no conda, mamba or micromamba was found (load a module that provides one)")
    own = os.path.dirname(os.path.dirname(os.path.realpath(program)))
    for root in (environ.get("MAMBA_ROOT_PREFIX"), own):
        prefix = f"{root}/envs/{name}" if name != "base" else root
        if root and prefix and os.path.isdir(f"{prefix}/conda-meta"):
            return prefix
    prefixes = listed_prefixes(environ)
    for prefix in prefixes:
        is_base = os.path.isdir(f"{prefix}/condabin")
        if name == ("base" if is_base else os.path.basename(prefix)):
            return prefix
    known = ", ".join(sorted(map(os.path.basename, prefixes))) or "none"
    raise VenvError(f"conda has no environment {name} (known: {known})")


def listed_prefixes(environ: Env) -> list[str]:
    """The prefixes in conda's list of environments; empty if conda cannot list them."""
    program = find_program(environ)
    if program is None:
        return []
    try:
        words = ("env", "list", "--json")
        prefixes = json.loads(installers.output(Program(program, environ).command(*words)))["envs"]
    except (VenvError, ValueError, KeyError):
        return []
    return [prefix for prefix in prefixes if isinstance(prefix, str)]
