"""The conditions under which a result still holds, with the ones that fail now.

A load, a failed load, a check of an environment, a site, a trust decision: each is worth keeping
only as long as what decided it is unchanged. `Guards` is that knowledge, whoever has it. Parts are
joined with `|`; Python asks `failures`; the dialects write the same conditions for the shells.
"""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from autoenv_hpc.environment import Variables

_TICK = 50_000_000  # ns; the clocks of file systems advance in steps of up to some 10 ms
_SECOND = 1_000_000_000
_SHOWN = 60  # characters of a value in a message


class Now(NamedTuple):
    """The world that guards are compared with; files are looked at on the disk."""

    env: Variables  # in which no project is active
    host: str
    cpu: Callable[[], str]  # asked only where it matters: `machine.cpu`
    seconds: int  # since the epoch


class Guards(NamedTuple):
    """Conditions, each with the answer that was seen; all must hold."""

    files: Mapping[str, int | None] = {}  # path to time of modification in ns; None: not there
    present: tuple[str, ...] = ()  # paths that need only exist
    variables: Mapping[str, str | None] = {}  # name to value; None: not set
    host: str | None = None  # the only host for which this holds
    cpu: str | None = None  # the only kind of processor for which this holds
    max_age: int | None = None  # seconds from `made`
    made: int = 0  # seconds since the epoch; 0: the age does not matter
    not_storable_because: str | None = None  # what no guard can express, in words

    @classmethod
    def on_files(cls, paths: Iterable[str]) -> "Guards":
        """Guards on files and folders as they are now, whether they exist or not."""
        return cls(files={path: modified(path) for path in paths})

    @classmethod
    def on_variables(cls, names: Iterable[str], env: Variables) -> "Guards":
        """Guards on variables as they are in an environment."""
        return cls(variables={name: env.get(name) for name in names})

    def __or__(self, other: "Guards") -> "Guards":
        """All conditions of both. A file that changed between the two makes the result unusable."""
        changed = next(
            (p for p in self.files if other.files.get(p, self.files[p]) != self.files[p]), None
        )
        reason = self.not_storable_because or other.not_storable_because
        ages = [age for age in (self.max_age, other.max_age) if age is not None]
        return Guards(
            files={**self.files, **other.files},
            present=tuple(dict.fromkeys((*self.present, *other.present))),
            variables={**self.variables, **other.variables},
            host=self.host or other.host,
            cpu=self.cpu or other.cpu,
            max_age=min(ages, default=None),
            made=min(filter(None, (self.made, other.made)), default=0),
            not_storable_because=reason or (changed and f"{changed} changed in the meantime"),
        )

    def in_environment(self, env: Variables) -> "Guards":
        """The same conditions with the values that the variables have in another environment."""
        return self._replace(variables={name: env.get(name) for name in self.variables})

    def failures(self, now: Now) -> list[str]:
        """Why the result does not hold now, one line a condition; empty if it holds."""
        reasons = []
        if self.max_age is not None and abs(now.seconds - self.made) >= self.max_age:
            reasons.append(f"it is older than {self.max_age} s")
        if self.host not in (None, now.host):
            reasons.append(f"it is for the host {self.host}")
        if self.cpu is not None and self.cpu != now.cpu():
            reasons.append("it is for another kind of processor")
        reasons += [f"{path} is gone" for path in self.present if not os.path.exists(path)]
        reasons += [text for path, then in self.files.items() if (text := _difference(path, then))]
        for name, value in self.variables.items():
            if now.env.get(name) != value:
                reasons.append(f"{name} was {_brief(value)} and is now {_brief(now.env.get(name))}")
        return reasons

    def conditions(self) -> list[tuple[str, str]]:
        """Each condition for people: its kind, and what must be so."""
        absent = [path for path, then in self.files.items() if then is None]
        machine = [("host", self.host)] if self.host else []
        age = [] if self.max_age is None else [("age", f"at most {self.max_age} s")]
        return [
            *age,
            *machine,
            *([("processor", "of the same kind")] if self.cpu is not None else []),
            *(("exists", path) for path in self.present),
            *(("unchanged", path) for path, then in self.files.items() if then is not None),
            *(("absent", path) for path in absent),
            *(("variable", f"{name} is {_brief(v)}") for name, v in self.variables.items()),
        ]

    @property
    def unsettled(self) -> float:
        """The seconds for which the youngest file may still change without getting another time."""
        return max((unsettled(then) for then in self.files.values() if then is not None), default=0)


def restored(fields: Mapping[str, Any]) -> Guards:
    """The same value from its fields in JSON, which has no tuples.

    :raises TypeError: these are not the fields of guards.
    :raises KeyError: likewise.
    """
    return Guards(**{**fields, "present": tuple(fields["present"])})


def modified(path: str) -> int | None:
    """The time of modification in ns since the epoch; None if nothing can be found there."""
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return None


def unsettled(then: int) -> float:
    """The seconds for which a file may still be written again without getting another time.

    :param then: its time of modification in ns since the epoch, by the file system's clock.
    """
    is_coarse = then % _SECOND == 0  # a file system that counts in seconds
    trusted = then + (2 * _SECOND if is_coarse else _TICK)
    return max(0, trusted - time.time_ns()) / _SECOND


def _difference(path: str, then: int | None) -> str | None:
    is_now = modified(path)
    if is_now == then:
        return None
    if is_now is None:
        return f"{path} is gone"
    if then is None:
        return f"{path} has appeared"
    return f"{path} is {'newer' if is_now > then else 'older'} than it was"


def _brief(value: str | None) -> str:
    if value is None:
        return "unset"
    text = "".join(char if char.isprintable() else "?" for char in value)
    return f"'{text}'" if len(text) <= _SHOWN else f"'{text[: _SHOWN - 1]}…'"
