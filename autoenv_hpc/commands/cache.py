"""`cache list|check|clear`: the user's stored activations."""

import os
import time
from itertools import groupby

from autoenv_hpc.activations import active, compiling, leaving, listing, stamps, store, unstored
from autoenv_hpc.activations.listing import StoredActivation
from autoenv_hpc.context import Context
from autoenv_hpc.environment import Change, Env
from autoenv_hpc.errors import Problem
from autoenv_hpc.modules.bookkeeping import is_table
from autoenv_hpc.project import config, project
from autoenv_hpc.report import show
from autoenv_hpc.shells.dialects import dialect_for
from autoenv_hpc.system import json_cache


def run(context: Context) -> int:
    """Run the action that follows `cache`."""
    return {"list": _list, "check": _check, "clear": _clear}[context.arguments.action](context)


def _list(context: Context) -> int:
    """Print each activation: what it was made from and whether it fits here."""
    outside = _outside(context)
    cache = context.folders.cache
    for root, group in groupby(
        listing.stored_activations(cache), lambda found: found.activation.root
    ):
        show(f"{root}\n")
        for found in group:
            activation, guards = found.activation, found.activation.guards
            made = time.strftime("%Y-%m-%d %H:%M", time.localtime(guards.made))
            failures = listing.failures(found, outside)
            verdict = "fits here" if not failures else f"not here ({failures[0]})"
            files = len(guards.files) + len(guards.present)
            counts = f"{len(guards.variables)} variables, {files} files"
            show(f"  {found.dialect:<5} {made}  {activation.summary}\n")
            show(f"        guarded by {counts}; {verdict}\n")
            if context.arguments.why:
                lines = [f"{kind:<9} {what}" for kind, what in guards.conditions()]
                lines += [f"- {failure}" for failure in failures]
                show("".join(f"        {line}\n" for line in lines))
    for root, reason in unstored.reasons(cache):
        show(f"{root}\n  nothing is stored: {reason}\n")
    return 0


def _check(context: Context) -> int:
    """Compare each activation that still holds with a real load; return 1 if one differs."""
    outside = _outside(context)
    status = 0
    for found in listing.stored_activations(context.folders.cache):
        start = _starting_environment(found, outside)
        place = f"{found.activation.root} ({found.dialect})"
        failures = listing.failures(found, start)
        if failures:
            show(f"{place}: no longer in use: {failures[0]}\n")
            continue
        try:
            differences = _differences(found, start, context)
        except Problem as problem:
            differences = str(problem).split("\n")
        status |= bool(differences)
        show(f"{place}: {'; '.join(differences) or 'the same as a real load'}\n")
    return status


def _clear(context: Context) -> int:
    """Remove everything that can be made again."""
    cache = context.folders.cache
    try:
        store.clear(cache)
        stamps.clear(cache)
        json_cache.clear(cache)
    except OSError as error:
        raise Problem(f"{error.filename or cache}: cannot be cleared: {error.strerror}") from error
    context.report.note(f"cleared {cache}")
    return 0


def _outside(context: Context) -> Env:
    return leaving.outside(context.environ, active.active_project(context.environ))


def _starting_environment(found: StoredActivation, outside: Env) -> Env:
    """The environment that an activation starts from, as far as its guards record it."""
    start = dict(outside)
    for name, value in found.activation.guards.variables.items():
        if value is None or name == active.NAME:
            start.pop(name, None)
        else:
            start[name] = value
    return start


def _differences(found: StoredActivation, start: Env, context: Context) -> list[str]:
    folders, then = context.folders, found.activation
    settings = config.settings(start, folders)
    file = os.path.join(then.way, config.FILE_NAME)
    chosen = project.load(file, start, folders, settings)
    progress = context.report.progress
    shell = dialect_for(found.dialect).shell
    now = compiling.compile_activation(chosen, start, folders, progress, shell=shell, fresh=True)
    before, after = _stable_part(then.change), _stable_part(now.change)
    names = sorted(n for n in before.keys() | after.keys() if before.get(n) != after.get(n))
    differences = [f"{name} differs from a real load" for name in names]
    same = then.definitions == now.definitions
    return differences + ([] if same else ["aliases or functions differ"])


def _stable_part(change: Change) -> Change:
    """The change without Lmod's table, which contains cache times, and our own state."""
    return Change((n, v) for n, v in change.items() if n != active.NAME and not is_table(n))
