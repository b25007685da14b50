"""`prune`: remove the environments that this tool built for projects now gone."""

import sys

from rich.filesize import decimal

from autoenv_hpc.context import Context
from autoenv_hpc.errors import Problem
from autoenv_hpc.report import Report
from autoenv_hpc.venvs import cautions, cleanup, lease, processes, record, registry


def run(context: Context) -> int:
    """Show what would be removed, ask, and remove it."""
    arguments, report = context.arguments, context.report
    removable = []
    state = context.folders.state
    registry.forget_gone(state)
    for venv in registry.registered_venvs(state):
        entry = venv.entry
        if not registry.is_orphan(entry) or record.read(entry.path).get("project") != entry.project:
            continue
        known = cleanup.identity(entry.path)
        busy = processes.using(entry.path, entry.project)
        if busy:
            report.note(f"kept {entry.path}: process {busy[0]} uses it")
            continue
        size = cautions.folder_size(entry.path)
        report.note(f"{entry.path}: {decimal(size.bytes)}, {size.files} files, of {entry.project}")
        removable.append((venv, known))
    if not removable or arguments.dry_run:
        report.note(f"{len(removable) or 'no'} environments whose projects are gone")
        return 0
    if not (arguments.yes or _confirmed(len(removable), report)):
        return 1
    for venv, known in removable:
        path = venv.entry.path
        with lease.hold(path, report.progress):
            cleanup.discard(path, known)
        registry.forget(venv.file)
        report.note(f"removed {path}")
    return 0


def _confirmed(number: int, report: Report) -> bool:
    if sys.stdin is None or not sys.stdin.isatty():
        raise Problem(
            "not a terminal, so prune cannot ask (`autoenv-hpc prune --yes` removes them)"
        )
    return report.ask(f"remove all of these ({number})?")
