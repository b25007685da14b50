"""`on`, `off`, `reload`: the error in a shell without a hook, which does this work."""

from autoenv_hpc.commands import hook
from autoenv_hpc.context import Context
from autoenv_hpc.errors import Problem


def run(context: Context) -> int:
    """Explain that the shell has no hook: the hook handles these commands itself.

    :raises Problem: always.
    """
    command = context.arguments.command
    raise Problem(f"{command}: this shell has no hook, so nothing is active in it ({hook.ADVICE})")
