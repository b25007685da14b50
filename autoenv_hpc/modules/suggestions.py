"""Suggestions for a module that cannot be loaded."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence

from autoenv_hpc.environment import Env
from autoenv_hpc.system.files import read_head

_LOOKED_AT = 3000  # modulefiles; on a slow file system, more would take minutes
_USES = re.compile(
    r"""(?:MODULEPATH["'\s,]+|module\s+use\s+(?:-\S+\s+)*)["'{]?(/[^"'}\s),]+)""", re.MULTILINE
)


def suggestions(missing: list[str], env: Env, modules: Sequence[str] = ()) -> list[str]:
    """What to do about each module: a similar name, or a parent that makes it visible.

    :param modules: all that were asked for, in their order.
    """
    visible = [path for path in env.get("MODULEPATH", "").split(":") if path]
    names = set(visible_modules(env))
    result = []
    for typed in missing:
        wanted = re.split(r"[@\s]", typed)[0].rstrip("/")  # of `name@1.2: +variant`
        has_range = "@" in typed
        if not has_range and _has(names, wanted):
            result.append(f"the modulefile of {wanted} is there and fails (`module show {wanted}`)")
            continue
        hidden = list(_hidden(visible))
        parents = [way for way, inside in hidden if _has(inside, wanted)]
        close = _near(wanted, names)
        far = [] if close else _near(wanted, {name for _, inside in hidden for name in inside})
        if parents:
            late = " (and must come after it in the list)" if typed in modules[:-1] else ""
            result.append(f"{wanted} becomes visible after loading {' or '.join(parents)}{late}")
        elif "," in wanted:
            result.append("write one string for each module, without commas in it")
        elif close:
            result.append(f"did you mean {' or '.join(close)}?")
        elif far:
            way = next(way for way, inside in hidden if far[0] in inside)
            result.append(f"did you mean {far[0]}? It becomes visible after loading {way}")
        else:
            result.append("`module avail` shows what there is")
    return result


def visible_modules(env: Env) -> Iterator[str]:
    """The names below MODULEPATH, some perhaps twice."""
    for path in env.get("MODULEPATH", "").split(":"):
        if path:
            yield from (name for name, _ in _modules(path))


def _near(wanted: str, names: set[str]) -> list[str]:
    import difflib  # noqa: PLC0415 - only a failed load needs similar names

    same = sorted(name for name in names if name.lower() == wanted.lower() and name != wanted)
    base = wanted.partition("/")[0].lower()
    versions = sorted(n for n in names if n.partition("/")[0].lower() == base and n != wanted)
    folded = {name.lower(): name for name in names}
    close = [folded[n] for n in difflib.get_close_matches(wanted.lower(), folded, 3, 0.7)]
    return same or close or versions[:3]


def _modules(directory: str) -> Iterator[tuple[str, str]]:
    """The name and file of each module below a directory, without hidden ones."""
    for folder, folders, files in os.walk(directory, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if folder.count(os.sep) - directory.count(os.sep) > 3:  # noqa: PLR2004 - names are less deep
            folders.clear()
        for file in sorted(files):
            if not file.startswith(".") and file != "default":
                path = os.path.join(folder, file)
                yield os.path.relpath(path, directory).removesuffix(".lua"), path


def _has(names: Iterable[str], wanted: str) -> bool:
    return any(name == wanted or name.startswith(f"{wanted}/") for name in names)


def _hidden(visible: list[str]) -> Iterator[tuple[str, set[str]]]:
    """The chains of modules that make others visible, each with the names of those.

    They are found as far as the modulefiles' text shows them.
    """
    queue = [(path, "") for path in visible]
    seen = set(visible)
    left = _LOOKED_AT
    while queue:
        directory, way = queue.pop(0)
        for name, file in _modules(directory):
            left -= 1
            if left < 0:
                return
            for opened in _opens(file):
                chain = f"{way} {name}".strip()
                if opened in seen or not os.path.isdir(opened):
                    continue
                seen.add(opened)
                queue.append((opened, chain))
                yield chain, {inner for inner, _ in _modules(opened)}


def _opens(file: str) -> list[str]:
    try:
        return _USES.findall(os.fsdecode(read_head(file, 100_000)))
    except OSError:
        return []
