"""`status`: what is active here, or would be."""

import json
import os
import sys
from collections.abc import Mapping

from autoenv_hpc.activations import active
from autoenv_hpc.context import Context
from autoenv_hpc.errors import Problem
from autoenv_hpc.modules.bookkeeping import is_bookkeeping
from autoenv_hpc.project import config, project, trust

Facts = Mapping[str, object]


def run(context: Context) -> int:
    """Print the facts; return 1 if this folder's project has a problem."""
    found = facts(context)
    if context.arguments.json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
    else:
        sys.stdout.write(_table(found))
    return 1 if found["problems"] else 0


def facts(context: Context) -> Facts:
    """Collect what to report, as plain data."""
    environ, folders = context.environ, context.folders
    current = active.active_project(environ)
    result: dict[str, object] = {
        "active": current.root if current else None,
        "file": None,
        "trust": None,
        "name": None,
        "site": None,
        "site-reason": None,
        "env": None,
        "modules": [],
        "venv": None,
        "problems": [],
    }
    problems: list[str] = []
    try:
        settings = config.settings(environ, folders)
        file = project.find(context.directory, folders, settings)
        if file:
            data = project.read(file)
            verdict = trust.judge(file, data, settings.trust, folders.state)
            result |= {"file": file, "trust": verdict.word}
            if verdict.reason:
                problems.append(verdict.reason)
            chosen = project.load(
                file, active.without_project(environ), folders, settings, data=data
            )
            venv = chosen.config.venv
            result |= {
                "name": chosen.config.name,
                "site": chosen.site.name,
                "site-reason": chosen.site.reason,
                "env": chosen.config.env_name,
                "modules": list(chosen.config.modules),
                "venv": venv.path if venv else None,
            }
    except Problem as problem:
        problems += str(problem).splitlines()
    if current:
        result["modified"] = sorted(
            name
            for name, value in current.change.items()
            if environ.get(name) != value.after and not is_bookkeeping(name)
        )
    result["problems"] = problems
    return result


def _table(found: Facts) -> str:
    if found["file"] is None and found["active"] is None and not found["problems"]:
        return "no project here: no .hpcenv.toml in this folder or above\n"
    lines = []
    for key, value in found.items():
        if key == "problems" or value in (None, []):
            continue
        text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
        if key == "active" and found["file"] and value != os.path.dirname(str(found["file"])):
            text += "  (not the project of this folder)"
        lines.append(f"{key + ':':<13}{text}\n")
    if found["active"] is None:
        lines.insert(0, f"{'active:':<13}no\n")
    problems = found["problems"]
    assert isinstance(problems, list)
    return "".join(lines) + "".join(f"{'problem:':<13}{text}\n" for text in problems)
