"""The module tool of an environment, Lmod or Environment Modules."""

import os
import re
from typing import Literal, NamedTuple

from autoenv_hpc.environment import Env
from autoenv_hpc.guards import Guards

_DECISIVE = ("LMOD_CMD", "MODULES_CMD", "MODULESHOME", "MODULES_RUN_QUARANTINE", "LMOD_SETTARG_CMD")


class Tool(NamedTuple):
    """A module tool; `command` prints code for a shell."""

    kind: Literal["lmod", "modules"]
    command: str


def choice(env: Env) -> Guards:
    """The guards on what decides which tool is called, and how."""
    quarantined = env.get("MODULES_RUN_QUARANTINE", "").split()
    runtime = [f"MODULES_RUNENV_{name}" for name in quarantined]
    return Guards.on_variables([*_DECISIVE, *quarantined, *runtime], env)


def is_set_up(name: str) -> bool:
    """Whether a variable locates or configures the module tool."""
    return (
        re.match(r"(LMOD|MODULE|__MODULES_LMINIT|BASH_FUNC_(ml|module|_module))", name) is not None
    )


def find_tool(env: Env) -> Tool | None:
    """The tool that `module` calls in this environment; None if it has none."""
    function = env.get("BASH_FUNC_module%%", env.get("BASH_FUNC_module()", ""))
    lmod, modules = env.get("LMOD_CMD", ""), env.get("MODULES_CMD", "")
    home = env.get("MODULESHOME", "")
    candidates = [Tool("lmod", lmod), Tool("modules", modules)]
    if "LMOD_CMD" not in function and ("MODULES_CMD" in function or "modulecmd" in function):
        candidates.reverse()
    candidates += [
        Tool("lmod", os.path.join(home, "libexec/lmod")),
        Tool("modules", os.path.join(home, "libexec/modulecmd.tcl")),
        Tool("modules", os.path.join(home, "bin/modulecmd")),
    ]
    words = re.findall(r"/[^\s'\"()$;]+/(?:modulecmd(?:\.tcl)?|lmod)\b", function)
    candidates += [Tool("lmod" if w.endswith("lmod") else "modules", w) for w in words]
    for tool in candidates:
        if os.path.isabs(tool.command) and os.path.isfile(tool.command):
            return tool
    return None
