"""Whether the environment at a path is the one that is asked for."""

import os
import shlex

from autoenv_hpc.errors import VenvError
from autoenv_hpc.venvs import Environment, Interpreter, Spec, record, requirements


def matched(spec: Spec, needed: Interpreter) -> Environment:
    """The virtual environment at the path, if it is the one that is asked for.

    The base interpreter (prefix and X.Y), the architecture and `system-site-packages` decide, and
    not the list of modules: the usual recipe creates under `Python` and works under `SciPy-bundle`.

    :raises VenvError: it is another one; the message says what was found and what is needed.
    """
    found = record.pyvenv_cfg(spec.path)
    if found is None:
        raise no_environment(spec)
    if not os.path.isdir(found.home):
        raise VenvError(
            f"{spec.path} was built on a Python in {found.home}, which is gone{remedy(spec)}"
        )
    check_machine(spec, needed.machine)
    bases = _bases(found)
    if _short(found.version) != needed.version or needed.base_prefix not in bases:
        raise VenvError(
            f"{spec.path} was built on Python {found.version} in {bases[0]},"
            f" and the one here is {needed.full} in {needed.base_prefix}"
            f" (say which with python in [venv]){remedy(spec)}"
        )
    if found.system_site_packages != spec.system_site_packages:
        has, wants = ("sees", "not to") if found.system_site_packages else ("does not see", "to")
        raise VenvError(
            f"{spec.path} {has} the packages of its base Python, and is asked {wants}"
            f" (system-site-packages in [venv]){remedy(spec)}"
        )
    files = (*watched(spec), needed.executable)
    return Environment(spec.path, needed, spec.backend, watched=files)


def check_machine(spec: Spec, machine: str, said: str | None = None) -> None:
    """See that the environment is for this architecture.

    :param said: the one that it is said to be for, where its Python cannot tell.
    :raises VenvError: it is for another one.
    """
    found = record.machine(spec.path) or said
    if found not in (None, machine):
        raise VenvError(
            f"{spec.path} is for {found}, and this machine is {machine}"
            " (put {arch} into path in [venv])"
        )


def is_environment(path: str) -> bool:
    """Whether a virtual or a conda environment stands at the path, whoever made it."""
    is_conda = os.path.isdir(os.path.join(path, "conda-meta"))
    return is_conda or record.pyvenv_cfg(path) is not None


def no_environment(spec: Spec) -> VenvError:
    """What to say of something else at the path; it is never overwritten."""
    return VenvError(
        f"{spec.path} exists and is not an environment (move it away, or set path in [venv])"
    )


def watched(spec: Spec) -> tuple[str, ...]:
    """The files whose change makes it another environment, there or not."""
    names = ("pyvenv.cfg", record.RECORD, "bin/python")
    files = (record.mark(spec.path), *requirements.closure(spec.wishes.requirements))
    return (*(os.path.join(spec.path, name) for name in names), *files)


def remedy(spec: Spec) -> str:
    """The one command that mends a mismatch."""
    return f" (autoenv-hpc rebuild -C {shlex.quote(spec.root)} builds it anew)"


def _bases(found: record.Found) -> list[str]:
    """The resolved prefixes that its base interpreter may call its own.

    `home` may be a folder of links to an interpreter that lives elsewhere.
    """
    program = os.path.realpath(os.path.join(found.home, f"python{_short(found.version)}"))
    folders = (os.path.dirname(found.home), os.path.dirname(os.path.dirname(program)))
    return [os.path.realpath(folder) for folder in folders]


def _short(version: str) -> str:
    return ".".join(version.split(".")[:2])
