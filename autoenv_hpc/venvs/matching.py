"""The check that an environment is the requested one."""

import os
import shlex

from autoenv_hpc.errors import VenvError
from autoenv_hpc.guards import Guards
from autoenv_hpc.venvs import record, requirements
from autoenv_hpc.venvs.types import Interpreter, MatchedVenv, VenvRequest


def matched(request: VenvRequest, needed: Interpreter) -> MatchedVenv:
    """The virtual environment at the path, if it is the requested one.

    The base interpreter (prefix and X.Y), the architecture and `system-site-packages` decide, and
    not the list of modules: the usual recipe creates under `Python` and works under `SciPy-bundle`.

    :raises VenvError: it is another one; the message says what was found and what is needed.
    """
    found = record.pyvenv_cfg(request.path)
    if found is None:
        raise no_environment(request)
    if not os.path.isdir(found.home):
        raise VenvError(
            f"{request.path} was built on a Python in {found.home}, which is gone{remedy(request)}"
        )
    check_machine(request, needed.machine)
    bases = _bases(found)
    if _short(found.version) != needed.version or needed.base_prefix not in bases:
        raise VenvError(
            f"{request.path} was built on Python {found.version} in {bases[0]},"
            f" and the one here is {needed.full} in {needed.base_prefix}"
            f" (say which with python in [venv]){remedy(request)}"
        )
    if found.system_site_packages != request.requested.system_site_packages:
        has, wants = ("sees", "not to") if found.system_site_packages else ("does not see", "to")
        raise VenvError(
            f"{request.path} {has} the packages of its base Python, and is asked {wants}"
            f" (system-site-packages in [venv]){remedy(request)}"
        )
    conditions = guards(request, needed.executable)
    return MatchedVenv(request.path, needed, request.requested.backend, guards=conditions)


def check_machine(request: VenvRequest, machine: str, said: str | None = None) -> None:
    """Check that the environment is for this architecture.

    :param said: the architecture according to its metadata, used if it has no Python.
    :raises VenvError: it is for another one.
    """
    found = record.machine(request.path) or said
    if found not in (None, machine):
        raise VenvError(
            f"{request.path} is for {found}, and this machine is {machine}"
            " (put {arch} into path in [venv])"
        )


def is_environment(path: str) -> bool:
    """Whether there is a virtual or conda environment at the path, whoever made it."""
    is_conda = os.path.isdir(os.path.join(path, "conda-meta"))
    return is_conda or record.pyvenv_cfg(path) is not None


def no_environment(request: VenvRequest) -> VenvError:
    """The error for something else at the path. It is never overwritten."""
    return VenvError(
        f"{request.path} exists and is not an environment (move it away, or set path in [venv])"
    )


def guards(request: VenvRequest, *more: str) -> Guards:
    """The guards on the files whose change makes it another environment, there or not."""
    names = ("pyvenv.cfg", record.RECORD, "bin/python")
    files = (record.mark(request.path), *requirements.closure(request.requested.requirements))
    return Guards.on_files((*(os.path.join(request.path, name) for name in names), *files, *more))


def remedy(request: VenvRequest) -> str:
    """The command that fixes a mismatch."""
    return f" (autoenv-hpc rebuild -C {shlex.quote(request.owner.root)} builds it again)"


def _bases(found: record.PyvenvCfg) -> list[str]:
    """The resolved prefixes that its base interpreter may call its own.

    `home` may be a folder of links to an interpreter that lives elsewhere.
    """
    program = os.path.realpath(os.path.join(found.home, f"python{_short(found.version)}"))
    folders = (os.path.dirname(found.home), os.path.dirname(os.path.dirname(program)))
    return [os.path.realpath(folder) for folder in folders]


def _short(version: str) -> str:
    return ".".join(version.split(".")[:2])
