"""Edits of a configuration that keep its comments and its order."""

import contextlib
import os
import stat
from collections.abc import MutableMapping, Sequence
from typing import Any

from autoenv_hpc.errors import Problem
from autoenv_hpc.system import folders

Table = MutableMapping[str, Any]


def with_modules(
    data: bytes, modules: Sequence[str], sites: Sequence[str] = (), env: str | None = None
) -> bytes:
    """The content of a file with other modules, in the list that applies.

    :param data: valid TOML.
    :param modules: the new list. Strings that were in the old one keep their place and comments.
    :param sites: the names of the site on which the list applies, the most specific one last.
    :param env: the named environment for which it applies.
    """
    import tomlkit  # noqa: PLC0415 - only an edit needs it

    document = tomlkit.parse(data.decode())
    table = _with_own_modules(document, sites, env)
    present = table.get("modules")
    if present is None:
        table["modules"] = list(modules)
        return tomlkit.dumps(document).encode()
    for name in [name for name in present if name not in modules]:
        present.remove(name)
    for name in modules:
        if name not in present:
            present.append(name)
    return tomlkit.dumps(document).encode()


def write(file: str, data: bytes) -> None:
    """Replace the content of a file, which keeps its mode and group; a link stays a link.

    :raises Problem: it cannot be written.
    """
    real = os.path.realpath(file)
    try:
        os.makedirs(os.path.dirname(real), exist_ok=True)
        before = os.stat(real) if os.path.exists(real) else None
        folders.write_atomically(real, data, mode=0o666)
        if before:
            os.chmod(real, stat.S_IMODE(before.st_mode))
            with contextlib.suppress(PermissionError):  # a group that one is not a member of
                os.chown(real, -1, before.st_gid)
    except OSError as error:
        raise Problem(f"{file}: cannot be written: {error.strerror}") from error


def _with_own_modules(document: Table, sites: Sequence[str], env: str | None) -> Table:
    """The table whose `modules` win (`layers.select`); the top level if none has any."""
    parts = [*(document.get("site", {}).get(site, {}) for site in reversed(sites)), document]
    pairs = [(part.get("envs", {}).get(env or "", {}), part) for part in parts]
    tables = [table for pair in pairs for table in pair]
    found: Table = next((table for table in tables if "modules" in table), document)
    return found
