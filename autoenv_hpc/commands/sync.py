"""`sync`: install what the configuration asks for by now."""

from autoenv_hpc.cli import Context
from autoenv_hpc.commands import entering
from autoenv_hpc.errors import Problem
from autoenv_hpc.venvs import ensure, record


def run(context: Context) -> int:
    """Install the difference into the environment; build it if it is missing."""
    spec, env = entering.wanted(context)
    if spec.backend == "existing":
        raise Problem(f'{spec.path}: backend = "existing" is not ours to change')
    is_new = not record.exists(spec.path) or record.is_unfinished(spec.path)
    if not is_new:
        ensure.match(spec, env)
        ensure.sync(spec, env, context.report.progress)
    entered = entering.compiled(context, prepare=True)
    if not is_new:
        for caution in ensure.cautions(spec, env):
            context.report.note(caution)
    context.report.note(f"in sync: {entered.entered}")
    return 0
