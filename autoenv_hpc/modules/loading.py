"""A real load of modules in a scratch shell."""

import os
import time
from typing import TYPE_CHECKING, NamedTuple

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import ModuleError
from autoenv_hpc.guards import Guards
from autoenv_hpc.modules import bookkeeping
from autoenv_hpc.modules.bookkeeping import loaded
from autoenv_hpc.project.choices import ModulePolicy
from autoenv_hpc.shell_definitions import ShellDefinitions

if TYPE_CHECKING:
    from autoenv_hpc.modules.scratch_shell import Snapshot

_WATCHED = 16  # folders, since each is checked before every prompt
_FAILURE_AGE = 3600  # seconds; a licence server or a file server may be back


class Request(NamedTuple):
    """What a project requests; the module tool applies the policy, then paths, then modules."""

    modules: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()  # absolute; the first is searched first
    policy: ModulePolicy = "keep"


class LoadError(ModuleError):
    """The tool works but cannot load a requested module."""

    def __init__(self, message: str, dependencies: Guards) -> None:
        super().__init__(message)
        self.dependencies = dependencies
        files = dependencies.files.items()  # the folders in which the missing module may appear
        folders = [(path, then) for path, then in files if os.path.isdir(path)]
        self.guards = Guards(files=dict(folders[:_WATCHED]))


class Resolution(NamedTuple):
    """The result of a load: the environment and the shell's definitions."""

    env: Env
    definitions: ShellDefinitions = ShellDefinitions()
    displaced: tuple[str, ...] = ()  # the user's modules that the load removed
    guards: Guards = Guards()  # with the variables' values before the load
    remarks: tuple[str, ...] = ()  # what the user has to know; a stored load has none


def is_loaded(request: Request, env: Env) -> bool:
    """Whether a load of the request would change nothing."""
    now = loaded(env)
    paths = env.get("MODULEPATH", "").split(":")
    if request.policy != "keep":
        return False
    if list(request.paths) != paths[: len(request.paths)]:
        return False
    return all("/" in name and name in now for name in request.modules)


def resolve(env: Env, request: Request, home: str, shell: str) -> Resolution:
    """Load the requested modules in a scratch shell that starts from `env`.

    :param env: the environment to start from, which stays unchanged.
    :param home: the user's home folder.
    :param shell: the shell for which the modules are loaded.
    :raises ModuleError: a module cannot be loaded; the caller must apply nothing.
    """
    if is_loaded(request, env):
        return Resolution(env)
    for path in request.paths:
        if not os.path.isdir(path):
            raise ModuleError(f"module-paths: no such directory: {path} (create or change it)")
    from autoenv_hpc.modules import attempts, login, observations  # noqa: PLC0415 - only a load
    from autoenv_hpc.modules import tool as tools  # noqa: PLC0415
    from autoenv_hpc.modules.remarks import remarks  # noqa: PLC0415

    start, tool, setting_up = login.initialised(env)
    began = time.time_ns()
    result, absent, questions = attempts.load(start, tool, *request, shell=shell)
    missing = [name for name, other in absent.items() if other is None]
    depends = observations.guards(questions, start, began, shell, is_failure=bool(missing))
    if missing:
        if depends is None:
            from autoenv_hpc.modules import dependencies  # noqa: PLC0415 - only without a listener

            depends = dependencies.failed_load_dependencies(start)
        depends = (depends | setting_up | tools.choice(start)).in_environment(env)
        depends = depends._replace(host=os.uname().nodename, max_age=_FAILURE_AGE)
        raise LoadError(_why(missing, result, start, request), depends)
    after = loaded(result.env)
    displaced = tuple(name for name in loaded(start) if name not in after)
    if depends is None:
        from autoenv_hpc.modules import dependencies  # noqa: PLC0415 - only without a listener

        depends = dependencies.load_dependencies(start, result.env, tool.command, home)
    depends |= setting_up | tools.choice(start) | bookkeeping.consistency(result.env)
    said = (f"{name} is not loaded: {other} takes its place" for name, other in absent.items())
    return Resolution(
        result.env,
        result.definitions,
        displaced,
        depends.in_environment(env),
        (*said, *remarks(result.words)),
    )


def _why(missing: list[str], result: "Snapshot", env: Env, request: Request) -> str:
    from autoenv_hpc.modules import suggestions  # noqa: PLC0415 - only a failed load needs them
    from autoenv_hpc.modules.remarks import shortened  # noqa: PLC0415

    output = " ".join(result.words.split()).partition(" Please check the spelling")[0]
    # Lmod loads all or nothing, and names the culprit.
    missing = [name for name in missing if name.split()[0] in output] or missing
    output = shortened(output) or "the module tool printed nothing and loaded nothing"
    paths = ":".join(filter(None, (*request.paths, env.get("MODULEPATH"))))
    suggested = suggestions.suggestions(missing, {**env, "MODULEPATH": paths}, request.modules)
    if not result.env.get("MODULEPATH"):
        suggested = ["MODULEPATH is empty here (run `module use DIR`, or set module-paths)"]
    return f"cannot load {' '.join(missing)}: {output}" + "".join(f"; {hint}" for hint in suggested)
