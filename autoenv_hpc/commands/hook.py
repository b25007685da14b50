"""`hook SHELL`: the code that a startup file evaluates to source the real hook."""

import os
import sys
from collections.abc import Iterable
from typing import NamedTuple

from autoenv_hpc.context import Context
from autoenv_hpc.environment import Env
from autoenv_hpc.project import config
from autoenv_hpc.report import emit
from autoenv_hpc.shells.dialects import dialect_for
from autoenv_hpc.system import jobs, own_files

ADVICE = "run `autoenv-hpc setup`, then open a new shell"


class Hook(NamedTuple):
    """The hook of the shell in which a command was typed."""

    shell: str | None  # None: the shell has no hook
    off: str = ""  # the project that the user has left for now

    @classmethod
    def of(cls, environ: Env) -> "Hook":
        """The hook, which names itself in a variable for the commands that want to know."""
        shell, _, off = environ.get("AUTOENV_HPC_HOOK", "").partition(":")
        return cls(shell.removesuffix("4") or None, off)


def note_missing(context: Context) -> None:
    """Say that `cd` does nothing in a shell without the hook."""
    if Hook.of(context.environ).shell is None and not jobs.number(context.environ):
        context.report.note(f"this shell has no hook, so `cd` enters nothing ({ADVICE})")


def run(context: Context) -> int:
    """Print the hook; the start script does so itself if no configuration can set ceilings."""
    shell = context.arguments.shell
    settings = config.settings(context.environ, context.folders)
    emit(text(shell, os.path.abspath(sys.argv[0]), settings.ceilings))
    return 0


def text(shell: str, program: str, ceilings: Iterable[str]) -> str:
    """The code for one shell; it contains no user's home, so a site can keep it in a file."""
    quote = dialect_for(shell).quote
    file = own_files.shell_file(f"hook.{shell}")
    words = [quote(ceiling) for ceiling in ceilings]
    if shell == "fish":
        return (
            f"set -g __autoenv_hpc_command {quote(program)}\n"
            f"{' '.join(['set -g __autoenv_hpc_ceilings', *words])}\nsource {quote(file)}\n"
        )
    source = f"\\builtin source {quote(file)}"
    if shell == "zsh":
        source = f"emulate zsh -o no_aliases -o no_xtrace -c {quote(source)}"
    limits = f"__autoenv_hpc_ceilings=({' '.join(words)})"
    return f"__autoenv_hpc_command={quote(program)} {limits}\n{source}\n"
