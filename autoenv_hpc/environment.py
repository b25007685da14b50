"""Changes to the exported variables of a process.

An `Env` maps names to values. Both are text. Bytes that are not UTF-8 become lone surrogates
(PEP 383), so reading and writing lose nothing.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

Env = dict[str, str]
Variables = Mapping[str, str]

# Each shell maintains its own values of these; they are never part of a change.
SHELL_OWN = frozenset(
    (
        *("_", "SHLVL", "PWD", "OLDPWD", "SHELLOPTS", "BASHOPTS", "POSIXLY_CORRECT"),
        *("COLUMNS", "LINES", "PS0", "PS1", "PS2", "PS3", "PS4", "PROMPT", "RPROMPT", "RPS1"),
        *("PROMPT_COMMAND", "PROMPT_DIRTRIM"),
    )
)
_LISTS = frozenset(("EBPYTHONPREFIXES",))
# Where Lmod and Environment Modules 5 and 4 count the entries of a search path.
COUNTS = ("__LMOD_REF_COUNT_{}", "__MODULES_SHARE_{}", "{}_modshare")


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

        A variable that still has the value of the change gets its former value back. In a search
        path that the user has edited, each entry that the change added goes, and each entry that it
        took away comes back to its place. Any other value is the user's and stays.
        """
        return _with(
            now,
            (
                (name, merged(name, value, now.get(name), is_list=self.is_search_path(name)))
                for name, value in self.items()
            ),
        )

    def is_search_path(self, name: str) -> bool:
        """Whether the variable is one by its name, or because a module tool counts its entries."""
        return is_search_path(name) or any(counts.format(name) in self for counts in COUNTS)


def merged(
    name: str, value: Value, now: str | None, *, is_list: bool = False, keep_added: bool = False
) -> str | None:
    """The value of one variable, now `now`, after its change is undone.

    :param is_list: the variable is a search path, whatever its name.
    :param keep_added: whether entries that the change added stay, as something else needs them.
    """
    if now == value.after:
        return value.before
    if now is None:
        return now
    texts = (value.before, value.after, now)
    between = _separator(texts) if is_list or is_search_path(name) else _apparent_separator(*texts)
    if between is None:
        return now
    before, after, present = (text.split(between) if text else [] for text in texts)
    entries = _undone(before, after, present, keep_added=keep_added)
    return between.join(entries) if entries or value.before is not None else None


def is_search_path(name: str) -> bool:
    """Whether the variable is a search path, to judge by its name."""
    return name.endswith(("PATH", "_DIRS")) or name in _LISTS


def _separator(texts: Iterable[str | None]) -> str:
    """The separator of a search path: a semicolon in LUA_PATH and its like."""
    text = "".join(filter(None, texts))
    return ";" if ";" in text and ":" not in text else ":"


def _apparent_separator(before: str | None, after: str | None, now: str) -> str | None:
    """The separator of a variable that looks like a search path; None if it does not.

    It looks like one if the change, or the user after it, only added entries.
    """
    for separator in ":;":
        lists = [text.split(separator) if text else [] for text in (before, after, now)]
        pairs = [(old, new) for old, new in itertools.pairwise(lists) if old and len(new) > 1]
        if any(is_sublist(old, new) and len(old) < len(new) for old, new in pairs):
            return separator
    return None


def is_sublist(fewer: list[str], more: list[str]) -> bool:
    """Whether a list is another one without some of its entries, in the same order."""
    rest = iter(more)
    return all(entry in rest for entry in fewer)


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


def _undone(before: list[str], after: list[str], now: list[str], *, keep_added: bool) -> list[str]:
    """The entries of a search path without the change from `before` to `after`.

    The entries that both have divide the two lists into gaps. What the change took from a gap comes
    back there, unless it is back already or the user has removed it: where the change's own entries
    stand now, else next to the entries around the gap.
    """
    kept = _matches(before, after)
    place = dict(_matches(after, now))  # from an index in `after` to the one in `now`
    added = [] if keep_added else sorted(set(range(len(after))) - {j for _, j in kept})
    dropped = _dropped([after[j] for j in added], before, now, [place.get(j) for j in added])
    rest = Counter(entry for k, entry in enumerate(now) if k not in dropped)
    wanted, removed = Counter(before), set(after) - set(now)
    back: dict[int, list[str]] = {}  # by the index in `now` before which they stand
    bounds = [(-1, -1), *kept, (len(before), len(after))]
    for (i, j), (next_i, next_j) in itertools.pairwise(bounds):
        taken = []
        for entry in before[i + 1 : next_i]:
            if rest[entry] < wanted[entry] and entry not in removed:
                rest[entry] += 1
                taken.append(entry)
        ours = [place[k] for k in range(j + 1, next_j) if k in place]
        behind = [place[k] for k in range(next_j, len(after)) if k in place]
        if ours or behind:
            index = ours[-1] if ours else behind[0]
        else:
            index = max((place[k] + 1 for k in range(j + 1) if k in place), default=len(now))
        back.setdefault(index, []).extend(taken)
    result = []
    for k, entry in enumerate(now):
        result += back.get(k, [])
        result += [] if k in dropped else [entry]
    return result + back.get(len(now), [])


def _dropped(
    added: list[str], before: list[str], now: list[str], places: Iterable[int | None]
) -> set[int]:
    """The indices in `now` of the entries that a change added.

    An entry that was not there before goes wherever it is, even if something has added it again. Of
    one that was, as many go as the change added.
    """
    known = set(before)
    new, again = set(added) - known, Counter(entry for entry in added if entry in known)
    dropped = {k for k, entry in enumerate(now) if entry in new}
    for k in (*places, *range(len(now))):
        if k is not None and k not in dropped and again[now[k]] > 0:
            again[now[k]] -= 1
            dropped.add(k)
    return dropped


def _matches(old: list[str], new: list[str]) -> list[tuple[int, int]]:
    """The indices of a longest common subsequence."""
    lengths = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in reversed(range(len(old))):
        for j in reversed(range(len(new))):
            skipped = max(lengths[i + 1][j], lengths[i][j + 1])
            lengths[i][j] = lengths[i + 1][j + 1] + 1 if old[i] == new[j] else skipped
    found, i, j = [], 0, 0
    while i < len(old) and j < len(new):
        if old[i] == new[j]:
            found.append((i, j))
            i, j = i + 1, j + 1
        elif lengths[i + 1][j] >= lengths[i][j + 1]:
            i += 1
        else:
            j += 1
    return found
