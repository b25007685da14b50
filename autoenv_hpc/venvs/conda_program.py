"""The conda, mamba or micromamba program, with its own command line."""

import json
import os
import re
import shutil
from typing import NamedTuple

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import VenvError
from autoenv_hpc.venvs import installers
from autoenv_hpc.venvs.interpreters import numbers
from autoenv_hpc.venvs.types import Command

_PROGRAMS = ("conda", "mamba", "micromamba")


class Program(NamedTuple):
    """conda; or micromamba and mamba from version 2 on, whose command line differs."""

    path: str
    environ: Env

    def command(self, *words: str) -> Command:
        """A call that never asks for confirmation."""
        env = {n: v for n, v in self.environ.items() if n != "PYTHONHOME"}
        quiet = {"CONDA_ALWAYS_YES": "true", "MAMBA_ALWAYS_YES": "true", "CONDA_QUIET": "true"}
        return Command([self.path, *words], {**env, **quiet})

    def activation(self, prefix: str) -> list[str]:
        """The words that print the code that activates a prefix."""
        if self._version:
            return [self.path, "shell", "activate", "-p", prefix, "-s", "bash"]
        return [self.path, "shell.posix", "activate", prefix]

    def create(self, path: str, file: str) -> Command:
        """Create an environment from an `environment.yml`."""
        if self._version:
            return self.command("create", "--yes", "-p", path, "-f", file)
        return self.command("env", "create", "--prefix", path, "--file", file)

    def update(self, path: str, file: str, *, prune: bool = False) -> Command:
        """Install what an `environment.yml` requests into an existing environment."""
        flags = ["--prune"] if prune else []
        if self._version:  # conda has no such option
            flags.append("--yes")
        if self._version and self._version < (2,):  # has no `env update`
            return self.command("install", "--yes", "-p", path, "-f", file)
        return self.command("env", "update", "--prefix", path, "--file", file, *flags)

    def export(self, path: str) -> Command:
        """Print an `environment.yml` with all versions."""
        flag = "--no-build" if self._version else "--no-builds"
        return self.command("env", "export", "--prefix", path, flag)

    @property
    def _version(self) -> tuple[int, ...]:
        """The version of a micromamba, or of a mamba that is one (from 2 on); empty for conda.

        conda says `conda 24.1.2`, mamba 1 has two lines; the others print the number alone.
        """
        if os.path.basename(self.path) == "conda":
            return ()
        said = installers.output(self.command("--version")).strip()
        return numbers(said) if re.fullmatch(r"\d+(\.\d+)*", said) else ()


def find_program(environ: Env) -> str | None:
    """The program of the modules or of PATH, else that of the user's shell; None: there is none."""
    path = environ.get("PATH", os.defpath)
    found = next((p for name in _PROGRAMS if (p := shutil.which(name, path=path))), None)
    for name in ("CONDA_EXE", "MAMBA_EXE"):
        own = environ.get(name, "")
        if found is None and os.path.isabs(own) and os.access(own, os.X_OK):
            found = own
    return found


def known_prefixes(environ: Env) -> list[str]:
    """The environments that conda knows by name."""
    program = find_program(environ)
    if program is None:
        return []
    try:
        words = ("env", "list", "--json")
        listed = json.loads(installers.output(Program(program, environ).command(*words)))["envs"]
    except (VenvError, ValueError, KeyError):
        return []
    return [prefix for prefix in listed if isinstance(prefix, str)]
