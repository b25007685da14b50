"""The dialect for fish."""

import os
import re
from collections.abc import Iterable, Mapping

from autoenv_hpc.activation import Activation
from autoenv_hpc.environment import Change, Env
from autoenv_hpc.guards import Guards
from autoenv_hpc.shells.dialect import (
    Dialect,
    assignments,
    comparable,
    compared,
    is_state,
    joined,
    removals,
)
from autoenv_hpc.shells.protocol import END, NUMBER
from autoenv_hpc.system import machine

_BYTES = re.compile("[\udc80-\udcff]+")
_SIMPLE_ALIAS = re.compile(r"[\w./=:@%+, -]+\Z", re.ASCII)
_BATCH = 200  # names; `set -q` returns how many are not set, up to 255
_RESERVED = frozenset(("and", "or", "not", "if", "for", "while", "function", "begin", "end", "set"))


class Fish(Dialect):
    """The dialect for fish, where each variable whose name ends in PATH is a list."""

    name = suffix = shell = "fish"
    or_operator = " -o "
    silenced = ("set -g __autoenv_hpc_cache", "function __autoenv_hpc_ask; end")

    def quote(self, text: str) -> str:
        """The quoted text; bytes that are not UTF-8 become escapes outside the quotes."""
        quoted = "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
        return _BYTES.sub(lambda m: "'" + _hexadecimal(m[0]) + "'", quoted)

    def stored(self, activation: Activation, stamps: str) -> str:
        """The text, with two modes: `enter`, or `adopt` for a new shell inside a project."""
        guards, change = activation.guards, activation.change
        lines = [
            f'test "$__autoenv_hpc_protocol" = {NUMBER}; or return 1{self.title(activation)}',
            *self._unchanged(guards, stamps),
            *self._texts(activation, stamps),
            *self._host(guards.host, guards.domain),
            *self._kernel_lines(guards.cpu, machine.CPU_FILE, machine.CPU_KEYS),
            *self._kernel_lines(guards.user, machine.USER_FILE, machine.USER_KEYS),
            *self._age(guards, stamps),
            *self._holds(comparable(activation.reads)),
            "if test $argv[1] = enter",
            f'test "$__autoenv_hpc_choice" = {self.quote(activation.choice)}; or return 1',
            f'test "$__autoenv_hpc_command" = {self.quote(activation.command)}; or return 1',
            *self._holds(comparable(change.befores)),
            *self._shadow(change),
            *self.assign(assignments(change), removals(change)),
            "end",
            *self._way_back(change),
            "if test $argv[1] = adopt; and not __autoenv_hpc_leave_active check; return 1; end",
            *self.shell_part(activation),
            self.watching(activation.watched, stamps),
            f"test $argv[1] = adopt; or {self.call('say', activation.summary)}",
            "return 0",
            END,
        ]
        return "\n".join(lines) + "\n"

    def entering(self, activation: Activation, present: Change) -> str:
        lines = [
            self.call("shelve", *removals(activation.change.reversed())),
            *self._shadow(activation.change),
            *self.assign(assignments(present), removals(present)),
            *self._way_back(activation.change),
            *self.shell_part(activation),
        ]
        if activation.summary:
            lines.append(self.call("say", activation.summary))
        return "\n".join(lines) + "\n"

    def leaving(self, present: Change, end: tuple[str, ...] | None = ()) -> str:
        lines = [*self.assign(assignments(present), removals(present)), *self.end(end)]
        return "".join(f"{line}\n" for line in lines)

    def exported(self, env: Env) -> Env:
        return env

    def once(self, command: str) -> list[str]:
        first_time = f"set -q __autoenv_hpc_retired; or {command}"
        return [first_time, "set -g __autoenv_hpc_retired 1"]

    def assign(self, values: Env, unset: Iterable[str]) -> list[str]:
        lines = [f"set -gx {name} {self._value(name, value)}" for name, value in values.items()]
        names = list(unset)
        return [*lines, *([f"set -e {' '.join(names)}"] if names else [])]

    def extend_path(self, name: str, head: str, tail: str) -> str:
        value = f"${name}" if name.endswith("PATH") else f"(string split : -- ${name})"
        parts = [
            *([self._value("PATH", head)] if head else []),
            value,
            *([self._value("PATH", tail)] if tail else []),
        ]
        return f"set -gx --path {name} {' '.join(parts)}"

    def definitions(self, activation: Activation) -> list[str]:
        """The lines for aliases that are a plain command; fish cannot run functions of bash."""
        simple = {
            name: text
            for name, text in activation.definitions.aliases.items()
            if text is None or (_SIMPLE_ALIAS.match(text) and text.split()[:1] != [name])
        }
        names = {
            n: t for n, t in simple.items() if n not in _RESERVED and re.match(r"[\w.-]+\Z", n)
        }
        return [self.call("alias", n, *([] if t is None else [t])) for n, t in names.items()]

    def prompt(self, text: str) -> str:
        return re.sub(r"[\x00-\x1f\x7f]", "?", text)  # fish prints the rest unchanged

    def _value(self, name: str, value: str) -> str:
        parts = value.split(":") if name.endswith("PATH") else [value]
        return " ".join(map(self.quote, parts))

    def _way_back(self, change: Change) -> list[str]:
        back, inside = change.reversed(), comparable(change.afters)
        return [
            "function __autoenv_hpc_leave_active",
            *self._holds({name: value for name, value in inside.items() if not is_state(name)}),
            'if test "$argv[1]" = check',
            *self._holds({name: value for name, value in inside.items() if is_state(name)}),
            "return 0",
            "end",
            *self.assign(assignments(back), removals(back)),
            "return 0",
            "end",
        ]

    def _holds(self, values: Mapping[str, str | None]) -> list[str]:
        """The lines that return 1 unless each variable is exported with exactly this value.

        One call compares all values, joined by a character that none of them contains. If a present
        value contains it, the joined texts differ, so the comparison fails as it should.
        """
        present = {name: value for name, value in values.items() if value is not None}
        absent = [name for name, value in values.items() if value is None]
        lines = []
        for start in range(0, len(absent), _BATCH):
            batch = absent[start : start + _BATCH]
            lines.append(f"set -qx {' '.join(batch)}; test $status -eq {len(batch)}; or return 1")
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

    def _unchanged(self, guards: Guards, stamps: str) -> list[str]:
        test = self.changed(guards, stamps)
        return [f"test {test}; and return 1"] if test else []

    def _texts(self, activation: Activation, stamps: str) -> list[str]:
        """The lines that compare the content of files with what `beside` holds.

        `read` ends at a NUL, which none of these texts has.
        """
        texts = compared(activation)
        if not texts:
            return []
        text, rest, wanted = "__autoenv_hpc_text", "__autoenv_hpc_rest", "__autoenv_hpc_texts"
        name, _ = joined(texts.values())
        lines = [
            line
            for path in texts
            for line in (
                f"set -l {text} ''",
                f"read -z {wanted}",
                f"begin; read -z {text}; read -lz {rest}; and return 1; end <{self.quote(path)}",
                f'test "${text}" = "${wanted}"; or return 1',
            )
        ]
        kept = self.quote(os.path.join(stamps, name))
        return ["begin", f"set -l {wanted} ''", *lines, f"end 2>/dev/null <{kept}; or return 1"]

    def _host(self, host: str | None, domain: str | None) -> list[str]:
        """The lines that ask the kernel, as the other shells do."""
        if host is None and domain is None:
            return []
        name = "__autoenv_hpc_host"
        test = f'test "${name}" = {self.quote(host or "")}'
        if host is None:
            pattern = self.quote(f"^[^.]*{re.escape(domain or '')}\\z")
            test = f'string match -qr -- {pattern} "${name}"'
        return [f"set -l {name}", f"read {name} <{machine.HOST_FILE}", f"{test}; or return 1"]

    def _kernel_lines(self, wanted: str | None, path: str, keys: Iterable[str]) -> list[str]:
        """The lines that compare what the kernel says under these keys: `machine.cpu`."""
        if wanted is None:
            return []
        line, text = "__autoenv_hpc_line", "__autoenv_hpc_text"
        globs = (self.quote(f"{key}*") for key in keys)
        matches = "; or ".join(f'string match -q -- {glob} "${line}"' for glob in globs)
        append = f'{matches}; and set -a {text} "${line}"'
        loop = f'while read -l {line}; test -n "${line}"; or break; {append}; end'
        return [
            f"set -l {text}",
            f"{loop} 2>/dev/null <{path}",
            f'test "${text}" = {self.quote(" ".join(wanted.splitlines()))}; or return 1',
        ]

    def _age(self, guards: Guards, stamps: str) -> list[str]:
        """The lines that check the age. fish has no clock, but it knows the age of a file."""
        if not guards.max_age:
            return []
        made = self.quote(f"{stamps}/{guards.made * 10**9}")
        age, limit = f"(path mtime -R -- {made})", guards.max_age
        return [f"test {age} -lt {limit} -a {age} -gt -{limit}; or return 1"]

    def _shadow(self, change: Change) -> list[str]:
        names = [*assignments(change.reversed())]
        return [self.call("shadow", *names)] if names else []


def _hexadecimal(text: str) -> str:
    return "".join(f"\\X{ord(char) - 0xDC00:02x}" for char in text)
