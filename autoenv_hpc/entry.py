"""The project that a command works on."""

import itertools
import os
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from autoenv_hpc import verbose
from autoenv_hpc.activation import Activation
from autoenv_hpc.activations import active, compiling, failures, leaving, store, storing
from autoenv_hpc.context import Context
from autoenv_hpc.environment import Env
from autoenv_hpc.errors import ModuleError, Problem
from autoenv_hpc.project import config, editing, project
from autoenv_hpc.project.project import Project, Untrusted
from autoenv_hpc.shells.dialects import dialect_for
from autoenv_hpc.system import jobs
from autoenv_hpc.venvs.types import VenvRequest

_SETTLING = (0.06, 2)  # seconds; the second is for file systems that count in seconds


class Compiled(NamedTuple):
    """A project compiled for this process."""

    project: Project
    outside: Env
    activation: Activation

    @property
    def env(self) -> Env:
        """The variables inside the project."""
        return self.activation.change.applied_to(self.outside)


def choose_project(context: Context) -> Project:
    """Load the project that governs, with the user's choices from the command line.

    :raises Problem: there is none, or the user has not allowed it.
    """
    arguments, environ, folders = context.arguments, context.environ, context.folders
    settings = config.settings(environ, folders)
    for notice in settings.notices:
        context.report.note(notice)
    file = find(context, settings)
    outside = active.without_project(environ)
    data = None
    if arguments.allow:
        data = project.read(file)
        project.allow(file, data, outside, folders, settings)
    kept = active.kept_env(environ, os.path.dirname(file))
    load = partial(
        project.load, outside=outside, folders=folders, settings=settings, site=arguments.site,
        env=arguments.env or kept, data=data, is_kernel=bool(context.kernel),
    )  # fmt: skip
    try:
        return load(file)
    except Untrusted as error:
        root = os.path.dirname(os.path.realpath(file))
        if not context.is_below(root):
            error = error.elsewhere(root)
        if arguments.command not in ("exec", "export") or context.names_project:
            raise error from None
        outer = _outer(file, context, settings, load)
        if outer is None:
            raise error from None
        context.report.problem(error)
        return outer


def compile_and_store(
    context: Context,
    chosen: Project | None = None,
    *,
    shell: str = "bash",
    prepare: bool = False,
) -> Compiled:
    """Compile the governing project as if no project were active, and store the result.

    :param shell: the shell for which the modules are loaded.
    :param prepare: build the environment even where entering would not, and compile again if a
        file changed too shortly before the result to store it.
    """
    arguments, environ, folders = context.arguments, context.environ, context.folders
    chosen = chosen or choose_project(context)
    outside = leaving.outside(environ, active.active_project(environ))
    fresh, progress = getattr(arguments, "fresh", False), context.report.progress
    began = time.monotonic_ns()
    if verbose.is_on():
        from autoenv_hpc.activations import listing  # noqa: PLC0415 - only for these lines

        listing.say_misses(folders.cache, chosen.root, "bash", outside)
    try:
        with context.report.patience(f"entering {chosen.config.name}"):
            activation = compiling.compile_activation(
                chosen, outside, folders, progress, shell=shell, prepare=prepare, fresh=fresh
            )
        for seconds in _SETTLING if prepare else ():
            if not activation.guards.changed:
                break
            time.sleep(seconds)
            again = compiling.compile_activation(chosen, outside, folders, progress)
            activation = again._replace(notices=_unique(activation.notices, again.notices))
    except Problem as problem:
        if isinstance(problem, ModuleError) and arguments.site:
            hint = f"these are the modules of {arguments.site}, and this may be another site"
            raise ModuleError(f"{problem}; {hint}") from problem
        failures.note(folders.cache, chosen.root, problem)
        raise
    verbose.say(f"compiled {chosen.file}", began)
    failures.forget(folders.cache, chosen.root)
    for notice in activation.notices:
        context.report.note(notice)
    bash, report = dialect_for("bash"), context.report
    storing.store_activation(activation, bash, folders, report, is_said=prepare)
    storing.sweep_notes(folders)
    return Compiled(chosen, outside, activation)


def allow(context: Context, file: str, data: bytes, *, force: bool = False) -> None:
    """Allow this content of a configuration, and forget what is stored of its project.

    :raises TrustError: it is not safe to allow it.
    """
    environ, folders = context.environ, context.folders
    settings = config.settings(environ, folders)
    outside = active.without_project(environ)
    project.allow(file, data, outside, folders, settings, force=force)
    for root in {os.path.dirname(file), os.path.realpath(os.path.dirname(file))}:
        store.forget(folders.cache, root)  # an edit may keep a file's time


def rewrite(context: Context, file: str, data: bytes) -> None:
    """Write and allow another content of a configuration that is allowed.

    :raises Problem: it cannot be written, or it is not valid; then nothing is written.
    """
    config.parse(data, file)
    editing.write(file, data)
    allow(context, file, data)


def venv_request(context: Context) -> tuple[VenvRequest, Env]:
    """Return what the project requests of its environment, and the variables with its modules.

    :raises Problem: it requests none, or its modules cannot be loaded.
    """
    chosen, environ = choose_project(context), context.environ
    outside = leaving.outside(environ, active.active_project(environ))
    modules = compiling.load_modules(chosen, outside, context.folders)
    if modules.request is None:
        raise Problem(
            f"{chosen.file}: there is no [venv] table (add one to ask for an environment)"
        )
    return modules.request, modules.loaded.env


def _unique(*notices: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(itertools.chain(*notices)))


def _outer(
    file: str, context: Context, settings: config.Settings, load: Callable[[str], Project]
) -> Project | None:
    """The nearest allowed project above one that is not allowed, as a shell there enters it."""
    while True:
        above = os.path.dirname(os.path.dirname(file))
        found = project.find(above, context.folders, settings)
        if found is None:
            return None
        file = found
        try:
            return load(file)
        except Untrusted:
            continue


def find(context: Context, settings: config.Settings | None = None) -> str:
    """The configuration that governs where the command runs.

    :raises Problem: there is none.
    """
    if settings is None:
        settings = config.settings(context.environ, context.folders)
    for start in context.starts:
        file = project.find(start, context.folders, settings, context.report.note)
        if file and context.kernel and os.path.dirname(file) != start:
            break  # a kernel belongs to this project, and not to one above it
        if file:
            return file
    looked = " or ".join(dict.fromkeys(context.starts))
    raise Problem(f"no {config.FILE_NAME} in {looked} or above ({_instead(context)})")


_MISNAMED = ("hpcenv.toml", ".hpcenv", ".hpcenv.tml", ".hpcenv.yml", ".hpcenv.yaml", "_hpcenv.toml")


def _instead(context: Context) -> str:
    """What to do where no configuration is found."""
    for folder in context.starts:
        file = os.path.join(folder, config.FILE_NAME)
        if os.path.islink(file):
            return f"{file} is a link to {os.readlink(file)}, which does not exist"
        for name in _MISNAMED:
            if os.path.isfile(os.path.join(folder, name)):
                return f"rename {os.path.join(folder, name)} to {config.FILE_NAME}"
    if jobs.number(context.environ):
        return "name the project with -C DIR, or submit from its folder"
    return "write one with `autoenv-hpc init`"
