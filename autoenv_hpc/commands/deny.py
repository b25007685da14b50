"""`deny [PATH]`: never let a configuration take effect, until it is allowed again."""

from autoenv_hpc import trust
from autoenv_hpc.cli import Context
from autoenv_hpc.commands.allow import named


def run(context: Context) -> int:
    """Deny the configuration whatever it contains."""
    file = named(context)
    trust.deny(file, context.environ)
    context.report.note(f"denied {file}")
    return 0
