"""`exec CMD…`: become CMD in the project's environment; what was seen before never comes here."""

import errno
import os
import shutil
from typing import NoReturn

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
from autoenv_hpc.errors import ModuleError, Problem, UsageError


class ExecProblem(Problem):
    """The environment could not be had, so CMD was not started."""

    status = 125


def run(context: Context) -> int:
    """Replace this process by CMD."""
    arguments = context.arguments
    words = arguments.cmd[1:] if arguments.cmd[:1] == ["--"] else arguments.cmd
    if not words:
        raise UsageError("exec: which command? (autoenv-hpc exec -- CMD…)")
    try:
        env = environment(context)
    except Problem as problem:
        raise ExecProblem(str(problem)) from problem
    become(words, env)


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
    inherited = state.active(environ)
    outside = leaving.outside(environ, inherited) if inherited else environ
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
    inherited = state.active(context.environ)
    outside = leaving.outside(context.environ, inherited) if inherited else context.environ
    settled = activation.settle(here, outside)
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


def become(words: list[str], env: Env) -> NoReturn:
    """Replace this process by a command, found on the PATH that the environment gives it.

    :raises ExecProblem: 127, it was not found, or 126, it cannot be executed, as env(1) does.
    """
    if "SLURM_EXPORT_ENV" in env:  # of `sbatch --export=NONE`: srun would hand nothing on
        env = {**env, "SLURM_EXPORT_ENV": "ALL"}
    level = env.get("SHLVL", "")
    if level.isdigit():  # the script that started us counted itself in
        env = {**env, "SHLVL": str(int(level) - 1)}
    program = words[0]
    path = program if "/" in program else shutil.which(program, path=env.get("PATH", os.defpath))
    problem = ExecProblem(_not_found(program, env))
    problem.status = 127
    if path is None:
        raise problem
    try:
        os.execve(path, words, env)
    except OSError as error:
        if error.errno == errno.ENOEXEC:  # a script without `#!`, as execvp(3) runs it
            os.execve("/bin/sh", ["/bin/sh", path, *words[1:]], env)
        problem = ExecProblem(f"{program}: {error.strerror}")
        problem.status = 127 if error.errno == errno.ENOENT else 126
        raise problem from error


def _not_found(program: str, env: Env) -> str:
    """Say so, and whether it would be found outside: then a module or policy took it away."""
    text = f"{program}: not found on the PATH of the project {env.get('AUTOENV_HPC_NAME', '')}"
    active = state.active(env)
    before = active.change["PATH"].before if active and "PATH" in active.change else None
    outside = shutil.which(program, path=before) if before else None
    return f"{text}; outside of it there is {outside}" if outside else text
