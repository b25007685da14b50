"""`prepare`: resolve, build, install and compile all that a job will need beforehand."""

from autoenv_hpc import activation, config, leaving, project, state, writing
from autoenv_hpc.cli import Context
from autoenv_hpc.commands import execute
from autoenv_hpc.dialects import dialect


def run(context: Context) -> int:
    """Have everything ready; nothing changes in this shell."""
    environ, arguments = context.environ, context.arguments
    settings = config.settings(environ)
    file = execute.find(context, settings)
    here = project.load(file, environ, settings, site=arguments.site, env=arguments.env)
    inherited = state.active(environ)
    outside = leaving.outside(environ, inherited) if inherited else environ
    entered = activation.compile(here, outside, context.report.progress, prepare=True)
    if not (arguments.site or arguments.env):
        writing.remembered(entered, dialect("bash"), environ, context.report)
    context.report.note(f"ready: {entered.entered}")
    return 0
