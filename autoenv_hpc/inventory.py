"""The stored activations, for people: what each was made from, and why it would not be used now."""

import json
import os
import time
from collections.abc import Iterator
from typing import NamedTuple

from autoenv_hpc import shellparts, state, store
from autoenv_hpc.dialects import Document
from autoenv_hpc.environment import Change, Env, Value

_SHOWN = 60  # characters of a value


class Stored(NamedTuple):
    """One activation on disk."""

    dialect: str
    document: Document

    @property
    def starts(self) -> dict[str, str | None]:
        """The variables that must hold these values for it to be used."""
        before = {name: value.before for name, value in self.document.change.items()}
        return {**self.document.reads, **before}


def stored(cache: str) -> Iterator[Stored]:
    """All activations in a cache folder, project by project, the newest of each first."""
    base = os.path.join(cache, "activations")
    for folder, folders, files in os.walk(base):
        folders.sort()
        for name in sorted(files):
            slot, _, dialect = name.partition(".")
            if not slot.isdigit() or "." in dialect:
                continue
            document = _document(store.details(os.path.join(folder, name)))
            if document:
                yield Stored(dialect, document)


def misses(found: Stored, outside: Env) -> list[str]:
    """Why an activation would not be used from this environment, guard by guard; empty if it would.

    :param outside: an environment in which nothing of ours is active.
    """
    document = found.document
    reasons = []
    now = int(time.time())
    if document.life and not document.made - document.life < now < document.made + document.life:
        reasons.append(f"it is older than {document.life} s")
    if document.host not in (None, os.uname().nodename):
        reasons.append(f"it is for the host {document.host}")
    reasons += [text for file, stamp in document.files if (text := _changed(file, stamp))]
    for name, value in found.starts.items():
        here = None if name == state.NAME else outside.get(name)
        if here != value:
            reasons.append(f"{name} is {_brief(here)}, and was {_brief(value)}")
    return reasons


def _document(path: str) -> Document | None:
    try:
        with open(path, encoding="ascii") as file:
            fields = json.load(file)
        change: Change = {n: Value(*pair) for n, pair in fields["change"].items()}
        shell = shellparts.revived(fields["shell"])
        pairs = {key: tuple(map(tuple, fields[key])) for key in ("watch", "files")}
        return Document(**(fields | {"change": change, "shell": shell} | pairs))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _changed(file: str, stamp: str) -> str | None:
    then = os.path.basename(stamp)
    try:
        modified = os.stat(file).st_mtime_ns
    except OSError:
        return None if then == "none" else f"{file} is gone"
    if then == "none":
        return f"{file} has come"
    if then == "some" or modified == int(then):
        return None
    return f"{file} is {'newer' if modified > int(then) else 'older'} than it was"


def _brief(value: str | None) -> str:
    if value is None:
        return "unset"
    text = "".join(char if char.isprintable() else "?" for char in value)
    return f"'{text}'" if len(text) <= _SHOWN else f"'{text[: _SHOWN - 1]}…'"
