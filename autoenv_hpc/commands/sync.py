"""`sync`: install what the configuration asks for now."""

from autoenv_hpc import entry
from autoenv_hpc.context import Context
from autoenv_hpc.errors import Problem
from autoenv_hpc.venvs import ensure


def run(context: Context) -> int:
    """Install the difference into the environment, or build a missing one."""
    request, env = entry.venv_request(context)
    if request.requested.backend == "existing":
        raise Problem(f'{request.path}: autoenv-hpc never changes a backend = "existing"')
    is_new = ensure.is_missing(request)
    if not is_new:
        ensure.match(request, env)
        ensure.sync(request, env, context.report.progress)
    compiled = entry.compile_and_store(context, prepare=True)
    if not is_new:
        for warning in ensure.warnings_for(request, env):
            context.report.note(warning)
    context.report.note(f"in sync: {compiled.activation.summary}")
    return 0
