"""`prepare`: resolve, build, install and compile all that a job will need, before it is submitted."""

from autoenv_hpc import activation, config, folders, leaving, project, state, store
from autoenv_hpc.cli import Context
from autoenv_hpc.commands import execute, shell
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
    stamps = store.Stamps(folders.cache(environ))
    document = shell.described(entered, stamps)
    if not (arguments.site or arguments.env):
        shell.keep(entered, document, dialect("bash"), environ, stamps, context.report)
    context.report.note(f"ready: {entered.entered}")
    return 0
