"""`prepare`: make ready what a job needs before it is submitted."""

from autoenv_hpc import entry
from autoenv_hpc.context import Context
from autoenv_hpc.modules import names


def run(context: Context) -> int:
    """Prepare the project without entering it in this shell."""
    compiled = entry.compile_and_store(context, prepare=True)
    names.write(context.folders.cache, compiled.env, compiled.outside)
    context.report.note(f"ready: {compiled.activation.summary}")
    reason = compiled.activation.guards.not_storable_because
    if reason:
        context.report.note(f"each entry loads the modules again, because {reason}")
    return 0
