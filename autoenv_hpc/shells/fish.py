"""fish."""

import re
from collections.abc import Iterable, Mapping

from autoenv_hpc.activation import Activation
from autoenv_hpc.environment import Change, Env
from autoenv_hpc.guards import Guards
from autoenv_hpc.shells.dialect import Dialect, assigned, compared, removed
from autoenv_hpc.shells.protocol import NUMBER
from autoenv_hpc.system import machine

_BYTES = re.compile("[\udc80-\udcff]+")
_SIMPLE_ALIAS = re.compile(r"[\w./=:@%+, -]+\Z", re.ASCII)
_COUNTED = 200  # `set -q` returns how many are not set, up to 255
_RESERVED = frozenset(("and", "or", "not", "if", "for", "while", "function", "begin", "end", "set"))


class Fish(Dialect):
    """fish, in which every variable whose name ends in PATH is a list."""

    name = suffix = "fish"
    or_operator = " -o "
    silenced = ("set -g __autoenv_hpc_cache", "function __autoenv_hpc_ask; end")

    def quote(self, text: str) -> str:
        r"""In single quotes only `\\` and `'` are special; odd bytes stand outside of them."""
        quoted = "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
        return _BYTES.sub(lambda m: "'" + _hexadecimal(m[0]) + "'", quoted)

    def stored(self, activation: Activation, stamps: str) -> str:
        """One case for each mode: enter, and adopt (a new shell)."""
        guards, change = activation.guards, activation.change
        lines = [
            f'test "$__autoenv_hpc_protocol" = {NUMBER}; or return 1{self.title(activation)}',
            *self._unchanged(guards, stamps),
            *self._host(guards.host),
            *self._cpu(guards.cpu),
            *self._age(guards, stamps),
            "if test $argv[1] = enter",
            *self._holds(compared(guards.variables)),
            *self._shadow(change),
            *self.assign(assigned(change), removed(change)),
            "end",
            *self._way_back(change),
            "if test $argv[1] = adopt; and not __autoenv_hpc_leave_active check; return 1; end",
            *self.shell_part(activation),
            self.watching(activation.watched, stamps),
            f"test $argv[1] = adopt; or {self.call('say', activation.summary)}",
            "return 0",
        ]
        return "\n".join(lines) + "\n"

    def entering(self, activation: Activation, present: Change) -> str:
        lines = [
            self.call("shelve", *removed(activation.change.reversed())),
            *self._shadow(activation.change),
            *self.assign(assigned(present), removed(present)),
            *self._way_back(activation.change),
            *self.shell_part(activation),
        ]
        if activation.summary:
            lines.append(self.call("say", activation.summary))
        return "\n".join(lines) + "\n"

    def leaving(self, present: Change, *, end: bool = True, keep_deactivate: bool = False) -> str:
        lines = self.assign(assigned(present), removed(present))
        if end:
            lines.append(self.call("end", *(["keep-deactivate"] if keep_deactivate else [])))
        return "".join(f"{line}\n" for line in lines)

    def once(self, command: str) -> list[str]:
        is_first = f"set -q __autoenv_hpc_retired; or {command}"
        return [is_first, "set -g __autoenv_hpc_retired 1"]

    def assign(self, values: Env, unset: Iterable[str]) -> list[str]:
        lines = [f"set -gx {name} {self._value(name, value)}" for name, value in values.items()]
        names = list(unset)
        return [*lines, *([f"set -e {' '.join(names)}"] if names else [])]

    def extend_path(self, name: str, head: str, tail: str) -> str:
        now = f"${name}" if name.endswith("PATH") else f"(string split : -- ${name})"
        parts = [
            *([self._value("PATH", head)] if head else []),
            now,
            *([self._value("PATH", tail)] if tail else []),
        ]
        return f"set -gx --path {name} {' '.join(parts)}"

    def definitions(self, activation: Activation) -> list[str]:
        """Aliases that are a plain command; a function of bash has no meaning here."""
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
        return re.sub(r"[\x00-\x1f\x7f]", "?", text)  # it is printed as it is

    def _value(self, name: str, value: str) -> str:
        parts = value.split(":") if name.endswith("PATH") else [value]
        return " ".join(map(self.quote, parts))

    def _way_back(self, change: Change) -> list[str]:
        back = change.reversed()
        return [
            "function __autoenv_hpc_leave_active",
            *self._holds(compared(change.afters)),
            'test "$argv[1]" = check; and return 0',
            *self.assign(assigned(back), removed(back)),
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

    def _unchanged(self, guards: Guards, stamps: str) -> list[str]:
        test = self.changed(guards, stamps)
        return [f"test {test}; and return 1"] if test else []

    def _host(self, host: str | None) -> list[str]:
        return [] if host is None else [f'test "$hostname" = {self.quote(host)}; or return 1']

    def _cpu(self, cpu: str | None) -> list[str]:
        """Compare with the file itself, so that no process starts: `machine.cpu`."""
        if cpu is None:
            return []
        line, text = "__autoenv_hpc_line", "__autoenv_hpc_cpu"
        globs = (self.quote(f"{key}*") for key in machine.CPU_KEYS)
        matches = "; or ".join(f'string match -q -- {glob} "${line}"' for glob in globs)
        kept = f'{matches}; and set -a {text} "${line}"'
        loop = f'while read -l {line}; test -n "${line}"; or break; {kept}; end'
        return [
            f"set -l {text}",
            f"{loop} 2>/dev/null <{machine.CPU_FILE}",
            f'test "${text}" = {self.quote(" ".join(cpu.splitlines()))}; or return 1',
        ]

    def _age(self, guards: Guards, stamps: str) -> list[str]:
        """Fish has no clock of its own, but knows how old a file is."""
        if not guards.max_age:
            return []
        made = self.quote(f"{stamps}/{guards.made * 10**9}")
        age, life = f"(path mtime -R -- {made})", guards.max_age
        return [f"test {age} -lt {life} -a {age} -gt -{life}; or return 1"]

    def _shadow(self, change: Change) -> list[str]:
        names = [*assigned(change.reversed())]
        return [self.call("shadow", *names)] if names else []


def _hexadecimal(text: str) -> str:
    return "".join(f"\\X{ord(char) - 0xDC00:02x}" for char in text)
