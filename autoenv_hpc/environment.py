"""The exported variables of a process, with a change to them that can be applied, checked, undone.

An `Env` maps names to values. Both are text in which bytes that are not UTF-8 stand as lone
surrogates (PEP 383), so nothing is lost on the way in or out.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

Env = dict[str, str]
Variables = Mapping[str, str]

# Each shell maintains these for itself; a difference in them is never part of a change.
SHELL_OWN = frozenset(
    ("_", "SHLVL", "PWD", "OLDPWD", "SHELLOPTS", "BASHOPTS", "POSIXLY_CORRECT", "COLUMNS", "LINES")
)
_LISTS = frozenset(("EBPYTHONPREFIXES", "XDG_DATA_DIRS", "XDG_CONFIG_DIRS", "MODULESHOME_LIST"))


class Value(NamedTuple):
    """What one variable held before a change, and after it; None is unset."""

    before: str | None
    after: str | None


class Change(dict[str, Value]):
    """A change to an environment, variable by variable."""

    __slots__ = ()

    @classmethod
    def between(cls, before: Variables, after: Variables) -> "Change":
        """The change that leads from one environment to the other, by name."""
        names = sorted((before.keys() | after.keys()) - SHELL_OWN)
        pairs = ((name, Value(before.get(name), after.get(name))) for name in names)
        return cls((name, value) for name, value in pairs if value.before != value.after)

    @property
    def befores(self) -> dict[str, str | None]:
        """What each variable held before."""
        return {name: value.before for name, value in self.items()}

    @property
    def afters(self) -> dict[str, str | None]:
        """What each variable holds after it."""
        return {name: value.after for name, value in self.items()}

    def applied_to(self, env: Variables) -> Env:
        """The environment with the change made, whatever the variables held."""
        return _with(env, self.afters.items())

    def holds_in(self, env: Variables) -> bool:
        """Whether every variable still has the value that the change gave it."""
        return all(env.get(name) == value.after for name, value in self.items())

    def reversed(self) -> "Change":
        """The change that leads back."""
        return Change((name, Value(after, before)) for name, (before, after) in self.items())

    def undone_in(self, now: Variables) -> Env:
        """The environment with the change undone, and what the user did since kept.

        A variable that still holds what the change set gets its former value back. A search path
        that was edited since loses only our entries. Any other value was set by the user and stays.
        """
        return _with(
            now, ((name, merged(name, value, now.get(name))) for name, value in self.items())
        )


def merged(name: str, value: Value, now: str | None) -> str | None:
    """What one variable holds once its change is undone, starting from `now`."""
    if now == value.after:
        return value.before
    if now is None or value.after is None or not is_search_path(name):
        return now
    entries = _merged_entries(_entries(value.before), _entries(value.after), _entries(now))
    return ":".join(entries) if entries or value.before is not None else None


def is_search_path(name: str) -> bool:
    """Whether the variable is a list joined by colons, judged by its name."""
    return name.endswith(("PATH", "_DIRS")) or name in _LISTS


def with_entries(value: str | None, prepend: Iterable[str] = (), append: Iterable[str] = ()) -> str:
    """A search path with entries added at its ends; an unset one gets no stray colon."""
    return ":".join([*prepend, *([value] if value else []), *append])


def without_entry(value: str, entry: str) -> str:
    """A search path without one of its entries."""
    return ":".join(part for part in value.split(":") if part != entry)


def _with(env: Variables, values: Iterable[tuple[str, str | None]]) -> Env:
    result = dict(env)
    for name, value in values:
        if value is None:
            result.pop(name, None)
        else:
            result[name] = value
    return result


def _entries(value: str | None) -> list[str]:
    return value.split(":") if value else []


def _merged_entries(before: list[str], after: list[str], now: list[str]) -> list[str]:
    """`before` with the edits that lead from `after` to `now`, each in its place."""
    ours = set(after) - set(before)
    theirs = [entry for entry in now if entry not in ours]
    gone = set(after) - set(now)
    kept = [entry for entry in before if entry not in gone]
    known = set(kept)
    if list(dict.fromkeys(kept)) != [e for e in dict.fromkeys(theirs) if e in known]:
        return theirs  # the user changed the order: it is their order now
    added_after: dict[str | None, list[str]] = {}
    anchor: str | None = None
    for entry in theirs:
        if entry in known:
            anchor = entry
        else:
            added_after.setdefault(anchor, []).append(entry)
    result = added_after.pop(None, []) if kept else theirs
    last = theirs[-1] if theirs else None
    tail = added_after.pop(anchor, []) if anchor is not None and last not in known else []
    for entry in kept:
        result.append(entry)
        result += added_after.pop(entry, [])
    return result + tail
