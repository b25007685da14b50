"""Suggestions for a module that cannot be loaded."""

import os
import re
from collections.abc import Iterator

from autoenv_hpc.environment import Env
from autoenv_hpc.system.files import read_head

_LOOKED_AT = 3000  # modulefiles; on a slow file system, more would take minutes
_USES = re.compile(
    r"""(?:MODULEPATH["'\s,]+|module\s+use\s+(?:-\S+\s+)*)["'{]?(/[^"'}\s),]+)""", re.MULTILINE
)


def suggestions(missing: list[str], env: Env) -> list[str]:
    """A suggestion for each module with a similar name, or with a parent that makes it visible."""
    visible = [path for path in env.get("MODULEPATH", "").split(":") if path]
    names = set(visible_modules(env))
    result = []
    for typed in missing:
        wanted = re.split(r"[@\s]", typed)[0].rstrip("/")  # of `name@1.2: +variant`
        has_range = "@" in typed
        if not has_range and any(name == wanted or name.startswith(f"{wanted}/") for name in names):
            continue  # it exists, but its load failed
        parents = _parents(wanted, visible)
        close = _near(wanted, names)
        if parents:
            result.append(f"{wanted} becomes visible after loading {' or '.join(parents)}")
        elif close:
            result.append(f"did you mean {' or '.join(close)}?")
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


def _parents(wanted: str, visible: list[str]) -> list[str]:
    """The chains of modules that make the wanted one visible, as far as their text shows."""
    found: list[str] = []
    queue = [(path, "") for path in visible]
    seen = set(visible)
    left = _LOOKED_AT
    while queue:
        directory, way = queue.pop(0)
        for name, file in _modules(directory):
            left -= 1
            if left < 0:
                return found
            for opened in _opens(file):
                chain = f"{way} {name}".strip()
                if opened in seen or not os.path.isdir(opened):
                    continue
                seen.add(opened)
                queue.append((opened, chain))
                if any(n == wanted or n.startswith(f"{wanted}/") for n, _ in _modules(opened)):
                    found.append(chain)
    return found


def _opens(file: str) -> list[str]:
    try:
        return _USES.findall(os.fsdecode(read_head(file, 100_000)))
    except OSError:
        return []
