"""The stored activations, for people: what each was made from, and why it does not hold now."""

import json
import os
from collections.abc import Iterator
from typing import NamedTuple

from autoenv_hpc import activation
from autoenv_hpc.activation import Activation
from autoenv_hpc.activations import active, store
from autoenv_hpc.environment import Env
from autoenv_hpc.system import machine


class Stored(NamedTuple):
    """One activation on disk."""

    dialect: str
    activation: Activation


def stored(cache: str) -> Iterator[Stored]:
    """All activations in a cache folder, project by project, the newest of each first."""
    base = os.path.join(cache, "activations")
    for folder, folders, files in os.walk(base):
        folders.sort()
        for name in sorted(files):
            slot, _, dialect = name.partition(".")
            if not slot.isdigit() or "." in dialect:
                continue
            found = _read(store.details(os.path.join(folder, name)))
            if found:
                yield Stored(dialect, found)


def failures(found: Stored, outside: Env) -> list[str]:
    """Why an activation would not be used from this environment; empty if it would.

    :param outside: the variables, with no project active.
    """
    env = {name: value for name, value in outside.items() if name != active.NAME}
    return found.activation.guards.failures(machine.now(env))


def _read(path: str) -> Activation | None:
    try:
        with open(path, encoding="ascii") as file:
            return activation.restored(json.load(file))
    except (OSError, ValueError, TypeError, KeyError):
        return None
