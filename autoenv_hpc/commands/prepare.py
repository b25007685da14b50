"""`prepare`: resolve, build, install and compile all that a job will need beforehand."""

from autoenv_hpc.cli import Context
from autoenv_hpc.commands import entering


def run(context: Context) -> int:
    """Have everything ready; nothing changes in this shell."""
    entered = entering.compiled(context, prepare=True)
    context.report.note(f"ready: {entered.entered}")
    return 0
