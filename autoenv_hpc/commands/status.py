"""`status`: what is active here, or would be."""

import json
import os
import time
from collections.abc import Iterator

from autoenv_hpc.commands import hook
from autoenv_hpc.commands.facts import Facts, facts
from autoenv_hpc.context import Context
from autoenv_hpc.report import emit, show

_ENVIRONMENTS = {
    "missing": "not built yet (`autoenv-hpc prepare` builds it)",
    "unfinished": "its build has not finished (entering repeats it)",
    "outdated": "its requirements have changed since the build (`autoenv-hpc sync` installs them)",
    "unfit": "it cannot be used",
}


def run(context: Context) -> int:
    """Print the facts; return 1 if this folder's project has a problem."""
    known = facts(context)
    if context.arguments.json:
        emit(json.dumps(known, indent=2) + "\n")
    else:
        show("".join(f"{label + ':':<14}{text}\n" for label, text in _lines(known)))
    return 1 if known["problems"] else 0


def _lines(known: Facts) -> Iterator[tuple[str, str]]:
    yield from _project(known)
    yield "state", _state(known)
    if known["hook"] is None:
        yield "hook", f"none in this shell, so `cd` enters nothing ({hook.ADVICE})"
    site = known["site"] and f"{known['site']} ({known['site_reason']})"
    environment = known["environment"] and _environment(known["environment"])
    modified = known["modified"] and f"{' '.join(known['modified'])} (by you)"
    rule = f" ({known['trust_rule']})" if known["trust_rule"] else ""
    for label, text in {
        "trust": known["trust"] and f"{known['trust']}{rule}",
        "site": site,
        "named": known["env"],
        "modules": " ".join(known["modules"]),
        "environment": environment,
        "modified": modified,
    }.items():
        if text:
            yield label, text
    yield from _problems(known)


def _project(known: Facts) -> Iterator[tuple[str, str]]:
    if known["file"]:
        yield "project", f"{known['name']} ({known['file']})"
    elif not known["problems"]:
        yield "project", "none: no .hpcenv.toml in this folder or above"


def _problems(known: Facts) -> Iterator[tuple[str, str]]:
    problems, failure = known["problems"], known["failure"]
    if failure:
        day = time.strftime("%Y-%m-%d %H:%M", time.localtime(failure["time"]))
        yield "failed", f"{day}: {_indented(failure['problem'])}"
        problems = [problem for problem in problems if problem != failure["problem"]]
    for problem in problems:
        yield "problem", _indented(problem)


def _state(known: Facts) -> str:
    root = os.path.dirname(known["file"]) if known["file"] else None
    if known["active"]:
        return "active" if known["active"] == root else f"the active project is {known['active']}"
    if root is None:
        return "no project is active"
    if known["off"]:
        return "off until you leave the folder (`autoenv-hpc on` enters it again)"
    if known["trust"] != "allowed":
        return "not active, since the file is not allowed (read it, then run `autoenv-hpc allow`)"
    if known["failure"] or known["problems"]:
        return "not active, since it cannot be entered"
    return "not active"


def _environment(found: Facts) -> str:
    python = f"Python {found['python']}" if found["python"] else found["backend"]
    return f"{found['prefix']}: {_ENVIRONMENTS.get(found['state'], f'ready, {python}')}"


def _indented(problem: str) -> str:
    return problem.replace("\n", f"\n{'':<14}")
