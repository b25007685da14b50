"""The languages of kernels: what starts a kernel, and whether an environment has it."""

import os
import shutil
from typing import NamedTuple

from autoenv_hpc.environment import Env
from autoenv_hpc.system import programs

_CONNECTION = "{connection_file}"  # Jupyter puts the path in its place
_TIMEOUT = 120  # seconds; julia and R may start from a cold file system
_FIND_IPYKERNEL = """
import sys
sys.path.pop(0)
try:
    from importlib.util import find_spec
except ImportError:
    from pkgutil import find_loader as find_spec
if find_spec("ipykernel_launcher"):
    print("kernel-found")
"""
_FOUND = "kernel-found"  # a start-up file of the user may print more


class Language(NamedTuple):
    """One language, as far as a kernel needs it."""

    name: str  # as Jupyter spells it
    program: str
    package: str  # that contains the kernel
    question: tuple[str, ...]  # makes the program print `kernel-found` if it has the package
    command: tuple[str, ...]  # starts the kernel, as the package's own installation writes it


LANGUAGES = (
    Language(
        "python",
        "python",
        "ipykernel",
        ("-c", _FIND_IPYKERNEL),
        ("python", "-m", "ipykernel_launcher", "-f", _CONNECTION),
    ),
    Language(
        "R",
        "R",
        "IRkernel",
        (
            *("--slave", "--no-restore", "-e"),
            'if (nzchar(system.file(package = "IRkernel"))) cat("kernel-found")',
        ),
        ("R", "--slave", "-e", "IRkernel::main()", "--args", _CONNECTION),
    ),
    Language(
        "julia",
        "julia",
        "IJulia",
        (
            *("--startup-file=no", "-e"),
            'if Base.find_package("IJulia") !== nothing; print("kernel-found"); end',
        ),
        ("julia", "-i", "--color=yes", "-e", "import IJulia; IJulia.run_kernel()", _CONNECTION),
    ),
)


def of_project(outside: Env, env: Env) -> list[Language]:
    """The languages that a project can bring: Python, and those whose program is another inside."""
    return [
        language
        for language in LANGUAGES
        if language.name == "python" or _program(language, env) != _program(language, outside)
    ]


def has_kernel(language: Language, env: Env) -> bool:
    """Whether a program of the environment has the kernel's package."""
    program = _program(language, env)
    if program is None:
        return False
    with programs.scratch_folder() as folder:
        try:
            found = programs.run([program, *language.question], env, folder, _TIMEOUT)
        except (OSError, TimeoutError):
            return False
    return found.status == 0 and _FOUND in found.stdout


def _program(language: Language, env: Env) -> str | None:
    return shutil.which(language.program, path=env.get("PATH", os.defpath))
