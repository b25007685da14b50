"""What a module load depended on, by the text of its modulefiles.

This is for module tools that are neither Lua nor Tcl, into which no listener fits, such as Modules
3.2 in C. A load is stored only if all its modulefiles consist of commands that ask nothing. Doubt
means that it is not stored.
"""

import os
import re
from collections.abc import Iterable, Iterator

from autoenv_hpc.environment import Env
from autoenv_hpc.guards import Guards

_MAX_AGE = 3600  # seconds; nobody can know everything that the tool looked for
_RC = (".modulerc", ".version", "default")
_HELP = re.compile(r"^proc\s+ModulesHelp\s*\{[^}]*\}\s*\{.*?^\}", re.MULTILINE | re.DOTALL)
_WORD = r"""(?:"[^"\[\\;]*"|\{[^{}\[\\]*\}|[^\s"{}\[\]\\;]+)"""
_PLAIN = re.compile(
    rf"""\s*(?:\#.*|
    (?:setenv|set|set-alias|prepend-path|append-path|remove-path)\s+(?:-d\s+\S\s+)?(?P<name>[\w-]+)\s+{_WORD}|
    unsetenv\s+(?P<unset>\w+)|
    (?:conflict|prereq|module-whatis|module\s+(?:load|add|use))(?:\s+{_WORD})+
    )?\s*""",
    re.VERBOSE,
)
_COMPOSED = re.compile(r"\benv\((?!\w+\))")  # a variable whose name is put together
_READS = re.compile(r"\$(?:::)?env\((\w+)\)|\$\{(?:::)?env\((\w+)\)\}")


def load_dependencies(before: Env, after: Env, command: str, home: str) -> Guards:
    """The guards of a load that led from one environment to the other."""
    directories = _unique([*_split(before, "MODULEPATH"), *_split(after, "MODULEPATH")])
    names = _unique(name.partition("/")[0] for name in _split(after, "LOADEDMODULES"))
    folders = [*directories, *_folders(directories, names)]
    rc = [os.path.join(folder, name) for folder in folders for name in _RC]
    rc += [os.path.join(home, ".modulerc"), os.path.join(before.get("MODULESHOME", "/"), "etc/rc")]
    modulefiles = _split(after, "_LMFILES_")
    guards = Guards.on_files([command, *folders, *rc, *modulefiles])  # before they are read
    reasons = [f"{path} chooses versions" for path in rc if os.path.lexists(path)]
    variables = ["MODULERCFILE", "MODULESHOME"]
    for path in modulefiles:
        text = _HELP.sub("", _text(path))
        for line in text.splitlines():
            plain = _PLAIN.fullmatch(line)
            if plain is None or _COMPOSED.search(line):
                reasons.append(f"{path} may ask for something: {line.strip()}")
                break
            variables += filter(None, (plain["name"], plain["unset"]))
        variables += (name for match in _READS.findall(text) for name in match if name)
    reason = "MODULERCFILE chooses versions" if "MODULERCFILE" in before else None
    return (guards | Guards.on_variables(variables, before))._replace(
        max_age=_MAX_AGE, not_storable_because=next(iter(reasons), reason)
    )


def failed_load_dependencies(before: Env) -> Guards:
    """The folders in which a missing module may appear. Such a failure is not believed again."""
    folders = Guards.on_files(_split(before, "MODULEPATH"))
    return folders._replace(not_storable_because="a failure of this module tool may have any cause")


def _folders(directories: Iterable[str], names: Iterable[str]) -> list[str]:
    """The folders of these names in every directory of MODULEPATH, and those inside them."""
    asked = list(names)
    places = (os.path.join(directory, name) for directory in directories for name in asked)
    return _unique(folder for place in places for folder in _nested(place))


def _nested(folder: str) -> Iterator[str]:
    yield folder
    if os.path.isdir(folder):
        with os.scandir(folder) as entries:
            inside = [e.path for e in entries if not e.name.startswith(".") and e.is_dir()]
        for path in inside:
            yield from _nested(path)


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""


def _split(env: Env, name: str) -> list[str]:
    return [entry for entry in env.get(name, "").split(":") if entry]


def _unique(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))
