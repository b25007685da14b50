"""`cache list|check|clear`: the compiled activations of this user."""

import os
import shutil
import sys
import time
from itertools import groupby

from autoenv_hpc import activation, config, folders, inventory, leaving, modules, project, state
from autoenv_hpc.cli import Context
from autoenv_hpc.environment import Change, Env
from autoenv_hpc.errors import Problem


def run(context: Context) -> int:
    """Do what the word behind `cache` says."""
    cache = folders.cache(context.environ)
    return {"list": _list, "check": _check, "clear": _clear}[context.arguments.action](
        context, cache
    )


def _list(context: Context, cache: str) -> int:
    """Print each activation: what it was made from, and whether it would be used here."""
    outside = leaving.outside(context.environ, state.active(context.environ))
    for root, group in groupby(inventory.stored(cache), lambda found: found.document.root):
        sys.stdout.write(f"{root}\n")
        for found in group:
            document = found.document
            made = time.strftime("%Y-%m-%d %H:%M", time.localtime(document.made))
            reasons = inventory.misses(found, outside)
            verdict = "fits here" if not reasons else f"not here ({reasons[0]})"
            guards = f"{len(found.starts)} variables, {len(document.files)} files"
            sys.stdout.write(f"  {found.dialect:<5} {made}  {document.entered}\n")
            sys.stdout.write(f"        guarded by {guards}; {verdict}\n")
            if context.arguments.why:
                sys.stdout.write("".join(f"        - {reason}\n" for reason in reasons))
    return 0


def _check(context: Context, cache: str) -> int:
    """Compare each activation that would still be used with a real load; 1 if one differs."""
    outside = leaving.outside(context.environ, state.active(context.environ))
    status = 0
    for found in inventory.stored(cache):
        start = _start(found, outside)
        place = f"{found.document.root} ({found.dialect})"
        reasons = inventory.misses(found, start)
        if reasons:
            sys.stdout.write(f"{place}: not in use any more: {reasons[0]}\n")
            continue
        try:
            differences = _differences(found, start, context)
        except Problem as problem:
            differences = str(problem).splitlines()
        status |= bool(differences)
        sys.stdout.write(f"{place}: {'; '.join(differences) or 'as a real load'}\n")
    return status


def _clear(context: Context, cache: str) -> int:
    """Remove all that can be made again."""
    for name in ("activations", "documents", "interpreters", "resolutions", "stamps"):
        shutil.rmtree(os.path.join(cache, name), ignore_errors=True)
    context.report.note(f"cleared {cache}")
    return 0


def _start(found: inventory.Stored, outside: Env) -> Env:
    """The environment that an activation starts from, as far as it matters to it."""
    start = dict(outside)
    for name, value in found.starts.items():
        if value is None or name == state.NAME:
            start.pop(name, None)
        else:
            start[name] = value
    return start


def _differences(found: inventory.Stored, start: Env, context: Context) -> list[str]:
    settings = config.settings(start)
    file = os.path.join(found.document.root, config.FILE_NAME)
    here = project.load(file, start, settings)
    real = activation.compile(here, start, context.report.progress, fresh=True)
    then, now = _steady(found.document.change), _steady(real.change)
    names = sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))
    said = [f"{name} differs from a real load" for name in names]
    return said + (["aliases or functions differ"] if found.document.shell != real.shell else [])


def _steady(change: Change) -> Change:
    """Without Lmod's table, which holds the times of its own caches, and our own record of it."""
    return {
        name: value
        for name, value in change.items()
        if name != state.NAME and not modules.is_table(name)
    }
