"""`list`: the user's environments with their sizes."""

import json
import sys
import time

from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from autoenv_hpc.context import Context
from autoenv_hpc.venvs import cautions, registry

_HEADS = ("environment", "project", "site", "Python", "size", "files", "last use")


def run(context: Context) -> int:
    """Measure each environment and print the table."""
    rows = []
    state = context.folders.state
    registry.forget_gone(state)
    for venv in registry.registered_venvs(state):
        if sys.stderr.isatty():
            context.report.progress(f"measuring {venv.entry.path}")
        rows.append((venv, cautions.folder_size(venv.entry.path)))
    context.report.finish()
    if context.arguments.json:
        facts = [{**n.entry._asdict(), **s._asdict(), "used": int(n.used)} for n, s in rows]
        sys.stdout.write(json.dumps(facts, indent=2) + "\n")
        return 0
    width = None if sys.stdout.isatty() else 10_000  # lines in a pipe need no wrapping
    console = Console(file=sys.stdout, highlight=False, markup=False, width=width)
    table = Table(*_HEADS, box=None, pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"
    for (entry, _, used), size in rows:
        gone = " (gone)" if registry.is_orphan(entry) else ""
        day = time.strftime("%Y-%m-%d", time.localtime(used))
        texts = (entry.path, entry.project + gone, entry.site or "", entry.python or "")
        table.add_row(*texts, decimal(size.bytes), str(size.files), day)
    if rows:
        console.print(table)
    return 0
