"""The list of stored activations, for commands."""

import os
from collections.abc import Iterator
from typing import NamedTuple

from autoenv_hpc import verbose
from autoenv_hpc.activation import Activation
from autoenv_hpc.activations import active, store
from autoenv_hpc.environment import Env
from autoenv_hpc.shells.dialects import dialect_for
from autoenv_hpc.system import machine


class StoredActivation(NamedTuple):
    """An activation on disk."""

    dialect: str
    activation: Activation


def stored_activations(cache: str) -> Iterator[StoredActivation]:
    """All activations in a cache folder by project, the newest first.

    :param cache: the user's cache folder (`Folders.cache`).
    """
    base = os.path.join(cache, "activations")
    for folder, folders, names in os.walk(base):
        folders.sort()
        for name in sorted(names):
            slot, _, dialect = name.partition(".")
            if not slot.isdigit() or "." in dialect:
                continue
            compiled = _read(store.details_path(os.path.join(folder, name)))
            if compiled:
                yield StoredActivation(dialect, compiled)


def say_misses(cache: str, root: str, suffix: str, outside: Env) -> None:
    """Say why each stored activation of a project does not fit.

    :param suffix: the dialect's.
    """
    for path in store.slots(cache, root, suffix):
        compiled = _read(store.details_path(path)) if os.path.exists(path) else None
        if compiled:
            reasons = failures(StoredActivation(suffix, compiled), outside)
            verbose.say(f"{path}: {'; '.join(reasons) or 'fits, but was not asked for'}")


def failures(stored: StoredActivation, outside: Env) -> list[str]:
    """The reasons why a shell with these variables cannot use an activation; empty if it can.

    :param outside: the variables with no project active.
    """
    env = {name: value for name, value in outside.items() if name != active.NAME}
    return stored.activation.guards.failures(machine.now(env, dialect_for(stored.dialect).shell))


def _read(path: str) -> Activation | None:
    try:
        return store.restored_from(path)
    except (OSError, ValueError, TypeError, KeyError):
        return None
