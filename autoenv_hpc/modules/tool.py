"""The module tool of an environment, Lmod or Environment Modules."""

import os
import re
from typing import Literal, NamedTuple

from autoenv_hpc.environment import Env
from autoenv_hpc.guards import Guards
from autoenv_hpc.modules.bookkeeping import is_bookkeeping

FUNCTION = "AUTOENV_HPC_MODULE"  # the text of `module` in the shell of a hook
_DECISIVE = ("LMOD_CMD", "MODULES_CMD", "MODULESHOME", "MODULES_RUN_QUARANTINE", "LMOD_SETTARG_CMD")


class Tool(NamedTuple):
    """A module tool; `command` prints code for a shell."""

    kind: Literal["lmod", "modules"]
    command: str
    is_protected: bool = False  # whether `module` hides the user's libraries from Lmod


def choice(env: Env) -> Guards:
    """The guards on what decides which tool is called, and how."""
    quarantined = env.get("MODULES_RUN_QUARANTINE", "").split()
    runtime = [f"MODULES_RUNENV_{name}" for name in quarantined]
    return Guards.on_variables([*_DECISIVE, *quarantined, *runtime], env)


def is_set_up(name: str) -> bool:
    """Whether a variable locates or configures the module tool."""
    return (
        re.match(r"(LMOD|MODULE|__MODULES_LMINIT|BASH_FUNC_(ml|module|_module|__lmod))", name)
        is not None
    )


def settings(env: Env) -> Env:
    """The variables that set the tool up, which a module may change for the next one."""
    return {n: v for n, v in env.items() if is_set_up(n) and not is_bookkeeping(n)}


def find_tool(env: Env) -> Tool | None:
    """The tool that `module` calls in this environment; None if it has none."""
    function = _module_function(env)
    lmod, modules = (
        Tool("lmod", env.get("LMOD_CMD", "")),
        Tool("modules", env.get("MODULES_CMD", "")),
    )
    paths = re.findall(r"/[^\s'\"()$;]+/(?:modulecmd(?:\.tcl)?|lmod)\b", function)
    named = [Tool("lmod" if path.endswith("lmod") else "modules", path) for path in paths]
    home = env.get("MODULESHOME", "")
    candidates = [
        *([lmod] if "LMOD_CMD" in function else []),
        *named,
        *([modules] if "MODULES_CMD" in function or "modulecmd" in function else []),
        lmod,
        modules,
        Tool("lmod", os.path.join(home, "libexec/lmod")),
        Tool("modules", os.path.join(home, "libexec/modulecmd.tcl")),
        Tool("modules", os.path.join(home, "bin/modulecmd")),
    ]
    for tool in candidates:
        if os.path.isabs(tool.command) and os.path.isfile(tool.command):
            is_protected = tool.kind == "lmod" and _is_protected(tool.command, function)
            return tool._replace(is_protected=is_protected)
    return None


def _module_function(env: Env) -> str:
    """The text of the function `module`, with those that it calls; empty if it is not exported.

    The hooks hand it over where both tools are set up, as zsh and fish export no functions.
    """
    found = {
        match[1]: text
        for name, text in env.items()
        if (match := re.match(r"BASH_FUNC_(\w+)(?:%%|\(\))\Z", name))
    }
    text, wanted = env.get(FUNCTION, ""), ["module"]
    while wanted:
        body = found.pop(wanted.pop(), "")
        wanted += [name for name in found if re.search(rf"(?<![\w/-]){name}(?![\w/-])", body)]
        text += body
    return text


def _is_protected(command: str, function: str) -> bool:
    """Whether `module` hides the user's libraries from Lmod, as it does from version 9.2.3 on."""
    if not function:
        try:
            with open(os.path.join(os.path.dirname(command), "../init/bash"), "rb") as file:
                function = os.fsdecode(file.read(100_000))
        except OSError:
            return False
    return "--protected_vars" in function
