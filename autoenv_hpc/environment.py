"""Changes to the exported variables of a process.

An `Env` maps names to values. Both are text. Bytes that are not UTF-8 become lone surrogates
(PEP 383), so reading and writing lose nothing.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

Env = dict[str, str]
Variables = Mapping[str, str]

# Each shell maintains its own values of these; they are never part of a change.
SHELL_OWN = frozenset(
    ("_", "SHLVL", "PWD", "OLDPWD", "SHELLOPTS", "BASHOPTS", "POSIXLY_CORRECT", "COLUMNS", "LINES")
)
_LISTS = frozenset(("EBPYTHONPREFIXES", "XDG_DATA_DIRS", "XDG_CONFIG_DIRS", "MODULESHOME_LIST"))


class Value(NamedTuple):
    """A variable's value before and after a change; None means unset."""

    before: str | None
    after: str | None


class Change(dict[str, Value]):
    """A change to an environment, variable by variable."""

    __slots__ = ()

    @classmethod
    def between(cls, before: Variables, after: Variables) -> "Change":
        """The change that leads from one environment to the other, sorted by name."""
        names = sorted((before.keys() | after.keys()) - SHELL_OWN)
        pairs = ((name, Value(before.get(name), after.get(name))) for name in names)
        return cls((name, value) for name, value in pairs if value.before != value.after)

    @property
    def befores(self) -> dict[str, str | None]:
        """The values before the change."""
        return {name: value.before for name, value in self.items()}

    @property
    def afters(self) -> dict[str, str | None]:
        """The values after the change."""
        return {name: value.after for name, value in self.items()}

    def applied_to(self, env: Variables) -> Env:
        """The environment after the change, whatever the variables hold now."""
        return _with(env, self.afters.items())

    def holds_in(self, env: Variables) -> bool:
        """Whether every variable still has the value that the change gave it."""
        return all(env.get(name) == value.after for name, value in self.items())

    def reversed(self) -> "Change":
        """The change that leads back."""
        return Change((name, Value(after, before)) for name, (before, after) in self.items())

    def undone_in(self, now: Variables) -> Env:
        """The environment without the change, but with the user's later edits.

        A variable that still has the value of the change gets its former value back. A search path
        that the user has edited loses only our entries. Any other value is the user's and stays.
        """
        return _with(
            now, ((name, merged(name, value, now.get(name))) for name, value in self.items())
        )


def merged(name: str, value: Value, now: str | None) -> str | None:
    """The value of one variable, now `now`, after its change is undone."""
    if now == value.after:
        return value.before
    if now is None or value.after is None or not is_search_path(name):
        return now
    entries = _merged_entries(_entries(value.before), _entries(value.after), _entries(now))
    return ":".join(entries) if entries or value.before is not None else None


def is_search_path(name: str) -> bool:
    """Whether the variable is a list joined by colons, to judge by its name."""
    return name.endswith(("PATH", "_DIRS")) or name in _LISTS


def with_entries(value: str | None, prepend: Iterable[str] = (), append: Iterable[str] = ()) -> str:
    """A search path with entries added at its ends; an unset one gets no extra colon."""
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
    """Apply the edits that lead from `after` to `now` to `before`, each in its place."""
    ours = set(after) - set(before)
    theirs = [entry for entry in now if entry not in ours]
    gone = set(after) - set(now)
    kept = [entry for entry in before if entry not in gone]
    known = set(kept)
    if list(dict.fromkeys(kept)) != [e for e in dict.fromkeys(theirs) if e in known]:
        return theirs  # the user changed the order, so that order stays
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
