"""`remove MODULE…`: take modules out of the configuration's list."""

import difflib

from autoenv_hpc import entry
from autoenv_hpc.context import Context
from autoenv_hpc.errors import Problem
from autoenv_hpc.project import editing, project


def run(context: Context) -> int:
    """Remove the modules from the list that applies here; a name stands for all its versions."""
    chosen = entry.choose_project(context)
    present = chosen.config.modules
    gone: list[str] = []
    for word in context.arguments.modules:
        found = [name for name in present if name == word or name.startswith(f"{word}/")]
        if not found:
            raise Problem(f"{chosen.file} does not list {word}{_hint(word, present)}")
        gone += found
    left = [name for name in present if name not in gone]
    site, env = chosen.site.tables, chosen.config.env_name
    data = editing.with_modules(project.read(chosen.file), left, site, env)
    entry.rewrite(context, chosen.file, data)
    context.report.note(f"removed {' '.join(gone)} from {chosen.file}")
    return 0


def _hint(word: str, present: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(word, present, 1, 0.5)
    listed = f"it lists {' '.join(present)}" if present else "its list is empty"
    return f" (did you mean {close[0]}?)" if close else f" ({listed})"
