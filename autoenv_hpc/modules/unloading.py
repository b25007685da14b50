"""A project's modules, unloaded for real from a state that the user has changed since."""

from collections.abc import Sequence
from typing import NamedTuple

from autoenv_hpc.environment import Env
from autoenv_hpc.modules.bookkeeping import loaded
from autoenv_hpc.modules.login import initialised


class Release(NamedTuple):
    """What unloading left: `kept` before our own modules went, `env` at the end."""

    kept: Env
    env: Env


def release(
    now: Env, *, ours: Sequence[str], displaced: Sequence[str], paths: Sequence[str]
) -> Release:
    """Unload what a project loaded out of a state that the user has changed since.

    :param now: the present environment.
    :param ours: the modules that entering loaded, in order.
    :param displaced: the user's modules that entering displaced; they come back if any module of
        ours is still there (a purge by the user reloads nothing).
    :param paths: the entries of MODULEPATH that exist only because of the project; what the user
        loaded from them goes first.
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
    from autoenv_hpc.modules import scratch_shell  # noqa: PLC0415 - only module work

    end = scratch_shell.run(now, tool, steps, snapshots=("kept",))
    return Release(end.earlier["kept"].env, end.env)
