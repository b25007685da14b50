"""fish."""

import re
from collections.abc import Iterable, Mapping

from autoenv_hpc.dialects import Document
from autoenv_hpc.dialects.base import (
    Dialect,
    added,
    afters,
    befores,
    removed,
    sources,
    targets,
)
from autoenv_hpc.dialects.protocol import PROTOCOL
from autoenv_hpc.environment import Change, Env

_BYTES = re.compile("[\udc80-\udcff]+")
_SIMPLE_ALIAS = re.compile(r"[\w./=:@%+, -]+\Z", re.ASCII)
_COUNTED = 200  # `set -q` returns how many are not set, up to 255
_RESERVED = frozenset(("and", "or", "not", "if", "for", "while", "function", "begin", "end", "set"))


class Fish(Dialect):
    """fish, in which every variable whose name ends in PATH is a list."""

    name = suffix = "fish"
    either = " -o "
    silenced = ("set -g __autoenv_hpc_cache", "function __autoenv_hpc_ask; end")

    def quote(self, text: str) -> str:
        r"""In single quotes only `\\` and `'` are special; odd bytes stand outside of them."""
        quoted = "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
        return _BYTES.sub(lambda m: "'" + _hexadecimal(m[0]) + "'", quoted)

    def stored(self, document: Document) -> str:
        """One case for each mode: enter, and adopt (a new shell)."""
        lines = [
            f'test "$__autoenv_hpc_protocol" = {PROTOCOL}; or return 1 {self.headline(document)}',
            *self._unchanged(document.files),
            *self._host(document.host),
            *self._age(document),
            "if test $argv[1] = enter",
            *self._holds({**document.reads, **befores(document.change)}),
            *self._shadow(document.change),
            *self.assign(targets(document.change), removed(document.change)),
            "end",
            *self._way_back(document.change),
            "if test $argv[1] = adopt; and not __autoenv_hpc_leave_active check; return 1; end",
            *self.private(document),
            self.watching(document.watch),
            f"test $argv[1] = adopt; or {self.call('say', document.entered)}",
            "return 0",
        ]
        return "\n".join(lines) + "\n"

    def entering(self, document: Document, present: Change) -> str:
        lines = [
            self.call("shelve", *added(document.change)),
            *self._shadow(document.change),
            *self.assign(targets(present), removed(present)),
            *self._way_back(document.change),
            *self.private(document),
        ]
        if document.entered:
            lines.append(self.call("say", document.entered))
        return "\n".join(lines) + "\n"

    def leaving(self, present: Change, *, end: bool = True, keep_deactivate: bool = False) -> str:
        lines = self.assign(targets(present), removed(present))
        if end:
            lines.append(self.call("end", *(["keep-deactivate"] if keep_deactivate else [])))
        return "".join(f"{line}\n" for line in lines)

    def assign(self, values: Env, unset: Iterable[str]) -> list[str]:
        lines = [f"set -gx {name} {self._value(name, value)}" for name, value in values.items()]
        names = list(unset)
        return [*lines, *([f"set -e {' '.join(names)}"] if names else [])]

    def surrounded(self, name: str, head: str, tail: str) -> str:
        now = f"${name}" if name.endswith("PATH") else f"(string split : -- ${name})"
        parts = [
            *([self._value("PATH", head)] if head else []),
            now,
            *([self._value("PATH", tail)] if tail else []),
        ]
        return f"set -gx --path {name} {' '.join(parts)}"

    def definitions(self, document: Document) -> list[str]:
        """Aliases that are a plain command; a function of bash has no meaning here."""
        simple = {
            name: text
            for name, text in document.shell.aliases.items()
            if text is None or (_SIMPLE_ALIAS.match(text) and text.split()[:1] != [name])
        }
        names = {
            n: t for n, t in simple.items() if n not in _RESERVED and re.match(r"[\w.-]+\Z", n)
        }
        return [self.call("alias", n, *([] if t is None else [t])) for n, t in names.items()]

    def prompt(self, text: str) -> str:
        return re.sub(r"[\x00-\x1f\x7f]", "?", text)  # it is printed as it is

    def _value(self, name: str, value: str) -> str:
        parts = value.split(":") if name.endswith("PATH") else [value]
        return " ".join(map(self.quote, parts))

    def _way_back(self, change: Change) -> list[str]:
        return [
            "function __autoenv_hpc_leave_active",
            *self._holds(afters(change)),
            'test "$argv[1]" = check; and return 0',
            *self.assign(sources(change), added(change)),
            "return 0",
            "end",
        ]

    def _holds(self, values: Mapping[str, str | None]) -> list[str]:
        """Return 1 unless each variable has this very value, and is exported.

        All values are compared in one call, joined by a character that none of them contains:
        a variable that holds it now makes one join too many, so that nothing is mistaken.
        """
        present = {name: value for name, value in values.items() if value is not None}
        absent = [name for name, value in values.items() if value is None]
        lines = []
        for start in range(0, len(absent), _COUNTED):
            some = absent[start : start + _COUNTED]
            lines.append(f"set -qx {' '.join(some)}; test $status -eq {len(some)}; or return 1")
        if present:
            joint = next(
                c for c in map(chr, range(1, 32)) if not any(c in v for v in present.values())
            )
            word = f"\\x{ord(joint):02x}"
            now = word.join(f'"${name}"' for name in present)
            then = word.join(map(self.quote, present.values()))
            lines += [
                f"set -qx {' '.join(present)}; or return 1",
                f"test {now} = {then}; or return 1",
            ]
        return lines

    def _unchanged(self, pairs: Iterable[tuple[str, str]]) -> list[str]:
        test = self.changed(pairs)
        return [f"test {test}; and return 1"] if test else []

    def _host(self, host: str | None) -> list[str]:
        return [] if host is None else [f'test "$hostname" = {self.quote(host)}; or return 1']

    def _age(self, document: Document) -> list[str]:
        """Fish has no clock of its own, but knows how old a file is."""
        if not document.life:
            return []
        age = f"(path mtime -R -- {self.quote(document.born)})"
        life = document.life
        return [f"test {age} -lt {life} -a {age} -gt -{life}; or return 1"]

    def _shadow(self, change: Change) -> list[str]:
        names = [*sources(change)]
        return [self.call("shadow", *names)] if names else []


def _hexadecimal(text: str) -> str:
    return "".join(f"\\X{ord(char) - 0xDC00:02x}" for char in text)
