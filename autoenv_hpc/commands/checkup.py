"""What goes wrong, or will, in the project here."""

import glob
import json
import os
import re
from collections.abc import Iterator

from autoenv_hpc.activations import active, compiling, leaving
from autoenv_hpc.context import Context
from autoenv_hpc.environment import Env
from autoenv_hpc.errors import ModuleError, Problem, VenvError
from autoenv_hpc.findings import Finding
from autoenv_hpc.notebooks import spec
from autoenv_hpc.project import config, project
from autoenv_hpc.system import files
from autoenv_hpc.venvs import contents, ensure, record
from autoenv_hpc.venvs.types import VenvRequest

_CONDA_BLOCK = b"# >>> conda initialize >>>"
_RC_FILES = (".bashrc", ".bash_profile", ".profile", ".zshrc", ".config/fish/config.fish")


def check(context: Context) -> list[Finding]:
    """The findings in the project that governs the working directory, if there is one.

    Nothing is built, entered or fetched. The modules are loaded in a scratch shell unless the load
    is cached.
    """
    environ = context.environ
    found = [*_shell(environ), *_home(context)]
    settings = config.settings(environ, context.folders)
    file = project.find(context.directory, context.folders, settings)
    if file is None:
        return found
    outside = leaving.outside(environ, active.active_project(environ))
    try:
        chosen = project.load(file, outside, context.folders, settings)
        found += _versions(chosen.config, file)
        modules = compiling.load_modules(chosen, outside, context.folders)
    except ModuleError as problem:
        placed = re.fullmatch(rf"{re.escape(file)}:(\d+): (.*)", str(problem), re.DOTALL)
        line, why = (int(placed[1]), placed[2]) if placed else (None, str(problem))
        return [*found, Finding("F26", "high", why, file, line, remedy="autoenv-hpc edit")]
    except Problem as problem:
        remedy = (
            "autoenv-hpc allow" if isinstance(problem, project.Untrusted) else "autoenv-hpc edit"
        )
        return [*found, Finding("F00", "high", str(problem), file, remedy=remedy)]
    if modules.request:
        found += _environment(modules.request, modules.loaded.env)
    return found


def _shell(environ: Env) -> Iterator[Finding]:
    if environ.get("LMOD_CMD") == ":":
        title = "`module` exists and does nothing"
        yield Finding("F15", "medium", title, "LMOD_CMD", evidence="LMOD_CMD=:", remedy="bash -l")
    if environ.get("EBPYTHONPREFIXES"):
        title = "modules add packages by EBPYTHONPREFIXES, which is searched last"
        yield Finding("F8", "info", title, "EBPYTHONPREFIXES")


def _home(context: Context) -> Iterator[Finding]:
    home = context.folders.home
    for name in _RC_FILES:
        path = os.path.join(home, name)
        try:
            data = files.read(path)
        except OSError:
            continue
        at = data.find(_CONDA_BLOCK)
        if at >= 0:
            title = "conda's block activates its base environment in each shell"
            line = data.count(b"\n", 0, at) + 1
            remedy = "conda config --set auto_activate_base false"
            yield Finding("F11", "low", title, path, line, remedy=remedy)
    kernels = glob.escape(spec.folder(context.environ, home))
    for path in glob.glob(f"{kernels}/*/kernel.json"):
        try:
            program = json.loads(files.read(path))["argv"][0]
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            continue
        cfg = record.pyvenv_cfg(os.path.dirname(os.path.dirname(str(program))))
        if cfg and not cfg.home.startswith(("/usr/", "/bin")):
            title = "the kernel starts an environment's Python without the modules"
            remedy = "autoenv-hpc kernel install"
            yield Finding("F23", "medium", title, path, evidence=str(program), remedy=remedy)


def _versions(chosen: config.Config, file: str) -> Iterator[Finding]:
    for name in chosen.modules:
        if "/" not in name and "@" not in name:
            title = "a module without a version changes with the site's default"
            remedy = f"autoenv-hpc remove {name} && autoenv-hpc add {name}/VERSION"
            yield Finding("F29", "low", title, file, evidence=name, remedy=remedy)


def _environment(request: VenvRequest, env: Env) -> Iterator[Finding]:
    root = request.owner.root
    if ensure.is_missing(request):
        title = "the environment is not built yet"
        yield Finding("F20", "info", title, request.path, remedy=f"autoenv-hpc prepare -C {root}")
        return
    try:
        venv = ensure.match(request, env)
    except VenvError as problem:
        yield Finding(
            "F2", "high", str(problem), request.path, remedy=f"autoenv-hpc rebuild -C {root}"
        )
        return
    if ensure.is_outdated(request):
        title = "the requirements have changed since the build"
        yield Finding("F21", "medium", title, request.path, remedy=f"autoenv-hpc sync -C {root}")
    yield from _packages(venv.prefix, root)
    for warning in ensure.warnings_for(request, env):
        text, _, remedy = warning.removesuffix(")").rpartition(" (")
        kinds = (("home folder", "F22"), (" hides ", "F7"), ("instead of conda", "F22"))
        name = next((name for part, name in kinds if part in warning), "F21")
        yield Finding(name, "medium", text, request.path, remedy=remedy)


def _packages(prefix: str, root: str) -> Iterator[Finding]:
    for folder in contents.site_packages(prefix):
        for info in glob.glob(f"{glob.escape(folder)}/*.dist-info"):
            if not os.path.exists(f"{info}/RECORD"):
                title = "files of a package are gone, as after a purge of scratch"
                remedy = f"autoenv-hpc rebuild -C {root}"
                yield Finding("F21", "high", title, info, evidence="no RECORD", remedy=remedy)
