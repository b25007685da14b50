"""The modules that the user asked for, as the module tool remembers them."""

import binascii
import re

from autoenv_hpc.environment import Env
from autoenv_hpc.modules.bookkeeping import loaded

# An entry of Lmod's table; a module that another one loaded has a depth (Lmod's MT.lua).
_ENTRY = re.compile(r'fullName = "([^"]+)",.*?stackDepth = (\d+),', re.DOTALL)


def requested(env: Env) -> list[str]:
    """The loaded modules without those that another module loaded, in the order of loading."""
    brought = _brought_in_lmod(env) | _brought_in_environment_modules(env)
    return [name for name in loaded(env) if name not in brought]


def _brought_in_lmod(env: Env) -> set[str]:
    size = env.get("_ModuleTable_Sz_", "0")
    chunks = range(1, int(size if size.isdigit() else 0) + 1)
    packed = "".join(env.get(f"_ModuleTable{number:03d}_", "") for number in chunks)
    try:
        table = binascii.a2b_base64(packed).decode(errors="replace")
    except binascii.Error:
        return set()
    spaced = re.sub(r"\s*=\s*", " = ", table)  # Lmod writes it in one line or in many
    return {name for name, depth in _ENTRY.findall(spaced) if depth != "0"}


def _brought_in_environment_modules(env: Env) -> set[str]:
    """The modules with the tag `auto-loaded` (module(1), `__MODULES_LMTAG`)."""
    entries = (entry.split("&") for entry in env.get("__MODULES_LMTAG", "").split(":"))
    return {name for name, *tags in entries if "auto-loaded" in tags}
