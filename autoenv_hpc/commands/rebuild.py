"""`rebuild`: build the environment anew beside the old one, and swap it in at the end."""

from autoenv_hpc import users
from autoenv_hpc.cli import Context
from autoenv_hpc.commands import entering
from autoenv_hpc.errors import Problem
from autoenv_hpc.venvs import ensure


def run(context: Context) -> int:
    """Build, swap, and tell who has had the old one open."""
    spec, env = entering.wanted(context)
    if spec.backend == "existing":
        raise Problem(f'{spec.path}: backend = "existing" is not ours to build')
    busy = users.of(spec.path, spec.root)
    kept = ensure.rebuild(spec, env, context.report.progress)
    if busy:
        listed = ", ".join(busy)
        context.report.note(f"what runs here with the old one may have to start anew: {listed}")
    if kept:
        context.report.note(f"the old one was not built by autoenv-hpc, and is kept: {kept}")
    entered = entering.compiled(context, prepare=True)
    for notice in ensure.cautions(spec, env):
        context.report.note(notice)
    context.report.note(f"rebuilt: {entered.entered}")
    return 0
