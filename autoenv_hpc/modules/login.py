"""The module tool of a login shell, for whoever has none."""

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import ModuleError
from autoenv_hpc.modules.bookkeeping import is_bookkeeping, loaded
from autoenv_hpc.modules.tool import Tool, find_tool, is_set_up


def initialised(env: Env) -> tuple[Env, Tool]:
    """The environment with a usable module tool, taken from a login shell if it has none.

    :raises ModuleError: there is none; the message lists the related variables.
    """
    tool = find_tool(env)
    if tool and env.get("MODULEPATH"):
        return env, tool
    from autoenv_hpc.modules import scratch_shell  # noqa: PLC0415 - only module work

    login = scratch_shell.login_environment(env)
    tool = find_tool(login)
    if tool and login.get("MODULEPATH"):
        return _with_login(env, login), tool
    found = [
        f"{name}={env[name]!r}" for name in ("LMOD_CMD", "MODULES_CMD", "MODULEPATH") if name in env
    ]
    raise ModuleError(
        "no usable module system here: a login shell sets up none,"
        f" and this shell has {', '.join(found) or 'neither LMOD_CMD nor MODULES_CMD'}"
    )


def _with_login(env: Env, login: Env) -> Env:
    """The environment, with a login shell's variables that concern modules."""
    concerned = {n: v for n, v in login.items() if is_bookkeeping(n) or is_set_up(n)}
    result = {**env, **concerned}
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
