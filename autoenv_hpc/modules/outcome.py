"""The requested modules that are not there after a load."""

import os
import re
from collections.abc import Iterable, Sequence

from autoenv_hpc.environment import Env
from autoenv_hpc.modules import scratch_shell
from autoenv_hpc.modules.bookkeeping import loaded
from autoenv_hpc.modules.scratch_shell import Snapshot
from autoenv_hpc.modules.tool import Tool


def absent(
    modules: Sequence[str], result: Snapshot, tool: Tool, before: Sequence[str]
) -> dict[str, str | None]:
    """The requested modules that are not loaded, each with the module that took its place.

    The tool knows what it has loaded for a name: an alias, a symbolic version, a range. Its verdict
    counts, and names only where it has none. After a refusal, the others may be loaded.

    :param before: the modules that were loaded before.
    """
    now = loaded(result.env)
    if result.verdict == "refused":
        return dict.fromkeys(name for name in modules if name.split()[0] not in now)
    if result.verdict == "loaded" and tool.kind == "modules":
        return {}
    unseen = {name: i for i, name in enumerate(modules) if not _is_named(name, now)}
    if result.verdict != "loaded":
        return dict.fromkeys(unseen)
    found = {}  # Lmod is content if a later module replaces a requested one, or one calls LmodBreak
    for name, i in unseen.items():
        files = _lmods_files(name, result.env, tool)
        later = [
            n for n in now if n not in before or any(_is_named(m, [n]) for m in modules[i + 1 :])
        ]
        if files.isdisjoint(_files(result.env).values()):
            found[name] = _successor(name, files, result, later)
    return found


def _successor(
    name: str, files: Iterable[str], result: Snapshot, later: Sequence[str]
) -> str | None:
    """The module that took a requested one's place: another version, or one that Lmod names."""
    folders = {os.path.dirname(file) for file in files}
    word = re.compile(rf"(?<![\w/.-]){re.escape(name.split(maxsplit=1)[0])}(?![\w.-])")
    lines = [line for line in result.words.splitlines() if word.search(line)]
    of = _files(result.env)
    for other in later:
        if os.path.dirname(of.get(other, "")) in folders or any(other in line for line in lines):
            return other
    return None


def _files(env: Env) -> dict[str, str]:
    """The modulefile of each loaded module."""
    return dict(zip(loaded(env), env.get("_LMFILES_", "").split(":"), strict=False))


def _is_named(name: str, now: Iterable[str]) -> bool:
    """Whether a loaded module has this name, a version of it or the first part of its version."""
    plain = name.split(maxsplit=1)[0].rstrip("/").removesuffix(".lua")
    return any(entry == plain or entry.startswith((f"{plain}/", f"{plain}.")) for entry in now)


def _lmods_files(name: str, env: Env, tool: Tool) -> set[str]:
    """What Lmod shows for a name: its modulefile, among other lines in old versions."""
    words = scratch_shell.run(env, tool, [("--location", "show", name)]).words
    lines = (line.strip().removesuffix(":") for line in words.splitlines())
    return {line for line in lines if line.startswith("/")}
