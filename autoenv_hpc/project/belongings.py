"""The files that belong to a configuration when it is allowed, since they are programs like it.

These are the modulefiles below the project's own folder that `module-paths` names, and requirements
files that others own or may write. They are the same on each site and in each named environment.
"""

import os
from collections.abc import Iterable, Iterator

from autoenv_hpc.environment import Env
from autoenv_hpc.project import requirement_files, templates
from autoenv_hpc.project.config import Document, Table
from autoenv_hpc.system import files
from autoenv_hpc.system.digests import blake2b
from autoenv_hpc.system.folders import can_others_write

Belongings = dict[str, str]  # path to digest of the content


def belongings(documents: Iterable[Document], root: str, environ: Env, home: str) -> Belongings:
    """The files that belong to a project, with their digests.

    :param documents: the project's own configuration and those above it.
    :param root: the project's folder.
    """
    tables = [table for document in documents for table in _tables(document.data)]
    templates_of_trees = [path for table in tables for path in table.get("module-paths", ())]
    templates_of_files = [
        path for table in tables for path in table.get("venv", {}).get("requirements", ())
    ]
    found: Belongings = {}
    for tree in _paths(templates_of_trees, root, environ, home):
        if tree.startswith(f"{root}/") or os.path.realpath(tree).startswith(f"{root}/"):
            found |= {file: _digest(file) for file in _files_below(tree)}
    for file in requirement_files.closure(_paths(templates_of_files, root, environ, home)):
        if _is_shared(file):
            found[file] = _digest(file)
    return dict(sorted(found.items()))


def _tables(data: Table) -> Iterator[Table]:
    """The table itself and those that a site or a named environment merges into it."""
    yield data
    for name in ("envs", "site"):
        for table in data.get(name, {}).values():
            yield from _tables(table)


def _paths(values: Iterable[str], root: str, environ: Env, home: str) -> list[str]:
    """Where path values may lead, whatever their fields stand for."""
    values = list(values)
    if not values:
        return []
    import glob  # noqa: PLC0415 - only for a path value

    found = []
    for value in values:
        pattern = templates.pattern(value, environ, home)
        if pattern is not None:
            found += glob.glob(os.path.join(glob.escape(root), pattern), include_hidden=True)
    return [os.path.normpath(path) for path in dict.fromkeys(found)]


def _files_below(tree: str) -> Iterator[str]:
    """The files of a module tree; module tools follow links, so this does too."""
    seen = set()
    for place, folders, names in os.walk(tree, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        yield from (os.path.join(place, name) for name in names)


def _is_shared(file: str) -> bool:
    """Whether another user than root owns a file or may write to it."""
    try:
        status = os.stat(file)
    except OSError:
        return False
    return status.st_uid not in (0, os.getuid()) or can_others_write(status)


def _digest(file: str) -> str:
    try:
        return blake2b(files.read(file), digest_size=16).hexdigest()
    except OSError:
        try:
            status = os.stat(file)
        except OSError:
            return "missing"
        return f"{status.st_size} bytes of {status.st_mtime_ns}"  # no text file, or a huge one
