"""The conditions under which a result still holds.

A load, a failed load, a check of an environment, a site or a trust decision stays valid until
something that decided it changes. `Guards` holds these conditions for all of them. `|` joins two
sets; `failures` checks a set in Python; the dialects write the same conditions for the shells.
"""

import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Literal, NamedTuple

from autoenv_hpc.environment import Variables
from autoenv_hpc.printable import printable

_TICK = 50_000_000  # ns; the clocks of file systems advance in steps of up to some 10 ms
LONGEST_TEXT = 16_384  # bytes; of a longer file, only the time is compared
_SECOND = 1_000_000_000
_SHOWN = 60  # characters of a value in a message


class Now(NamedTuple):
    """The present state that guards are compared with; files are checked on disk."""

    env: Variables  # in which no project is active
    host: str
    cpu: Callable[[], str]  # called only if a guard needs it: `machine.cpu`
    user: Callable[[], str]  # called only if a guard needs it: `machine.user`
    seconds: int  # since the epoch
    shell: str = "bash"  # for which a load is made


# A file that others may read may be kept from this user later, without another time.
Kind = Literal["anything", "file", "folder", "readable", "unreadable"]


_KINDS: dict[Kind, str] = {
    "anything": "there",
    "file": "a file",
    "folder": "a folder",
    "readable": "readable for you",
    "unreadable": "unreadable for you",
}


class Guards(NamedTuple):
    """Conditions with the values on which a result depends; all must hold."""

    files: Mapping[str, int | None] = {}  # path to time of modification in ns; None: not there
    texts: Mapping[str, str] = {}  # path to content, if a time alone is no proof
    present: Mapping[str, Kind] = {}  # path to what it must be, whatever its time
    links: Mapping[str, str | None] = {}  # path to where it must lead as a link; None: it is none
    variables: Mapping[str, str | None] = {}  # name to value; None: not set
    host: str | None = None  # the only host for which this holds
    domain: str | None = None  # what follows the first dot of its name; empty: there is none
    cpu: str | None = None  # the only kind of processor for which this holds
    user: str | None = None  # the only user, with the groups, for whom this holds
    shell: str | None = None  # the only shell for which this holds
    max_age: int | None = None  # seconds from `made`
    made: int = 0  # seconds since the epoch; 0: the age does not matter
    not_storable_because: str | None = None  # the reason, if no guard can express it
    changed: str | None = None  # why this one result is not storable, though the next may be

    @classmethod
    def on_files(cls, paths: Iterable[str]) -> "Guards":
        """Guards on files and folders as they are now, whether they exist or not.

        They are taken before the files are read. A file that has only just changed may change
        again and keep its time: what is read of it now cannot be told from what comes then.
        """
        files: dict[str, int | None] = {}
        changed = None
        for path in paths:
            state = _state(path)
            files[path] = state and state.st_mtime_ns
            if state and is_recent(state, time.time_ns()):
                changed = f"{path} has only just changed"
        return cls(files=files, changed=changed)

    @classmethod
    def on_text(cls, path: str, data: bytes, then: int | None) -> "Guards":
        """Guards on a file that was read.

        :param data: its content; the file need not be old, as the content itself is compared.
        :param then: its time of modification before it was read, in ns.
        """
        if len(data) > LONGEST_TEXT or b"\0" in data:  # no shell can hold the byte 0
            return cls.on_files((path,))._replace(files={path: then})
        return cls(files={path: then}, texts={path: os.fsdecode(data)})

    @classmethod
    def on_variables(cls, names: Iterable[str], env: Variables) -> "Guards":
        """Guards on variables as they are in an environment."""
        return cls(variables={name: env.get(name) for name in names})

    def __or__(self, other: "Guards") -> "Guards":
        """Join the conditions. If a file changed between the two, the result is not storable."""
        changed = next(
            (p for p in self.files if other.files.get(p, self.files[p]) != self.files[p]), None
        )
        ages = [age for age in (self.max_age, other.max_age) if age is not None]
        return Guards(
            files={**self.files, **other.files},
            texts={**self.texts, **other.texts},
            present={**self.present, **other.present},
            links={**self.links, **other.links},
            variables={**self.variables, **other.variables},
            host=self.host or other.host,
            domain=other.domain if self.domain is None else self.domain,
            cpu=self.cpu or other.cpu,
            user=self.user or other.user,
            shell=self.shell or other.shell,
            max_age=min(ages, default=None),
            made=min(filter(None, (self.made, other.made)), default=0),
            not_storable_because=self.not_storable_because or other.not_storable_because,
            changed=(
                self.changed or other.changed or (changed and f"{changed} changed in the meantime")
            ),
        )

    @property
    def paths(self) -> set[str]:
        """All files that must be as they were."""
        return {*self.files, *self.present, *self.links}

    def split(self, paths: Collection[str]) -> tuple["Guards", "Guards"]:
        """All conditions but those on some files, and the conditions on these files."""
        rest = self._replace(
            files={p: v for p, v in self.files.items() if p not in paths},
            texts={p: v for p, v in self.texts.items() if p not in paths},
            present={p: v for p, v in self.present.items() if p not in paths},
            links={p: v for p, v in self.links.items() if p not in paths},
        )
        return rest, Guards(
            files={p: v for p, v in self.files.items() if p in paths},
            texts={p: v for p, v in self.texts.items() if p in paths},
            present={p: v for p, v in self.present.items() if p in paths},
            links={p: v for p, v in self.links.items() if p in paths},
        )

    def in_environment(self, env: Variables) -> "Guards":
        """The same conditions, with the variables' values from another environment."""
        return self._replace(variables={name: env.get(name) for name in self.variables})

    def failures(self, now: Now) -> list[str]:
        """The reasons why the result does not hold now, one for each condition."""
        reasons = []
        if self.max_age is not None and abs(now.seconds - self.made) >= self.max_age:
            reasons.append(f"it is older than {self.max_age} s")
        if self.host not in (None, now.host):
            reasons.append(f"it is for the host {self.host}")
        if self.domain not in (None, domain(now.host)):
            reasons.append(f"it is for hosts whose name ends in '{self.domain}'")
        if self.cpu is not None and self.cpu != now.cpu():
            reasons.append("it is for another kind of processor")
        if self.user is not None and self.user != now.user():
            reasons.append("it is for another user or other groups")
        reasons += [
            f"{path} is not {_KINDS[kind]} any more" if os.path.exists(path) else f"{path} is gone"
            for path, kind in self.present.items()
            if not _is_kind(path, kind)
        ]
        reasons += [
            f"{path} is a link" if target is None else f"{path} does not lead to {target}"
            for path, target in self.links.items()
            if (os.path.islink(path) if target is None else not _is_same(path, target))
        ]
        if self.shell not in (None, now.shell):
            reasons.append(f"it is for {self.shell}")
        reasons += [text for path, then in self.files.items() if (text := _difference(path, then))]
        reasons += [
            f"{path} has another content" for path, text in self.texts.items() if read(path) != text
        ]
        for name, value in self.variables.items():
            if now.env.get(name) != value:
                reasons.append(f"{name} was {_brief(value)} and is now {_brief(now.env.get(name))}")
        return reasons

    def conditions(self) -> list[tuple[str, str]]:
        """Each condition as text: its kind and what it requires."""
        absent = [path for path, then in self.files.items() if then is None]
        machine = [("host", self.host)] if self.host else []
        if self.domain is not None:
            machine.append(("domain", self.domain or "none in the host's name"))
        age = [] if self.max_age is None else [("age", f"at most {self.max_age} s")]
        return [
            *age,
            *machine,
            *([("processor", "of the same kind")] if self.cpu is not None else []),
            *([("user", "the same, in the same groups")] if self.user is not None else []),
            *([("shell", self.shell)] if self.shell else []),
            *(("exists", path) for path in self.present),
            *(("link", f"{path} leads to {to or 'nowhere'}") for path, to in self.links.items()),
            *(("unchanged", path) for path, then in self.files.items() if then is not None),
            *(("content", path) for path in self.texts),
            *(("absent", path) for path in absent),
            *(("variable", f"{name} is {_brief(v)}") for name, v in self.variables.items()),
        ]


def domain(host: str) -> str:
    """The part of a host's name from its first dot on; empty if it has none."""
    return host[host.index(".") :] if "." in host else ""


def restored(fields: Mapping[str, Any]) -> Guards:
    """The same value from its fields in JSON.

    :raises TypeError: these are not the fields of guards.
    """
    return Guards(**fields)


def modified(path: str) -> int | None:
    """The modification time in ns since the epoch; None if there is no such file."""
    state = _state(path)
    return state and state.st_mtime_ns


def is_recent(state: os.stat_result, moment: int) -> bool:
    """Whether a file that is read at a moment may change after that, but keep its times.

    The change of the inode counts: unlike the time of modification, nobody can set its time. A
    time in the future is one of a clock that cannot be compared with ours.

    :param moment: in ns since the epoch, by our own clock.
    """
    then = state.st_ctime_ns
    is_coarse = then % _SECOND == 0  # a file system that counts in seconds
    return then > moment - (2 * _SECOND if is_coarse else _TICK)


def read(path: str) -> str | None:
    """The content of a file; None if it cannot be read, or is longer than any that is compared."""
    try:
        if not os.path.isfile(path):  # a pipe would never end
            return None
        with open(path, "rb") as file:
            return os.fsdecode(file.read(LONGEST_TEXT + 1))
    except OSError:
        return None


def _state(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except OSError:
        return None


def _difference(path: str, then: int | None) -> str | None:
    is_now = modified(path)
    if is_now == then:
        return None
    if is_now is None:
        return f"{path} is gone"
    if then is None:
        return f"{path} has appeared"
    return f"{path} is {'newer' if is_now > then else 'older'} than it was"


def _is_kind(path: str, kind: Kind) -> bool:
    if kind in ("readable", "unreadable"):
        return os.access(path, os.R_OK) == (kind == "readable")
    tests = {"anything": os.path.exists, "file": os.path.isfile, "folder": os.path.isdir}
    return tests[kind](path)


def _is_same(path: str, other: str) -> bool:
    try:
        return os.path.samefile(path, other)
    except OSError:
        return False


def _brief(value: str | None) -> str:
    if value is None:
        return "unset"
    text = printable(value)
    return f"'{text}'" if len(text) <= _SHOWN else f"'{text[: _SHOWN - 1]}…'"
