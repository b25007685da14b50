"""The compilation of a project into an activation."""

import os
import time
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from autoenv_hpc.activation import DISABLED, Activation
from autoenv_hpc.activations import active, other_venvs
from autoenv_hpc.activations.path_values import PathValues
from autoenv_hpc.environment import Change, Env, Value, with_entries, without_entry
from autoenv_hpc.errors import ModuleError
from autoenv_hpc.guards import Guards
from autoenv_hpc.modules import bookkeeping, loading
from autoenv_hpc.modules.loading import Request, Resolution
from autoenv_hpc.printable import printable
from autoenv_hpc.project.config import Config, PathValue
from autoenv_hpc.project.project import Project
from autoenv_hpc.shell_definitions import ShellDefinitions
from autoenv_hpc.system import own_files
from autoenv_hpc.system.digests import digest
from autoenv_hpc.system.folders import Folders

if TYPE_CHECKING:
    from autoenv_hpc.venvs.types import ActivatedVariables, MatchedVenv, Progress, VenvRequest


# What a notebook server needs for its own Python, and no kernel in another environment.
_SERVERS = ("PYTHONPATH", "PYTHONUSERBASE", "PYTHONHOME", "LD_LIBRARY_PATH", "JUPYTER_PATH")

# One of them is set where modules can be unloaded; a container may inherit `LOADEDMODULES` alone.
_MODULE_TOOLS = ("LMOD_CMD", "MODULES_CMD", "MODULESHOME")


class WithModules(NamedTuple):
    """A project with its modules loaded, but without its environment."""

    start: Env  # the variables without an environment that the user activated
    loaded: Resolution
    values: PathValues
    request: "VenvRequest | None"
    asked: Request = Request()  # what the module tool was asked for


class _WithVenv(NamedTuple):
    """A project with its modules loaded and its environment activated."""

    env: Env
    definitions: ShellDefinitions
    guards: Guards  # of the environment alone
    venv: "MatchedVenv | None"


def compile_activation(  # noqa: PLR0913 - the last three are a command's options
    project: Project,
    outside: Env,
    folders: Folders,
    progress: "Progress",
    *,
    shell: str = "bash",
    prepare: bool = False,
    fresh: bool = False,
) -> Activation:
    """Load the modules, get the environment, and return the result as an activation.

    :param outside: the variables with no project active.
    :param progress: receives the lines of slow steps.
    :param shell: the shell for which the modules are loaded.
    :param prepare: build the environment even if the configuration forbids it on entering.
    :param fresh: load the modules again, even if a load is cached.
    :raises Problem: a step failed, so there is nothing to apply.
    """
    modules = load_modules(project, outside, folders, shell=shell, fresh=fresh)
    inside = _with_venv(project, modules, progress, prepare=prepare)
    env = _inside(project.config, modules.values, inside.env, inside.venv)
    env = _with_names(env, project)
    change = _with_state(outside, env, project, modules)
    return _activation(project, outside, change, modules, inside)


def load_modules(
    project: Project,
    outside: Env,
    folders: Folders,
    *,
    shell: str = "bash",
    fresh: bool = False,
) -> WithModules:
    """Load the modules, and determine the request for the environment.

    :param outside: the variables with no project active.
    :param shell: the shell for which they are loaded.
    :param fresh: load the modules again, even if a load is cached.
    :raises Problem: the modules cannot be loaded, or a path value cannot be expanded.
    """
    config = project.config
    values = PathValues(project, outside, folders)
    if "PATH" not in outside:  # as in `env -i` and `srun --export=NONE`
        from autoenv_hpc.modules import login  # noqa: PLC0415 - only for a bare job

        outside, values.guards = login.with_path(outside)
        values.environ = outside
    start = other_venvs.without_venv(outside) if config.modules or config.venv else outside
    policy = config.module_policy
    if project.is_kernel:
        start = {name: value for name, value in start.items() if name not in _SERVERS}
        has_tool = config.modules or any(start.get(name) for name in _MODULE_TOOLS)
        if policy == "keep" and bookkeeping.loaded(start) and has_tool:
            policy = "purge"
    paths = tuple(values.entry(path, "module-paths") for path in config.module_paths)
    modules = tuple(_module(name, values) for name in config.modules)
    request = Request(modules, paths, policy)
    loaded = Resolution(start)
    if not loading.is_loaded(request, start):
        from autoenv_hpc.modules import remembered  # noqa: PLC0415 - only for modules

        try:
            loaded = remembered.resolve(
                start, request, config.cache, folders, shell=shell, fresh=fresh
            )
        except ModuleError as error:
            error.args = (f"{_place(project, str(error))}: {error}",)
            raise
    values.environ = loaded.env
    if config.venv is None:
        return WithModules(start, loaded, values, None, request)
    from autoenv_hpc.activations.venv_request import venv_request  # noqa: PLC0415 - only for an environment

    venv = venv_request(project, values, folders)
    venv = venv._replace(inside=partial(_inside, config, values))
    return WithModules(start, loaded, values, venv, request)


def _place(project: Project, message: str) -> str:
    """The file and the line of what a message is about: a module, or else a folder of modules."""
    from autoenv_hpc.project.project import read  # noqa: PLC0415 - only for this message

    config = project.config
    missing = message.partition("cannot load ")[2].partition(":")[0].split()
    named = [name for name in config.modules if name.split()[0] in missing]
    words = [f"{quote}{name}{quote}" for name in named or config.module_paths for quote in "\"'"]
    lines = read(project.file).decode(errors="replace").splitlines()
    found = (n for n, line in enumerate(lines, 1) if any(word in line for word in words))
    return f"{project.file}:{next(found, 1)}"


def _module(name: str, values: PathValues) -> str:
    """The name as the module tool needs it: a relative path starts at the project's folder."""
    return values.path(name, "modules") if name.startswith(("./", "../", "~/")) else name


def _with_venv(
    project: Project, modules: WithModules, progress: "Progress", *, prepare: bool
) -> _WithVenv:
    loaded, request = modules.loaded, modules.request
    if request is None:
        return _WithVenv(loaded.env, loaded.definitions, Guards(), None)
    if prepare:
        request = request._replace(rules=request.rules._replace(create="auto", in_job=True))
    from autoenv_hpc.venvs.ensure import ensure  # noqa: PLC0415 - only for an environment

    venv = ensure(request, loaded.env, progress)
    activated = _activated(loaded.env, venv, project.config)
    definitions = loaded.definitions | activated.definitions
    return _WithVenv(activated.env, definitions, activated.guards | venv.guards, venv)


def _activated(env: Env, venv: "MatchedVenv", config: Config) -> "ActivatedVariables":
    from autoenv_hpc.venvs.backends import backend  # noqa: PLC0415 - only for an environment

    activated = backend(venv.backend).activate(venv, env)
    env = dict(activated.env)
    if _prompt(config):
        env["VIRTUAL_ENV_PROMPT"] = _prompt(config).strip().removeprefix("(").removesuffix(")")
    if "CONDA_PROMPT_MODIFIER" in env:  # for the user's own `conda deactivate`
        env["CONDA_PROMPT_MODIFIER"] = _prompt(config)
    return activated._replace(env=env)


def _inside(config: Config, values: PathValues, env: Env, venv: "MatchedVenv | None") -> Env:
    """The variables of a command inside, from those with the environment activated.

    An installer runs with them too, so that it sees what the command will see.
    """
    env = dict(env)
    interpreter = venv.interpreter if venv else None
    if config.python_path == "unset":
        env.pop("PYTHONPATH", None)
    elif config.python_path == "venv-first" and env.get("PYTHONPATH") and venv and interpreter:
        packages = f"{venv.prefix}/lib/python{interpreter.version}/site-packages"
        env["PYTHONPATH"] = with_entries(env["PYTHONPATH"], prepend=[packages])
    values.environ, values.interpreter = env, interpreter
    _set_variables(env, config, values)
    return env


def _set_variables(env: Env, config: Config, values: PathValues) -> None:
    for name, value in config.env.items():
        if value is None:
            env.pop(name, None)
        elif isinstance(value, PathValue):
            env[name] = values.path(value.template, f"env.{name}")
        else:
            env[name] = value
    is_again = values.is_of_project(env)
    for name, edit in config.paths.items():
        head, tail = (
            [values.entry(entry, f"paths.{name}") for entry in entries]
            for entries in (edit.prepend, edit.append)
        )
        value = env.get(name)
        for entry in (*head, *tail) if is_again and value else ():
            value = without_entry(value or "", entry)
        env[name] = with_entries(value, head, tail)


def _with_names(env: Env, project: Project) -> Env:
    env = {**env, "AUTOENV_HPC_ROOT": project.root, "AUTOENV_HPC_NAME": project.config.name}
    env["AUTOENV_HPC_EXE"] = own_files.command()
    if project.site.name:
        env["AUTOENV_HPC_SITE"] = project.site.name
    if project.site.cluster:
        env["AUTOENV_HPC_CLUSTER"] = project.site.cluster
    if project.config.env_name:
        env["AUTOENV_HPC_ENV"] = project.config.env_name
    return env


def _with_state(outside: Env, env: Env, project: Project, modules: WithModules) -> Change:
    """The change, with `AUTOENV_HPC_STATE`, which contains all that leaving needs."""
    change = Change.between(outside, env)
    change = Change({**bookkeeping.counts(change, outside), **change})
    before, after = map(bookkeeping.modules, (modules.start, modules.loaded.env))
    ours = tuple(module for module in after if module not in before)
    displaced = tuple(module for module in before if module not in after)
    paths = _new_paths(change)
    has_modules = bool(ours or displaced or paths)
    names = {
        *active.RECORDED,
        *(filter(bookkeeping.is_bookkeeping, outside) if has_modules else ()),
    }
    recorded = {n: Value(outside.get(n), env.get(n)) for n in sorted(names) if n in outside}
    state = active.encode(
        active.ActiveProject(
            root=project.root,
            name=project.config.name,
            origin=project.origin,
            change=Change({**recorded, **change}),
            modules=ours,
            displaced=displaced,
            paths=paths,
            rest=Change.between(modules.loaded.env, env) if has_modules else Change(),
        )
    )
    return Change({**change, active.NAME: Value(None, state)})


def _activation(
    project: Project, outside: Env, change: Change, modules: WithModules, inside: _WithVenv
) -> Activation:
    loaded = modules.loaded.guards
    own = project.guards | modules.values.guards | inside.guards
    guards = _guards(project, outside, change, own | loaded)
    reason = guards.not_storable_because or _not_storable_because(
        project.config, inside.definitions
    )
    venv, is_deactivated = inside.venv, modules.start is not outside
    return Activation(
        root=project.root,
        name=project.config.name,
        change=change,
        guards=guards._replace(not_storable_because=reason),
        shared=tuple(sorted(loaded.paths - own.paths)),
        watched=project.guards.files,
        definitions=inside.definitions,
        prompt=_prompt(project.config),
        outer_prompts=other_venvs.prompts(outside) if is_deactivated else (),
        summary=_summary(project.config, venv, modules.loaded.displaced),
        notices=(
            *modules.loaded.remarks,
            *_left_out(inside.definitions),
            *(venv.notices if venv else ()),
        ),
        variant=digest([guards.variables, guards.host, project.choice, own_files.command()]),
        choice=project.choice,
        command=own_files.command(),
        link=project.way if project.way != project.root else "",
    )


def _guards(project: Project, outside: Env, change: Change, parts: Guards) -> Guards:
    """The guards under which another compilation gives the same change."""
    cache = Guards(max_age=project.config.cache.max_age, made=int(time.time()))
    code = Guards.on_files((__file__,))  # another version may compile differently
    joined = code | parts | cache
    names = {
        "AUTOENV_HPC_ROOT",
        *active.RECORDED,
        *joined.variables,
        *_written_variables(project.config),
    }
    if project.is_kernel:
        names.update(_SERVERS + _MODULE_TOOLS)
    names.update(filter(bookkeeping.is_bookkeeping, outside))
    reads = {name: outside.get(name) for name in sorted(names - change.keys())}
    return joined._replace(variables={**reads, **change.befores})


def _written_variables(config: Config) -> set[str]:
    """The variables that entering writes, even if they already have the right value."""
    names = set(config.env)
    if config.venv:  # its Python may not start with other libraries
        names |= {"PYTHONHOME", "LD_LIBRARY_PATH", "LD_PRELOAD"}
    if config.python_path != "keep":
        names.add("PYTHONPATH")
    return names


def _left_out(definitions: ShellDefinitions) -> list[str]:
    parts = " and the ".join(definitions.untransferable)
    return [f"a modulefile changes the {parts}, which stays as it is"] if parts else []


def _not_storable_because(config: Config, definitions: ShellDefinitions) -> str | None:
    if not config.cache.enabled:
        return DISABLED
    if definitions.of_the_process:
        return f"a modulefile changes the {' and the '.join(definitions.of_the_process)}"
    return None


def _new_paths(change: Change) -> tuple[str, ...]:
    value = change.get("MODULEPATH")
    if value is None:
        return ()
    before = (value.before or "").split(":")
    return tuple(path for path in (value.after or "").split(":") if path and path not in before)


def _prompt(config: Config) -> str:
    text: str | bool | None = config.venv.prompt if config.venv else None
    if text is False:
        return ""
    return f"({config.name if text is None else text}) "


def _summary(config: Config, venv: "MatchedVenv | None", displaced: tuple[str, ...]) -> str:
    parts = [" ".join(config.modules)]
    if venv:
        python = f" (Python {venv.interpreter.version})" if venv.interpreter else ""
        parts.append(f"{_short(venv.prefix, config.root)}{python}")
    contents = ", ".join(filter(None, parts)) or "entered"
    instead = f", instead of {' '.join(displaced)}" if displaced else ""
    return printable(f"{config.name}: {contents}{instead}")


def _short(path: str, root: str) -> str:
    return os.path.relpath(path, root) if path.startswith(root + "/") else path
