"""`hook SHELL`: the lines that an rc file evaluates; they source the real hook."""

import os
import sys

from autoenv_hpc import config, folders, resources
from autoenv_hpc.cli import Context
from autoenv_hpc.dialects import dialect


def run(context: Context) -> int:
    """Print the hook; the script answers itself where no configuration may hold ceilings."""
    shell = context.arguments.shell
    settings = config.settings(context.environ)
    ceilings = [folders.home(context.environ), *settings.ceilings]
    sys.stdout.write(text(shell, os.path.abspath(sys.argv[0]), ceilings))
    return 0


def text(shell: str, program: str, ceilings: list[str]) -> str:
    """The lines for one shell."""
    quote = dialect(shell).quote
    file = resources.shell_file(f"hook.{shell}")
    words = " ".join(map(quote, ceilings))
    if shell == "fish":
        return (
            f"set -g __autoenv_hpc_command {quote(program)}\n"
            f"set -g __autoenv_hpc_ceilings {words}\nsource {quote(file)}\n"
        )
    source = f"\\builtin source {quote(file)}"
    if shell == "zsh":
        source = f"emulate zsh -o no_aliases -c {quote(source)}"
    return f"__autoenv_hpc_command={quote(program)} __autoenv_hpc_ceilings=({words})\n{source}\n"
