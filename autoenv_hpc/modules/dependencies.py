"""What a module load depended on, judged by the text of modulefiles."""

import os
import re
from collections.abc import Iterable, Iterator

from autoenv_hpc.environment import Env
from autoenv_hpc.guards import Guards
from autoenv_hpc.system.files import read

_HOST_BOUND_AGE = 3600  # seconds; what a modulefile learns of its host may change
_READS = re.compile(
    r"""os\.getenv\s*\(?\s*["'](\w+)["'] | \[\s*getenv\s+["']?(\w+) | (?<!\w)env\((\w+)\)
    | \bglobal\s+env\b""",
    re.VERBOSE,
)
# What it sets or takes away, also where it has that value already.
_WRITES = re.compile(
    r"""\b(?:setenv|pushenv|unsetenv|(?:append|prepend|remove)[_-]path)\b(?:\s+-\S+)*"""
    r"""\s*\(?\s*["'{\[=]*([A-Za-z_]\w*)"""
)
# What is left of these words reads a variable whose name nobody can tell from the text.
_READS_ANY = re.compile(
    r"\bgetenv\b|(?<![\w/.-])(?:::)?env(?:\s*\(|\s*\]|\s*\})|\barray\s+\w+\s+(?:::)?env\b"
)
# Modules that are loaded if they are there; one that appears changes the load.
_TRIED = re.compile(
    r"\b(?:try[_-]load|isAvail|is-avail|(?:load|depends_on|prereq)[_-]any|module\s+try-load)\b(.*)"
)
# A word by itself, and no part of a path or of another name.
_ALONE = r"(?<![\w/.$-])(?:%s)(?![\w/-])"
_HOST = re.compile(_ALONE % r"hostname|gethostname|uname|nodename|tcl_platform")
_NOT_STORABLE = re.compile(
    _ALONE
    % r"""popen|capture|subprocess|execute|clock|exec|source|source_sh|dofile|loadfile|require
    |isFile|isDir|glob|open|rand|srand|socket|puts|print|file\s+(?:exists|readable|isdirectory)|os\.(?:time|date|clock|execute|tmpname)
    |io\.(?:popen|open|lines|read|write|stdout|output)|math\.random|(?:lfs|posix)\.\w+""",
    re.VERBOSE,
)
_COMMENT = re.compile(r"^\s*(?:#|--(?!\[)).*$", re.MULTILINE)
_HELP = re.compile(  # texts for people, in which words like "open" mean nothing
    r"""\b(?:help|whatis|LmodMessage)\s*\(?\s*(?:\[(?P<level>=*)\[.*?\](?P=level)\]|"(?:[^"\\]|\\.)*")
    | \bmodule-whatis\s+(?:\{[^}]*\}|"(?:[^"\\]|\\.)*"|[^\n]*)
    | \bputs\s+(?:-nonewline\s+)?stderr\s+(?:\{[^}]*\}|"(?:[^"\\]|\\.)*"|[^\n]*)""",
    re.VERBOSE | re.DOTALL,
)
_WORD = re.compile(r"[\w+][\w.+-]*")
_RC = (".modulerc", ".modulerc.lua", ".version", "default")

# Variables that steer the tools themselves.
_STEERS = (
    "MODULEPATH", "MODULEPATH_ROOT", "MODULERCFILE", "LMOD_RC", "LMOD_MODULERCFILE", "LMOD_CMD",
    "LMOD_SITE_PACKAGE_PATH", "LMOD_PACKAGE_PATH", "LMOD_CONFIG_DIR", "LMOD_ADMIN_FILE",
    "LMOD_EXACT_MATCH",
    "LMOD_EXTENDED_DEFAULT", "LMOD_DISABLE_SAME_NAME_AUTOSWAP", "LMOD_SYSTEM_DEFAULT_MODULES",
    "LMOD_DUPLICATE_PATHS", "LMOD_TMOD_PATH_RULE", "LMOD_TMOD_FIND_FIRST", "MODULES_CMD",
    "MODULES_SITECONFIG", "MODULES_AUTO_HANDLING", "MODULES_EXTENDED_DEFAULT", "MODULES_ICASE",
)  # fmt: skip


def load_dependencies(before: Env, after: Env, command: str, home: str) -> Guards:
    """The guards of a load that led from one environment to the other."""
    directories = _unique([*_paths(before), *_paths(after)])
    names, loaded = _split(after, "LOADEDMODULES"), _split(after, "_LMFILES_")
    texts = {file: _text(file) for file in loaded}
    tried = [w for text in texts.values() for m in _TRIED.findall(text) for w in _WORD.findall(m)]
    asked = _unique(name.partition("/")[0] for name in (*names, *tried))
    folders = [*directories, *_folders(directories, asked)]
    rc = _rc_files(folders)
    texts |= {path: _text(path) for path in rc if os.path.isfile(path)}
    reason = None
    for path, text in texts.items():
        found = _NOT_STORABLE.search(text) or _READS_ANY.search(_READS.sub("", text))
        if found and reason is None:
            reason = f"{path} uses {found[0]}"
    is_host_bound = any(_HOST.search(text) for text in texts.values())
    files = Guards.on_files([*folders, *rc, *texts, command, *_site_files(before, home)])
    variables = Guards.on_variables([*_variables(texts.values()), *_steering(before)], before)
    return (files | variables)._replace(
        host=os.uname().nodename if is_host_bound else None,
        max_age=_HOST_BOUND_AGE if is_host_bound else None,
        not_storable_because=reason,
    )


def failed_load_dependencies(before: Env, asked: Iterable[str], command: str, home: str) -> Guards:
    """What to look at before a failed load is tried again: all that could have been loaded.

    The failure itself is not believed a second time: nobody can know everything that it looked for.
    """
    directories = _unique(_paths(before))
    names = _unique(re.split(r"[/@\s]", name)[0] for name in asked)
    folders = [*directories, *_folders(directories, names)]
    inside = [e.path for f in folders[len(directories) :] for e in _entries(f) if e.is_file()]
    files = [*folders, *_rc_files(folders), *inside, command, *_site_files(before, home)]
    variables = [*_variables(map(_text, inside)), *_steering(before)]
    guards = Guards.on_files(files) | Guards.on_variables(variables, before)
    return guards._replace(not_storable_because="nobody saw all that the failed load looked for")


def _variables(texts: Iterable[str]) -> Iterator[str]:
    """The variables that modulefiles read or write."""
    for text in texts:
        yield from (name for match in _READS.findall(text) for name in match if name)
        yield from _WRITES.findall(text)


def _steering(env: Env) -> list[str]:
    return [name for name in _STEERS if name in env]


def _folders(directories: Iterable[str], names: Iterable[str]) -> list[str]:
    """The folders of these names in every directory of MODULEPATH."""
    asked = list(names)
    places = (os.path.join(directory, name) for directory in directories for name in asked)
    return _unique(folder for place in places for folder in _nested(place))


def _rc_files(folders: Iterable[str]) -> list[str]:
    return [p for f in folders for n in _RC if os.path.lexists(p := os.path.join(f, n))]


def _entries(folder: str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return list(entries)


def _nested(folder: str) -> Iterator[str]:
    """A module's folder with those inside it: a name may have several parts."""
    if not os.path.isdir(folder):
        return
    yield folder
    for entry in _entries(folder):
        if not entry.name.startswith(".") and entry.is_dir():
            yield from _nested(entry.path)


def _text(path: str) -> str:
    try:
        return _COMMENT.sub("", _HELP.sub("", os.fsdecode(read(path))))
    except OSError:
        return ""


def _site_files(env: Env, home: str) -> list[str]:
    package = env.get("LMOD_PKG", "")
    config = env.get("LMOD_CONFIG_DIR", "/etc/lmod")
    listed = [p for n in ("MODULERCFILE", "LMOD_MODULERCFILE", "LMOD_RC") for p in _split(env, n)]
    site = [os.path.join(p, "SitePackage.lua") for p in _split(env, "LMOD_PACKAGE_PATH")]
    site += [os.path.join(p, "SitePackage.lua") for p in _split(env, "LMOD_SITE_PACKAGE_PATH")]
    tool = (
        [f"{config}/lmod_config.lua", f"{config}/lmodrc.lua", f"{package}/libexec/SitePackage.lua"]
        if "LMOD_CMD" in env
        else [
            "/etc/environment-modules/siteconfig.tcl",
            f"{env.get('MODULESHOME', '')}/etc/siteconfig.tcl",
        ]
    )
    mine = [os.path.join(home, name) for name in (".modulerc", ".modulerc.lua", ".lmodrc.lua")]
    return [*listed, *site, *tool, *mine]


def login_dependencies(home: str) -> Guards:
    """The guards on what a login shell sets up, from which a bare job takes its modules."""
    mine = (".bash_profile", ".bash_login", ".profile", ".bashrc")
    site = ("/etc/profile", "/etc/profile.d", "/etc/bash.bashrc", "/etc/bashrc")
    return Guards.on_files([*site, *(os.path.join(home, name) for name in mine)])


def _paths(env: Env) -> list[str]:
    return _split(env, "MODULEPATH")


def _split(env: Env, name: str) -> list[str]:
    return [entry for entry in env.get(name, "").split(":") if entry]


def _unique(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))
