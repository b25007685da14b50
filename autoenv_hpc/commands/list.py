"""`list`: the user's environments with their sizes."""

import io
import json
import os
import sys
import time

from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from autoenv_hpc.context import Context
from autoenv_hpc.printable import printable
from autoenv_hpc.report import emit, show
from autoenv_hpc.venvs import cautions, matching, record, registry

_HEADS = ("environment", "project", "site", "Python", "size", "files", "last use")


def run(context: Context) -> int:
    """Measure each environment and print the table."""
    rows = []
    state = context.folders.state
    registry.forget_gone(state)
    for venv in registry.registered_venvs(state):
        if sys.stderr is not None and sys.stderr.isatty():
            context.report.progress(f"measuring {venv.entry.path}")
        rows.append((venv, cautions.folder_size(venv.entry.path)))
    context.report.finish()
    if context.arguments.json:
        facts = [
            {**n.entry._asdict(), **s._asdict(), "used": int(n.used), "problem": _problem(n.entry)}
            for n, s in rows
        ]
        emit(json.dumps(facts, indent=2) + "\n")
        return 0
    text = io.StringIO()
    console = Console(file=text, highlight=False, markup=False, width=_width())
    table = Table(*_HEADS, box=None, pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"
    for (entry, _, used), size in rows:
        gone = " (gone)" if registry.is_orphan(entry) else ""
        day = time.strftime("%Y-%m-%d", time.localtime(used))
        problem = _problem(entry)
        path = f"{entry.path} ({problem})" if problem else entry.path
        texts = (path, entry.project + gone, entry.site or "", entry.python or "")
        table.add_row(*map(printable, texts), decimal(size.bytes), str(size.files), day)
    if rows:
        console.print(table)
        show(text.getvalue())
    return 0


def _width() -> int:
    """The width of the table; lines in a pipe need no wrapping."""
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    return os.get_terminal_size(sys.stdout.fileno()).columns or 80 if is_terminal else 10_000


def _problem(entry: registry.Entry) -> str | None:
    """What keeps the environment from being used, as far as its files show it."""
    if record.is_unfinished(entry.path):
        return "its build has not finished"
    if record.pyvenv_cfg(entry.path) is not None:
        return matching.damage(entry.path)
    # conda's may have no Python, and a folder of wrappers has none
    return None if entry.backend in ("conda", "existing") else "pyvenv.cfg is gone"
