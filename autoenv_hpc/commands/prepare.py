"""`prepare`: build, install and store everything that a job needs."""

from autoenv_hpc import entry
from autoenv_hpc.context import Context


def run(context: Context) -> int:
    """Prepare the project without entering it in this shell."""
    compiled = entry.compile_and_store(context, prepare=True)
    context.report.note(f"ready: {compiled.activation.summary}")
    return 0
