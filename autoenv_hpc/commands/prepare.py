"""`prepare`: resolve, build, install and compile all that a job will need beforehand."""

from autoenv_hpc import entry
from autoenv_hpc.context import Context


def run(context: Context) -> int:
    """Get everything ready; nothing changes in this shell."""
    compiled = entry.compile_and_store(context, prepare=True)
    context.report.note(f"ready: {compiled.activation.summary}")
    return 0
