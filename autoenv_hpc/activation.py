"""A project and an environment, compiled: the change that entering makes, and when it holds."""

import os
from typing import TYPE_CHECKING, NamedTuple

from autoenv_hpc import expand, foreign, modules, resolutions, shellparts, state
from autoenv_hpc.config import Config, Venv
from autoenv_hpc.environment import Change, Env, difference, with_entries
from autoenv_hpc.errors import ConfigError
from autoenv_hpc.project import Project
from autoenv_hpc.shellparts import ShellParts

if TYPE_CHECKING:
    from autoenv_hpc import venvs


class Activation(NamedTuple):
    """The result of entering a project from one environment; nothing is applied by making it."""

    project: Project
    env: Env  # after entering
    change: Change  # from outside to there, AUTOENV_HPC_STATE included
    shell: ShellParts
    prompt: str
    outer_prompts: tuple[str, ...]
    entered: str  # the line that tells of it
    notices: tuple[str, ...]  # what else the user should know
    reads: dict[str, str | None]  # variables that decided, and what they held outside
    files: tuple[str, ...]  # files that decided
    host: str | None
    life: int  # seconds
    unstorable: str | None  # why it must not be replayed


def compile(  # noqa: A001 - what it is called in the design, and the builtin is not needed here
    project: Project,
    outside: Env,
    progress: "venvs.Progress",
    *,
    prepare: bool = False,
    fresh: bool = False,
) -> Activation:
    """Resolve the modules, have the environment, and write down what that changes.

    :param outside: the environment in which nothing of ours is active.
    :param progress: told each step that takes long.
    :param fresh: load the modules for real, whatever is remembered.
    :param prepare: build the environment also where entering would not.
    :raises Problem: something failed; then nothing is to be applied.
    """
    config = project.config
    settled = settle(project, outside, fresh=fresh)
    start, loaded, values, spec = settled
    env = dict(loaded.env)
    depends, shell = loaded.depends, loaded.shell
    environment = None
    if spec:
        if prepare:
            spec = spec._replace(create="auto", in_job=True)
        from autoenv_hpc.venvs.ensure import ensure  # noqa: PLC0415 - only for an environment

        environment = ensure(spec, env, progress)
        values.interpreter = environment.interpreter
        active = _activated(env, environment, config)
        env, shell = active.env, shellparts.merged(shell, active.shell)
        depends = modules.both(depends, active.depends)
    values.environ = env
    _set_variables(env, config, values)
    env |= {"AUTOENV_HPC_ROOT": project.root, "AUTOENV_HPC_NAME": config.name}
    if project.site.name:
        env["AUTOENV_HPC_SITE"] = project.site.name
    ours = tuple(name for name in modules.loaded(loaded.env) if name not in modules.loaded(start))
    change = difference(outside, env)
    packed = state.encode(
        state.State(
            project.root,
            config.name,
            project.origin,
            change,
            ours,
            loaded.displaced,
            _new_paths(change),
        )
    )
    env[state.NAME] = packed
    change |= difference(
        {k: v for k, v in outside.items() if k == state.NAME}, {state.NAME: packed}
    )
    names = {
        *depends.variables,
        *project.site.consulted,
        *values.used,
        *_written(config),
        *filter(modules.is_bookkeeping, outside),
    }
    watched = environment.watched if environment else ()
    files = (__file__, *project.watched, *values.looked_for, *depends.files, *watched)
    host_bound = depends.host_bound or project.site.host_bound
    return Activation(
        project=project,
        env=env,
        change=change,
        shell=shell,
        prompt=_prompt(config),
        outer_prompts=foreign.prompts(outside) if start is not outside else (),
        entered=_told(config, environment, loaded.displaced),
        notices=environment.notices if environment else (),
        reads={name: outside.get(name) for name in sorted(names - change.keys())},
        files=tuple(dict.fromkeys(files)),
        host=os.uname().nodename if host_bound else None,
        life=min(
            config.cache.max_age,
            modules.HOST_BOUND_LIFE if depends.host_bound else config.cache.max_age,
        ),
        unstorable=_unstorable(config, shell, depends),
    )


class Settled(NamedTuple):
    """A project with its modules loaded, and its environment not looked at yet."""

    start: Env  # without an environment that was activated by hand
    loaded: modules.Resolution
    values: "_Values"
    spec: "venvs.Spec | None"


def settle(project: Project, outside: Env, *, fresh: bool = False) -> Settled:
    """Load the modules, and say what is asked of the environment.

    :raises Problem: the modules cannot be loaded, or a path value cannot be filled in.
    """
    config = project.config
    values = _Values(project, outside)
    start = foreign.taken_out(outside) if config.modules or config.venv else outside
    paths = tuple(values.path(path, "module-paths") for path in config.module_paths)
    request = modules.Request(config.modules, paths, config.module_policy)
    loaded = resolutions.resolve(start, request, config.cache, fresh=fresh)
    values.environ = loaded.env
    return Settled(start, loaded, values, _spec(config, values) if config.venv else None)


class _Values:
    """Expands path values, and remembers which variables they read."""

    def __init__(self, project: Project, environ: Env) -> None:
        self.project = project
        self.environ = environ
        self.used: set[str] = set()
        self.looked_for: list[str] = []  # what would decide otherwise, were it there
        self.interpreter: venvs.Interpreter | None = None

    def path(self, template: str, key: str) -> str:
        """An absolute path; a relative one is relative to the configuration."""
        project = self.project
        fields = {
            "site": project.site.name,
            "arch": os.uname().machine,
            "microarch": _microarch,
            "python": self._python,
            "user": _user,
            "project": os.path.basename(project.root),
            "name": project.config.name,
        }
        self.used |= expand.variables(template)
        place = f"{project.file}: {key}"
        path = expand.expand(template, fields=fields, environ=self.environ, place=place)
        return os.path.normpath(os.path.join(project.root, path))

    def _python(self) -> str:
        if self.interpreter is None:
            venv = self.project.config.venv
            from autoenv_hpc.venvs.interpreters import find_interpreter  # noqa: PLC0415

            self.interpreter = find_interpreter(venv.python if venv else None, self.environ)
        return self.interpreter.version


def _spec(config: Config, values: _Values) -> "venvs.Spec":
    from autoenv_hpc import venvs  # noqa: PLC0415 - only for an environment

    venv, project = config.venv or Venv(), values.project
    python = venv.python
    if python and ("/" in python or python.startswith("~")):
        python = values.path(python, "venv.python")
    path = values.path(venv.path, "venv.path")
    if venv.backend == "conda":
        from autoenv_hpc.venvs import conda  # noqa: PLC0415

        named = conda.named(venv.path, path, values.environ)
        if named != path:
            values.looked_for.append(path)
        path = named
    caches = config.storage.caches
    return venvs.Spec(
        path=path,
        backend=venv.backend,
        python=python,
        system_site_packages=venv.system_site_packages,
        wishes=venvs.Wishes(
            packages=venv.packages,
            requirements=tuple(values.path(r, "venv.requirements") for r in venv.requirements),
            arguments=venv.pip_args,
        ),
        create=venv.create,
        in_job=venv.in_job,
        sync=venv.sync,
        python_path=config.python_path,
        project=config.name,
        root=project.root,
        config_file=project.file,
        site=project.site.name,
        warns_of_home=config.storage.home == "warn",
        warns_of_conda=config.storage.conda == "warn",
        caches=values.path(caches, "storage.caches") if isinstance(caches, str) else caches,
    )


def _activated(env: Env, environment: "venvs.Environment", config: Config) -> "venvs.Active":
    from autoenv_hpc import venvs  # noqa: PLC0415 - only for an environment

    active = venvs.backend(environment.backend).activate(environment, env)
    env = dict(active.env)
    if _prompt(config):
        env["VIRTUAL_ENV_PROMPT"] = _prompt(config).strip().removeprefix("(").removesuffix(")")
    if "CONDA_PROMPT_MODIFIER" in env:  # for the user's own `conda deactivate`
        env["CONDA_PROMPT_MODIFIER"] = _prompt(config)
    if config.python_path == "unset":
        env.pop("PYTHONPATH", None)
    elif config.python_path == "venv-first" and env.get("PYTHONPATH") and environment.interpreter:
        packages = f"{environment.prefix}/lib/python{environment.interpreter.version}/site-packages"
        env["PYTHONPATH"] = with_entries(env["PYTHONPATH"], prepend=[packages])
    return active._replace(env=env)


def _written(config: Config) -> set[str]:
    """What entering sets or takes away, also where it has that value already: it must stay so."""
    names = set(config.env)
    if config.modules or config.venv:
        names |= {"VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_SHLVL"}
    if config.venv:  # with other libraries its Python may not even start
        names |= {"PYTHONHOME", "LD_LIBRARY_PATH", "LD_PRELOAD"}
    if config.python_path != "keep":
        names.add("PYTHONPATH")
    return names


def _told(
    config: Config, environment: "venvs.Environment | None", displaced: tuple[str, ...]
) -> str:
    parts = [" ".join(config.modules)]
    if environment:
        python = f" (Python {environment.interpreter.version})" if environment.interpreter else ""
        parts.append(f"{_short(environment.prefix, config.root)}{python}")
    what = ", ".join(filter(None, parts)) or "entered"
    instead = f", instead of {' '.join(displaced)}" if displaced else ""
    return _printable(f"{config.name}: {what}{instead}")


def _set_variables(env: Env, config: Config, values: _Values) -> None:
    for name, value in config.env.items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = value
    for name, edit in config.paths.items():
        env[name] = with_entries(
            env.get(name),
            [values.path(entry, f"paths.{name}") for entry in edit.prepend],
            [values.path(entry, f"paths.{name}") for entry in edit.append],
        )


def _prompt(config: Config) -> str:
    text: str | bool | None = config.venv.prompt if config.venv else None
    if text is False:
        return ""
    return f"({config.name if text is None else text}) "


def _new_paths(change: Change) -> tuple[str, ...]:
    value = change.get("MODULEPATH")
    if value is None:
        return ()
    before = (value.before or "").split(":")
    return tuple(path for path in (value.after or "").split(":") if path and path not in before)


def _unstorable(config: Config, shell: ShellParts, depends: modules.Dependencies) -> str | None:
    if not config.cache.enabled:
        return "[cache] enabled = false"
    if shell.umask is not None or shell.odd:
        changed = [*(["umask"] if shell.umask is not None else []), *shell.odd]
        return f"a modulefile changes the {' and '.join(changed)}"
    return depends.unknowable


def _short(path: str, root: str) -> str:
    return os.path.relpath(path, root) if path.startswith(root + "/") else path


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)


def _user() -> str:
    import pwd  # noqa: PLC0415 - only where a path asks for it

    return pwd.getpwuid(os.getuid()).pw_name


def _microarch() -> str:
    try:
        import archspec.cpu  # noqa: PLC0415 - only where a path asks for it
    except ImportError as error:
        raise ConfigError(
            "{microarch} needs the package archspec (pip install archspec)"
        ) from error
    return str(archspec.cpu.host().name)
