"""`explain [VAR]`: who set a variable, and what leaving makes of it."""

import json
from typing import Any

from autoenv_hpc import entry, report
from autoenv_hpc.activations import active, compiling, leaving
from autoenv_hpc.activations.origins import Origin, Origins
from autoenv_hpc.context import Context
from autoenv_hpc.environment import Change, Env
from autoenv_hpc.modules import login
from autoenv_hpc.modules.bookkeeping import is_bookkeeping
from autoenv_hpc.project.project import Project

Facts = dict[str, Any]  # JSON


def run(context: Context) -> int:
    """Print the origins of one variable, or a line for each that the project changes."""
    name, environ = context.arguments.name, context.environ
    chosen = entry.choose_project(context)
    current = active.active_project(environ)
    is_active = current is not None and current.root == chosen.root
    outside = leaving.outside(environ, current)
    if current and is_active:
        change, now = current.change, environ
    else:
        change = _would_change(context, chosen, outside)
        now = change.applied_to(outside)
    modules = compiling.load_modules(chosen, outside, context.folders)
    at_login = login.login_environment(environ)
    origins = Origins(chosen, modules, change, outside, at_login)
    names = [name] if name else [n for n in sorted(change) if _is_shown(n)]
    known = [_facts(one, now, outside, origins) for one in names]
    if context.arguments.json:
        report.emit(json.dumps(known[0] if name else known, indent=2) + "\n")
    elif name:
        report.show(_page(known[0], origins, is_active=is_active))
    else:
        report.show("".join(_line(facts) for facts in known))
    return 0


def _would_change(context: Context, chosen: Project, outside: Env) -> Change:
    """What entering would change; nothing is built for it.

    :raises Problem: the project cannot be entered.
    """
    venv = chosen.config.venv
    config = chosen.config._replace(venv=venv and venv._replace(create="never", sync="off"))
    project = chosen._replace(config=config)
    progress = context.report.progress
    return compiling.compile_activation(project, outside, context.folders, progress).change


def _is_shown(name: str) -> bool:
    return name.isidentifier() and not is_bookkeeping(name) and not name.startswith("AUTOENV_HPC_")


def _facts(name: str, now: Env, outside: Env, origins: Origins) -> Facts:
    value, kind = now.get(name), "variable"
    found: list[Origin | None] = []
    if value is not None:
        found = [origins.of_entry(name, part) for part in origins.entries(name, value)]
    elif name in origins.definitions.aliases:
        kind, found = "alias", [origins.of_definition("aliases", name)]
    elif name in origins.definitions.functions:
        kind, found = "function", [origins.of_definition("functions", name)]
    entries = [origin for origin in found if origin]
    text = entries[0].value if entries and kind != "variable" else value
    return {
        "name": name,
        "kind": kind,
        "now": text,
        "before": origins.before(name),
        "after_leaving": outside.get(name),
        "entries": [origin._asdict() for origin in entries],
    }


def _page(facts: Facts, origins: Origins, *, is_active: bool) -> str:
    name, entries = facts["name"], facts["entries"]
    lines = [name if facts["kind"] == "variable" else f"{name} ({facts['kind']})"]
    width = min(max([len(e["value"]) for e in entries], default=0), 60)
    if facts["kind"] == "variable":
        lines += [f"  {e['value']:<{width}}  {_who(e)}" for e in entries]
    else:
        lines += [f"  {_who(e)}" for e in entries]
    if not entries:
        lines.append("  not set")
        lines += [f"  {_who(m._asdict())} mentions it" for m in origins.mentions(name)]
    if facts["kind"] == "variable":
        lines.append(f"  before: {_shown(facts['before'])}")
        when = "after leaving" if is_active else "now, outside"
        lines.append(f"  {when}: {_shown(facts['after_leaving'])}")
    return "\n".join(lines) + "\n"


def _line(facts: Facts) -> str:
    ours = [origin for origin in facts["entries"] if origin["by"] not in ("site", "user")]
    who = dict.fromkeys(map(_who, ours))
    return f"{facts['name']}: {', '.join(who) or 'unset'}\n"


def _who(origin: Facts) -> str:
    if not origin["file"]:
        return str(origin["what"])
    line = f":{origin['line']}" if origin["line"] else ""
    return f"{origin['what']} ({origin['file']}{line})"


def _shown(value: str | None) -> str:
    return "not set" if value is None else value or "empty"
