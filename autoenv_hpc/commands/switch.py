"""`on`, `off`, `reload`: they concern the shell itself, whose hook carries them out."""

from autoenv_hpc.context import Context
from autoenv_hpc.errors import Problem


def run(context: Context) -> int:
    """Say why nothing can happen: whoever comes here has no hook in the shell.

    :raises Problem: always.
    """
    command = context.arguments.command
    raise Problem(
        f"{command}: this shell has no hook, so nothing is active in it"
        ' (put `eval "$(autoenv-hpc hook bash)"` into ~/.bashrc; see `autoenv-hpc hook --help`)'
    )
