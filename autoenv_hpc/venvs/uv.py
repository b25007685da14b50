"""The backend for uv, from Python 3.6 on."""

import os
import re
import sys
from typing import NamedTuple

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import VenvError
from autoenv_hpc.system.search_path import on_path
from autoenv_hpc.venvs import installers
from autoenv_hpc.venvs.interpreters import find_interpreter, numbers
from autoenv_hpc.venvs.pip import facts
from autoenv_hpc.venvs.types import (
    Command,
    InstalledBefore,
    Installer,
    Interpreter,
    Requested,
    VenvRequest,
)
from autoenv_hpc.venvs.virtual import (
    activate,
    creation_variables,
    installation_variables,
    match,
)

__all__ = ["activate", "installer", "match"]

_FIRST = (3, 6)  # uv runs an interpreter with options and modules that older ones lack
_SURPLUS = re.compile(r"^ - (\S+?)==", re.MULTILINE)


def installer(request: VenvRequest, environ: Env) -> Installer:
    """The installer that uses the uv on PATH, else the user's own, else the one next to this tool.

    :raises VenvError: the interpreter or uv is missing, or uv does not support the interpreter.
    """
    interpreter = find_interpreter(request.requested.python, environ, request.folders)
    if numbers(interpreter.version) < _FIRST:
        raise VenvError(
            f"uv cannot create an environment for Python {interpreter.version}"
            ' (set backend = "virtualenv" in [venv])'
        )
    home = request.folders.home
    places = [f"{home}/.local/bin", f"{home}/.cargo/bin", os.path.dirname(sys.executable)]
    path = ":".join([environ.get("PATH", os.defpath), *places])
    program = next(on_path(("uv",), {"PATH": path}), None)
    if program is None:
        raise VenvError("uv was not found (load a module that provides it, or run pip install uv)")
    return _Uv(program, interpreter, environ, request)


class _Uv(NamedTuple):
    program: str
    interpreter: Interpreter
    environ: Env
    request: VenvRequest

    @property
    def facts(self) -> dict[str, str]:
        return facts(self.interpreter)

    def create(self, path: str) -> list[Command]:
        flags = ["--system-site-packages"] if self.request.requested.system_site_packages else []
        flags += ["--prompt", os.path.basename(self.request.path)]
        words = ["venv", "--no-project", "--python", self.interpreter.executable, *flags, path]
        env = creation_variables(self.request, self.environ, path, self.interpreter)
        return [self._uv(path, env, *words)._replace(folder="/")]

    def install(self, path: str, requested: Requested) -> list[Command]:
        if not (requested.packages or requested.requirements):
            return []
        return [self._pip(path, "install", *_arguments(requested))]

    def remove(self, path: str, requested: Requested, before: InstalledBefore) -> list[Command]:
        """Remove what uv considers surplus, if this tool installed it."""
        import subprocess  # noqa: PLC0415 - only a build needs it

        words, env, _ = self._pip(path, "install", "--dry-run", "--exact", *_arguments(requested))
        if requested.packages or requested.requirements:
            done = subprocess.run(
                words,
                env=env,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            surplus = set(_SURPLUS.findall(done.stdout + done.stderr))
        else:  # uv does nothing for an empty request
            surplus = set(before.installed)
        ours = sorted(surplus.intersection(before.installed))
        return [self._pip(path, "uninstall", *ours)] if ours else []

    def freeze(self, path: str) -> str:
        return installers.output(self._pip(path, "freeze"))

    def _pip(self, path: str, command: str, *words: str) -> Command:
        python = os.path.join(path, "bin/python")
        env = installation_variables(self.request, self.environ, path, self.interpreter)
        return self._uv(path, env, "pip", command, "--python", python, *words)

    def _uv(self, path: str, env: Env, *words: str) -> Command:
        quiet = {
            "UV_NO_PROGRESS": "1",
            "UV_PYTHON_DOWNLOADS": env.get("UV_PYTHON_DOWNLOADS", "never"),
        }
        if _are_on_different_devices(self._cache(env), path):  # uv would warn that it cannot link
            quiet["UV_LINK_MODE"] = env.get("UV_LINK_MODE", "copy")
        return Command([self.program, *words], {**env, **quiet})

    def _cache(self, env: Env) -> str:
        """The folder of uv's cache (uv's documentation, Caching)."""
        base = env.get("XDG_CACHE_HOME") or f"{self.request.folders.home}/.cache"
        return env.get("UV_CACHE_DIR") or f"{base}/uv"


def _arguments(requested: Requested) -> list[str]:
    files = [word for file in requested.requirements for word in ("-r", file)]
    return [*requested.arguments, *requested.packages, *files]


def _are_on_different_devices(one: str, other: str) -> bool:
    """Whether two folders, existing or not, are on different file systems."""
    return _device(one) != _device(other)


def _device(path: str) -> int:
    while not os.path.exists(path):
        path = os.path.dirname(path)
    return os.stat(path).st_dev
