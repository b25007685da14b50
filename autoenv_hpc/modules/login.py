"""The module tool of a login shell, for whoever has none."""

import os
import time
from typing import NamedTuple

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import ModuleError
from autoenv_hpc.guards import Guards
from autoenv_hpc.modules.bookkeeping import is_bookkeeping, loaded
from autoenv_hpc.modules.tool import Tool, find_tool, is_set_up

_IDENTITY = ("HOME", "USER", "LOGNAME")  # all that a login shell is given; bash knows SHELL


class Initialised(NamedTuple):
    """An environment with a usable module tool."""

    env: Env
    tool: Tool
    guards: Guards = Guards()  # on what a login shell asked, if the tool comes from one


def initialised(env: Env) -> Initialised:
    """The environment with a usable module tool, taken from a login shell if it has none.

    :raises ModuleError: there is none; the message lists the related variables.
    """
    own = find_tool(env)
    if own and env.get("MODULEPATH"):
        return Initialised(env, own)
    login, guards = _login_shell(env)
    tool = find_tool(login)
    if tool and (login.get("MODULEPATH") or not own):
        return Initialised(_with_login(env, login), tool, guards)
    if own:  # the project may bring its own folders of modulefiles
        return Initialised(env, own, guards)
    found = [
        f"{name}={env[name]!r}" for name in ("LMOD_CMD", "MODULES_CMD", "MODULEPATH") if name in env
    ]
    raise ModuleError(
        "no usable module system here: a login shell sets up none,"
        f" and this shell has {', '.join(found) or 'neither LMOD_CMD nor MODULES_CMD'}"
    )


def login_environment(env: Env) -> Env:
    """What a login shell exports that starts with only the user's identity."""
    return _login_shell(env)[0]


def with_path(env: Env) -> tuple[Env, Guards]:
    """The environment with a login shell's PATH, else the system's, and what that depends on."""
    login, guards = _login_shell(env)
    path = login.get("PATH") or os.confstr("CS_PATH") or os.defpath
    return {**env, "PATH": path}, guards


def _login_shell(env: Env) -> tuple[Env, Guards]:
    """What a login shell of this user exports, and the guards on what it asked."""
    from autoenv_hpc.modules import scratch_shell  # noqa: PLC0415 - only module work

    given: Env = {name: env[name] for name in _IDENTITY if name in env}
    began = time.time_ns()
    login, trace = scratch_shell.login_shell(given)
    return login, _guards(trace, given, began)


def _guards(trace: bytes, given: Env, began: int) -> Guards:
    """The guards on what the login shell asked (bash(1), INVOCATION)."""
    from autoenv_hpc.modules import observations, shell_trace  # noqa: PLC0415 - only a login shell

    scripts = ["/etc/profile"]
    for name in (".bash_profile", ".bash_login", ".profile"):
        scripts.append(os.path.join(given.get("HOME", "/"), name))
        if os.access(scripts[-1], os.R_OK):
            break
    questions = shell_trace.questions(trace, scripts, given)
    asked = observations.script_guards(questions, given, began)
    # It has no other variable from outside.
    guards = asked._replace(variables=dict.fromkeys(_IDENTITY), not_storable_because=None)
    return observations.doubtful(guards) if asked.not_storable_because or not trace else guards


def _with_login(env: Env, login: Env) -> Env:
    """The environment, with a login shell's variables that concern modules."""
    concerned = {n: v for n, v in login.items() if is_bookkeeping(n) or is_set_up(n)}
    result = {**env, **concerned}
    # A user's own folders are searched first, as a site's init adds its own behind them.
    folders = [entry for entry in env.get("MODULEPATH", "").split(":") if entry]
    rest = [entry for entry in login.get("MODULEPATH", "").split(":") if entry not in folders]
    if folders or rest:  # else the project brings its own
        result["MODULEPATH"] = ":".join([*folders, *rest])
    if not loaded(login):
        return result
    for name, value in login.items():  # this site's login shells load modules by default
        if name.endswith("PATH") and name != "MODULEPATH":
            present = env.get(name, "").split(":")
            new = [entry for entry in value.split(":") if entry not in present]
            result[name] = ":".join([*new, *([env[name]] if env.get(name) else [])])
        elif name not in env and name not in ("TERM", "SHELL", "MAIL", "PS1"):
            result[name] = value
    return result
