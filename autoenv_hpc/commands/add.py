"""`add MODULE…`: put modules into the configuration's list."""

from autoenv_hpc import entry
from autoenv_hpc.activations import active, compiling
from autoenv_hpc.context import Context
from autoenv_hpc.errors import Problem
from autoenv_hpc.modules import names
from autoenv_hpc.project import config, editing, project


def run(context: Context) -> int:
    """Add the modules at the end of the list that applies here, if they can be loaded with it."""
    chosen = entry.choose_project(context)
    present, wanted = chosen.config.modules, context.arguments.modules
    new = [name for name in dict.fromkeys(wanted) if name not in present]
    if not new:
        context.report.note(f"{chosen.file} lists {' and '.join(wanted)} already")
        return 0
    data = editing.with_modules(
        project.read(chosen.file), [*present, *new], chosen.site.tables, chosen.config.env_name
    )
    _check_load(context, chosen.file, data)
    entry.rewrite(context, chosen.file, data)
    context.report.note(f"added {' '.join(new)} to {chosen.file}")
    return 0


def _check_load(context: Context, file: str, data: bytes) -> None:
    """Load the modules of the new content in a scratch shell.

    :raises Problem: they cannot be loaded; near names are part of the message.
    """
    environ, folders, arguments = context.environ, context.folders, context.arguments
    config.parse(data, file)
    changed = project.load(
        file,
        active.without_project(environ),
        folders,
        config.settings(environ, folders),
        site=arguments.site,
        env=arguments.env,
        data=data,
    )
    outside = active.without_project(environ)
    try:
        inside = compiling.load_modules(changed, outside, folders).loaded.env
    except Problem as problem:
        raise Problem(f"{problem} ({file} is unchanged)") from problem
    names.write(folders.cache, inside, outside)
