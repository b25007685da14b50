"""The variables in which module tools keep their state."""

import itertools
import re
from typing import NamedTuple

from autoenv_hpc.environment import COUNTS, Change, Env, Value, is_search_path
from autoenv_hpc.guards import Guards

# The state of both tools. It is one unit, and never restored in part.
_BOOKKEEPING = re.compile(
    r"(LOADEDMODULES|_LMFILES_\w*|MODULEPATH|_ModuleTable\w*|__LMOD_\w+|LMOD_FAMILY_\w+"
    r"|__MODULES_\w+|MODULES_FAMILY_\w+|MODULES_LM[A-Z]+|\w+_modshare)\Z"  # version 4: the last two
)
_COUNTS = "__LMOD_REF_COUNT_"
_MODULE_TABLE = re.compile(r"_ModuleTable\d+_\Z")  # one chunk


class Module(NamedTuple):
    """A loaded module. Two trees may have modules of one name, so only the file identifies it."""

    name: str  # as in LOADEDMODULES: `name/version`
    file: str  # as in _LMFILES_; empty if it is not known


def is_bookkeeping(name: str) -> bool:
    """Whether the variable is part of a module tool's state."""
    return _BOOKKEEPING.match(name) is not None


def is_table(name: str) -> bool:
    """Whether the variable is part of Lmod's table, which contains changing cache times."""
    return name.startswith("_ModuleTable")


def loaded(env: Env) -> list[str]:
    """The loaded modules, as `name/version`, in the order of loading."""
    return [name for name in env.get("LOADEDMODULES", "").split(":") if name]


def modules(env: Env) -> list[Module]:
    """The loaded modules with their files, in the order of loading."""
    files = [file for file in env.get("_LMFILES_", "").split(":") if file]
    names = loaded(env)
    return [Module(*p) for p in itertools.zip_longest(names, files[: len(names)], fillvalue="")]


def stale_table(env: Env) -> list[str]:
    """The obsolete chunks of Lmod's table: those with a number above `_ModuleTable_Sz_`."""
    size = env.get("_ModuleTable_Sz_", "0")
    live = {f"_ModuleTable{i:03d}_" for i in range(1, int(size if size.isdigit() else 0) + 1)}
    return [name for name in env if _MODULE_TABLE.match(name) and name not in live]


def with_true_counts(env: Env, change: Change) -> Env:
    """The variables, in which a tool counts only the entries that the project's search paths have.

    A tool counts all entries that it sees, those of others too.
    """
    result = dict(env)
    paths = [name for name in change if ";" not in env.get(name, "")]
    for path, pattern in itertools.product(paths, COUNTS):
        name, entries = pattern.format(path), env.get(path, "").split(":")
        if name in env:
            is_lmods = name.startswith(_COUNTS)
            parts = env[name].split(";") if is_lmods else _pairs(env[name].split(":"))
            kept = [count for count in parts if count.rpartition(":")[0] in entries]
            if kept:
                result[name] = (";" if is_lmods else ":").join(kept)
            else:
                del result[name]
    return result


def _pairs(fields: list[str]) -> list[str]:
    """The counts of Environment Modules, each as `entry:number`."""
    return [
        ":".join(pair) for pair in itertools.zip_longest(fields[::2], fields[1::2], fillvalue="")
    ]


def counts(change: Change, outside: Env) -> Change:
    """Lmod's counts for a project's search paths, which entering leaves as they are.

    Inside, Lmod may begin to count the project's own entries. Leaving then notices the difference.
    """
    if "LMOD_CMD" not in outside:
        return Change()
    names = (_COUNTS + name for name in change if is_search_path(name))
    return Change((name, Value(outside.get(name), outside.get(name))) for name in names)


def consistency(env: Env) -> Guards:
    """Guards that forbid to store a load of which only a part came through.

    Of code that breaks on a value, such as a newline, the shell takes only what comes before it.
    """
    files = [file for file in env.get("_LMFILES_", "").split(":") if file]
    if len(loaded(env)) == len(files):
        return Guards()
    return Guards(not_storable_because="LOADEDMODULES and _LMFILES_ differ in length")
