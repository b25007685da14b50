"""The facts about the project that governs a folder."""

import os
from collections.abc import Mapping
from typing import Any

from autoenv_hpc.activations import active, compiling, failures, leaving
from autoenv_hpc.commands.hook import Hook
from autoenv_hpc.context import Context
from autoenv_hpc.environment import Env
from autoenv_hpc.errors import Problem, VenvError
from autoenv_hpc.modules.bookkeeping import is_bookkeeping
from autoenv_hpc.project import config, project
from autoenv_hpc.venvs import ensure, record
from autoenv_hpc.venvs.types import VenvRequest

Facts = dict[str, Any]  # JSON: texts, numbers, lists and tables
FORMAT = 1


def facts(context: Context) -> Facts:
    """Collect what is known of the project here, and what is wrong with it.

    Nothing is built or entered. The modules are loaded in a scratch shell unless the load is
    cached, since they decide which Python the environment needs.
    """
    environ, folders, hook = context.environ, context.folders, Hook.of(context.environ)
    current = active.active_project(environ)
    known: Facts = {
        "version": FORMAT,
        "hook": hook.shell,
        "active": current.root if current else None,
        "off": False,
        "file": None,
        "trust": None,
        "trust_rule": None,
        "name": None,
        "site": None,
        "cluster": None,
        "site_reason": None,
        "env": None,
        "modules": [],
        "environment": None,
        "failure": None,
        "modified": [],
        "problems": [],
    }
    problems: list[str] = known["problems"]
    if current:
        known["modified"] = sorted(
            name
            for name, value in current.change.items()
            if environ.get(name) != value.after and not is_bookkeeping(name) and name.isidentifier()
        )
    try:
        settings = config.settings(environ, folders)
        problems += settings.notices
        file = project.find(context.starts[0], folders, settings, problems.append)
        if file is None:
            return known
        way = os.path.dirname(file)
        root = os.path.realpath(way)
        file = os.path.join(root, config.FILE_NAME)
        known |= {"file": file, "off": hook.off == way, "name": os.path.basename(root)}
        data = project.read(file)
        outside = active.without_project(environ)
        verdict = project.judge(file, data, outside, folders, settings)
        known["trust"] = verdict.word
        known["trust_rule"] = verdict.rule if verdict.word == "allowed" else None
        problems += filter(None, (verdict.reason, verdict.edited and f"edited: {verdict.edited}"))
        chosen = project.load(file, outside, folders, settings, data=data)
        known |= {
            "name": chosen.config.name,
            "site": chosen.site.name,
            "cluster": chosen.site.cluster,
            "site_reason": chosen.site.reason,
            "env": chosen.config.env_name,
            "modules": list(chosen.config.modules),
        }
        failure = failures.last(folders.cache, root)
        known["failure"] = failure._asdict() if failure else None
        if verdict.word == "allowed":
            outside = leaving.outside(environ, current)
            modules = compiling.load_modules(chosen, outside, folders)
            if modules.request:
                known["environment"] = _environment(modules.request, modules.loaded.env)
    except Problem as problem:
        problems.append(str(problem))
    if known["environment"] and known["environment"]["problem"]:
        problems.append(known["environment"]["problem"])
    return known


def _environment(request: VenvRequest, environ: Env) -> Mapping[str, Any]:
    """The state of an environment that nothing here changes."""
    python = os.path.join(request.path, "bin", "python")
    state, problem, version = "ready", None, None
    try:
        if ensure.is_missing(request):
            building = record.is_unfinished(request.path)
            state = "unfinished" if building else "missing"
        else:
            venv = ensure.match(request, environ)
            version = venv.interpreter.full if venv.interpreter else None
            if ensure.is_outdated(request):
                state = "outdated"
    except VenvError as error:
        state, problem = "unfit", str(error)
    return {
        "backend": request.requested.backend,
        "prefix": request.path,
        "interpreter": python if os.path.exists(python) else None,
        "python": version,
        "state": state,
        "problem": problem,
    }
