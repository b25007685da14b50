"""`rebuild`: build the environment again beside the old one, then swap the two."""

import os
import pwd

from autoenv_hpc import entry
from autoenv_hpc.context import Context
from autoenv_hpc.errors import Problem
from autoenv_hpc.venvs import ensure, processes


def run(context: Context) -> int:
    """Build and swap; report the processes that still use the old environment."""
    request, env = entry.venv_request(context)
    if request.requested.backend == "existing":
        raise Problem(f'{request.path}: autoenv-hpc never builds a backend = "existing"')
    owner = _other_owner(request.path)
    users = processes.using(request.path, request.owner.root)
    kept = ensure.rebuild(request, env, context.report.progress)
    if users:
        listed = ", ".join(users)
        context.report.note(
            f"these processes still use the old environment and may need a restart: {listed}"
        )
    if owner:
        context.report.note(f"the old environment belonged to {owner}; the new one is yours")
    if kept:
        context.report.note(f"the old environment was not built by autoenv-hpc; it is now {kept}")
    compiled = entry.compile_and_store(context, prepare=True)
    for warning in ensure.warnings_for(request, env):
        context.report.note(warning)
    context.report.note(f"rebuilt: {compiled.activation.summary}")
    return 0


def _other_owner(path: str) -> str | None:
    """The other user to whom an environment belongs; None if it is this user's, or missing."""
    try:
        uid = os.stat(path).st_uid
    except OSError:
        return None
    if uid == os.getuid():
        return None
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
