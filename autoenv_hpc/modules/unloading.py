"""The real unload of a project's modules after the user's changes."""

from collections.abc import Sequence
from typing import NamedTuple

from autoenv_hpc.environment import Env
from autoenv_hpc.modules.bookkeeping import loaded
from autoenv_hpc.modules.login import initialised


class Release(NamedTuple):
    """The states while unloading: `kept` before our own modules are unloaded, `env` at the end."""

    kept: Env
    env: Env


def release(
    now: Env, *, ours: Sequence[str], displaced: Sequence[str], paths: Sequence[str]
) -> Release:
    """Unload a project's modules from a state that the user has changed since entering.

    :param now: the present environment.
    :param ours: the modules that the project loaded, in order.
    :param displaced: the user's modules that the project displaced; they are loaded again if any
        module of ours is still loaded (after the user's own purge, nothing is).
    :param paths: the entries of MODULEPATH that only the project added; modules that the user
        loaded from them are unloaded first.
    """
    _, tool = initialised(now)
    names = loaded(now)
    files = now.get("_LMFILES_", "").split(":")
    guests = [
        name
        for name, file in zip(names, files, strict=False)
        if name not in ours and any(file.startswith(path + "/") for path in paths)
    ]
    still = [name for name in names if name in ours]
    unload = ("unload", "--force") if tool.kind == "modules" else ("unload",)
    steps: list[tuple[str, ...]] = []
    if guests:
        steps.append((*unload, *reversed(guests)))
    steps.append(("snapshot", "kept"))
    if still:
        steps.append((*unload, *reversed(still)))
    used = [path for path in paths if path in now.get("MODULEPATH", "").split(":")]
    steps += [("unuse", path) for path in used]
    back = [name for name in displaced if name not in names] if still else []
    if back:
        steps.append(("load", *back))
    from autoenv_hpc.modules import scratch_shell  # noqa: PLC0415 - only an unload needs it

    end = scratch_shell.run(now, tool, steps, snapshots=("kept",))
    return Release(end.earlier["kept"].env, end.env)
