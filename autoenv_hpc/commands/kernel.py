"""`kernel`: the kernels by which Jupyter runs notebooks in a project."""

import json
import os

from autoenv_hpc import entry
from autoenv_hpc.context import Context
from autoenv_hpc.entry import Compiled
from autoenv_hpc.errors import Problem
from autoenv_hpc.notebooks import languages, spec
from autoenv_hpc.notebooks.languages import Language
from autoenv_hpc.notebooks.spec import Kernel
from autoenv_hpc.project import config
from autoenv_hpc.report import emit, show
from autoenv_hpc.system import own_files


def run(context: Context) -> int:
    """Run the action that the arguments name."""
    actions = {"install": _install, "list": _list, "remove": _remove}
    actions[context.arguments.action](context)
    return 0


def _install(context: Context) -> None:
    """Write a kernel for each language that has one in the project's environment."""
    arguments = context.arguments
    if arguments.name is not None:
        spec.check_name(arguments.name)
    chosen = entry.choose_project(context)
    compiled = entry.compile_and_store(context, chosen, prepare=True)
    wanted = [one for one in languages.LANGUAGES if one.name == arguments.language]
    wanted = wanted or languages.of_project(compiled.outside, compiled.env)
    found = [language for language in wanted if languages.has_kernel(language, compiled.env)]
    if not found:
        raise Problem(_why_none(compiled, arguments.language))
    for language in found:
        kernel = _kernel(context, compiled, language)
        path = spec.install(_kernels(context), kernel)
        context.report.note(f'wrote {path}: choose "{kernel.display_name}" in Jupyter')


def _kernel(context: Context, compiled: Compiled, language: Language) -> Kernel:
    """The description of a kernel; only Python's has the name of the project alone."""
    arguments, project = context.arguments, compiled.project
    words = [project.config.name, *([arguments.env] if arguments.env else [])]
    name = arguments.name or spec.safe_name("-".join(words))
    if language.name != "python":
        words.append(language.name.capitalize())
        if not (arguments.name and arguments.language):
            name = f"{name}-{language.name.lower()}"
    return Kernel(
        name=name,
        display_name=arguments.display_name or f"{' '.join(words)} (autoenv-hpc)",
        language=language.name,
        project=project.root,
        env=project.config.env_name,
        site=arguments.site,
        program=own_files.command(),
        command=language.command,
    )


def _why_none(compiled: Compiled, wanted: str | None) -> str:
    """The message if no language has a kernel, with what brings it."""
    file = compiled.project.file
    for language in languages.LANGUAGES:
        if language.name == wanted and wanted != "python":
            return (
                f"{file}: {language.name} has no {language.package} there"
                f" (install it with {language.program}'s own package manager, inside the project)"
            )
    venv = compiled.project.config.venv
    if venv is None:
        where, remedy = "the modules bring", "add the module that has it, or a [venv] table with it"
    elif venv.backend == "existing":
        where, remedy = "the environment has", "install it there as you installed the rest"
    else:
        where = "the environment has"
        remedy = 'add "ipykernel" to packages in [venv], then run `autoenv-hpc sync`'
    return f"{file}: {where} no ipykernel, which a notebook needs ({remedy})"


def _list(context: Context) -> None:
    """Print the kernels, each with what keeps it from starting."""
    kernels = list(spec.installed(_kernels(context)))
    if context.arguments.json:
        facts = [{**kernel._asdict(), "problem": _problem(kernel)} for kernel in kernels]
        emit(json.dumps(facts, indent=2) + "\n")
        return
    if not kernels:
        context.report.note(f"no kernels in {_kernels(context)} (run `autoenv-hpc kernel install`)")
    for kernel in kernels:
        problem = f" ({why})" if (why := _problem(kernel)) else ""
        choice = "".join(f", {part}" for part in (kernel.env, kernel.site) if part)
        show(f"{kernel.name}  {kernel.display_name}  {kernel.project}{choice}{problem}\n")


def _problem(kernel: Kernel) -> str | None:
    """What keeps a kernel from starting, as far as files show it."""
    if not os.path.exists(os.path.join(kernel.project, config.FILE_NAME)):
        return f"there is no {config.FILE_NAME} any more"
    if not os.path.exists(kernel.program):
        return f"{kernel.program} is gone: install the kernel again"
    return None


def _remove(context: Context) -> None:
    """Remove the kernels by name, or those of the project here."""
    kernels, names = _kernels(context), context.arguments.names
    if not names:
        root = os.path.dirname(entry.find(context))
        names = [kernel.name for kernel in spec.installed(kernels) if kernel.project == root]
        if not names:
            raise Problem(f"{root} has no kernel (`autoenv-hpc kernel list` shows all)")
    for name in names:
        spec.remove(kernels, name)
        context.report.note(f"removed {os.path.join(kernels, name)}")


def _kernels(context: Context) -> str:
    prefix = context.arguments.prefix
    if prefix is not None:
        prefix = os.path.join(context.directory, os.path.expanduser(prefix))
    return spec.folder(context.environ, context.folders.home, prefix)
