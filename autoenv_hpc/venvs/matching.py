"""The check that an environment is the requested one."""

import os
import shlex

from autoenv_hpc.errors import VenvError
from autoenv_hpc.guards import Guards
from autoenv_hpc.venvs import contents, record, requirements
from autoenv_hpc.venvs.types import Interpreter, MatchedVenv, VenvRequest


def match(request: VenvRequest, needed: Interpreter) -> MatchedVenv:
    """The virtual environment at the path, if it matches the request.

    The base interpreter (prefix and X.Y), architecture and `system-site-packages` must match. The
    modules may differ: a common recipe creates it with `Python` and uses it with `SciPy-bundle`.

    :raises VenvError: it is missing or does not match; the message has the difference.
    """
    conditions = guards(request, needed.executable)  # before the files are read
    cfg = record.pyvenv_cfg(request.path)
    if cfg is None:
        raise not_a_venv(request, "pyvenv.cfg")
    check_place(request)
    if not os.path.isdir(cfg.home):
        raise VenvError(
            f"{request.path} was built on a Python in {cfg.home}, which no longer exists"
            f"{remedy(request)}"
        )
    check_whole(request)
    check_machine(request, needed.machine)
    bases = _bases(cfg)
    if cfg.short != needed.version or needed.base_prefix not in bases:
        key = f'set python = "{cfg.version}" in [venv]'
        raise VenvError(
            f"{request.path} was built on Python {cfg.version} in {bases[0]},"
            f" but the current one is {needed.full} in {needed.base_prefix}{remedy(request, key)}"
        )
    if cfg.system_site_packages != request.requested.system_site_packages:
        sees = "sees" if cfg.system_site_packages else "does not see"
        value = "false" if cfg.system_site_packages else "true"
        raise VenvError(
            f"{request.path} {sees} the packages of its base Python,"
            f" but [venv] has system-site-packages = {value}{remedy(request, 'change the key')}"
        )
    return MatchedVenv(request.path, needed, request.requested.backend, guards=conditions)


def check_machine(request: VenvRequest, machine: str, metadata: str | None = None) -> None:
    """Check that the environment is for this architecture.

    :param metadata: its architecture according to its metadata, used if it has no Python.
    :raises VenvError: it is for another architecture.
    """
    built_for = record.machine(request.path) or metadata
    if built_for not in (None, machine):
        raise VenvError(
            f"{request.path} is for {built_for}, but this machine is {machine}"
            " (add {arch} to path in [venv])"
        )


def is_venv(path: str) -> bool:
    """Whether there is a virtual or conda environment at the path, from any tool."""
    is_conda = os.path.isdir(os.path.join(path, "conda-meta"))
    return is_conda or record.pyvenv_cfg(path) is not None


def not_a_venv(request: VenvRequest, needed: str) -> VenvError:
    """The error if something else is at the path. It is never overwritten.

    :param needed: the file or folder that every environment of this kind has.
    """
    if record.read(request.path):
        return VenvError(f"{request.path} is damaged: {needed} is gone{remedy(request)}")
    return VenvError(
        f"{request.path} exists and is not an environment (move it away, or set path in [venv])"
    )


def check_whole(request: VenvRequest) -> None:
    """Check that what every command needs is there: file systems for scratch delete old files.

    :raises VenvError: it is not.
    """
    fault = damage(request.path)
    if fault:
        raise VenvError(f"{request.path} is damaged: {fault}{remedy(request)}")


def damage(path: str) -> str | None:
    """What an environment with a Python lacks; None if it is whole."""
    python = os.path.join(path, "bin/python")
    if not os.path.isfile(python):
        leads = f" leads to {os.path.realpath(python)}, which" if os.path.islink(python) else ""
        return f"bin/python{leads} is gone"
    if not os.access(python, os.X_OK):
        return "bin/python cannot be executed"
    return None if contents.site_packages(path) else "its folder for packages is gone"


def check_place(request: VenvRequest) -> None:
    """Check that the environment is where it was built; links to that folder do not matter.

    :raises VenvError: it was moved or copied, so its scripts lead to another place.
    """
    place = record.built_at(request.path)
    if place is None:
        return
    try:
        if os.path.samefile(place, request.path):
            return
        how = "copied"
    except OSError:
        how = "moved"
    raise VenvError(
        f"{request.path} was {how}: it was built as {place},"
        f" and its scripts still lead there{remedy(request)}"
    )


def guards(request: VenvRequest, *more: str) -> Guards:
    """The guards on the files that identify the environment, existing or not.

    :param more: the paths of further files.
    """
    names = ("pyvenv.cfg", record.RECORD, "bin/python")
    files = (record.mark_path(request.path), *requirements.closure(request.requested.requirements))
    return Guards.on_files((*(os.path.join(request.path, name) for name in names), *files, *more))


def remedy(request: VenvRequest, alternative: str = "") -> str:
    """The remedy for a mismatch: a rebuild, or an alternative to it."""
    command = f"run autoenv-hpc rebuild -C {shlex.quote(request.owner.root)}"
    return f" ({alternative}, or {command})" if alternative else f" ({command})"


def _bases(cfg: record.PyvenvCfg) -> list[str]:
    """The resolved prefixes that the base interpreter may report.

    There may be several: `home` can be a folder of links to interpreters in other folders.
    """
    programs = map(os.path.realpath, record.base_programs(cfg))
    beside = [os.path.dirname(os.path.dirname(program)) for program in programs]
    return [os.path.realpath(folder) for folder in (os.path.dirname(cfg.home), *beside)]
