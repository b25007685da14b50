"""The project that governs here, with what the command line chose, and its compilation."""

import os

from autoenv_hpc import (
    activation,
    config,
    jobs,
    leaving,
    project,
    state,
    store,
    trust,
    venvs,
    writing,
)
from autoenv_hpc.cli import Context
from autoenv_hpc.dialects import dialect
from autoenv_hpc.environment import Env, holds
from autoenv_hpc.errors import ModuleError, Problem


def environment(context: Context) -> Env:
    """The environment of the governing project, entered from outside of whatever is active."""
    environ = context.environ
    here = governing(context)
    inherited = state.active(environ)
    is_wanted = inherited is not None and inherited.origin == here.origin
    if inherited and is_wanted and not context.arguments.fresh and holds(inherited.change, environ):
        return environ
    return compiled(context, here).env


def compiled(
    context: Context, here: project.Project | None = None, *, prepare: bool = False
) -> activation.Activation:
    """Compile the governing project from outside of whatever is active, and store the result."""
    arguments, environ = context.arguments, context.environ
    here = here or governing(context)
    outside = leaving.outside(environ, state.active(environ))
    try:
        fresh = getattr(arguments, "fresh", False)
        entered = activation.compile(
            here, outside, context.report.progress, prepare=prepare, fresh=fresh
        )
    except ModuleError as error:
        if arguments.site is None:
            raise
        elsewhere = f"these are the modules of {arguments.site}, and here may be another site"
        raise ModuleError(f"{error}; {elsewhere}") from error
    for notice in entered.notices:
        context.report.note(notice)
    if not (arguments.site or arguments.env):  # stored under what a later call finds by itself
        writing.remembered(entered, dialect("bash"), environ, context.report, surely=prepare)
        store.sweep_notes(environ)
    return entered


def wanted(context: Context) -> tuple[venvs.Spec, Env]:
    """What the governing project asks of its environment, and the variables with its modules.

    :raises Problem: it asks for none, or its modules cannot be loaded.
    """
    here = governing(context)
    environ = context.environ
    settled = activation.settle(here, leaving.outside(environ, state.active(environ)))
    if settled.spec is None:
        raise Problem(f"{here.file}: there is no [venv] table, so no environment is asked for")
    return settled.spec, settled.loaded.env


def governing(context: Context) -> project.Project:
    """The project that governs, with what the user chose on the command line."""
    arguments, environ = context.arguments, context.environ
    if arguments.directory is not None:
        change_directory(context, arguments.directory)
    settings = config.settings(environ)
    file = find(context, settings)
    data = None
    if arguments.allow:
        data = project.read(file)
        trust.allow(file, data, environ)
    return project.load(file, environ, settings, site=arguments.site, env=arguments.env, data=data)


def change_directory(context: Context, directory: str) -> None:
    """Go where CMD shall start."""
    try:
        os.chdir(directory)
    except OSError as error:
        raise Problem(f"-C {directory}: {error.strerror}") from error
    context.folder = os.path.normpath(os.path.join(context.folder, directory))


def find(context: Context, settings: config.Settings) -> str:
    """Find the configuration: from the working directory, else from where the job was submitted."""
    submitted = jobs.submitted(context.environ)
    for start in (context.folder, *submitted):
        file = project.find(start, context.environ, settings)
        if file:
            return file
    looked = " or ".join((context.folder, *submitted))
    raise Problem(f"no {config.FILE_NAME} in {looked} or above (write one with `autoenv-hpc init`)")
