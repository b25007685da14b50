"""bash and zsh."""

import os
from collections.abc import Iterable, Mapping

from autoenv_hpc.dialects import Document
from autoenv_hpc.dialects.base import (
    Dialect,
    added,
    afters,
    befores,
    removed,
    settable,
    sources,
    targets,
)
from autoenv_hpc.dialects.protocol import PROTOCOL
from autoenv_hpc.environment import Change, Env

_SHELL_SPECIAL = frozenset(  # what zsh ties to an array, and has set even when nobody exports it
    ("PATH", "MANPATH", "FPATH", "CDPATH", "MODULE_PATH", "MAILPATH", "FIGNORE", "PSVAR", "WATCH")
)


class Bash(Dialect):
    """bash from 4.4 on."""

    name = suffix = "bash"
    either = " || "
    silenced = ("__autoenv_hpc_cache=", "__autoenv_hpc_ask() { :; }")

    def quote(self, text: str) -> str:
        return "'" + text.replace("'", "'\\''") + "'"

    def stored(self, document: Document) -> str:
        """One case for each mode: enter, exec, adopt (a new shell), check (is it still so?).

        `noted` is `exec` in a rank whose neighbour has just looked at the files.
        """
        stamps = next((os.path.dirname(stamp) for _, stamp in document.files), "")
        files = self.changed(document.files, "$__autoenv_hpc_stamps")
        is_ours = f"[[ ${{__autoenv_hpc_protocol-}} == {PROTOCOL} ]]"
        lines = [
            f"{is_ours} || return 1 {self.headline(document)}",
            f"__autoenv_hpc_stamps={self.quote(stamps)}",
            f"[[ $1 != noted && ( {files} ) ]] && return 1",
            *self._host(document.host),
            *self._age(document),
            "case $1 in enter | exec | noted)",
            *self._holds({**document.reads, **befores(document.change)}),
            *self._assignable([*document.change]),
            *self._shelve(added(document.change)),
            *self.assign(targets(document.change), removed(document.change)),
            ";; esac",
            "case $1 in exec | noted) return 0 ;; esac",
            *self._way_back(document.change),
            "case $1 in adopt) __autoenv_hpc_leave_active check || return 1 ;;",
            "check) __autoenv_hpc_leave_active check; return ;; esac",
            *self.private(document),
            self.watching(document.watch),
            f"[[ $1 == adopt ]] || {self.call('say', document.entered)}",
        ]
        return "\n".join(lines) + "\n"

    def entering(self, document: Document, present: Change) -> str:
        lines = [
            self.call("shelve", *added(document.change)),
            *self.assign(targets(present), removed(present)),
            *self._way_back(document.change),
            *self.private(document),
        ]
        if document.entered:
            lines.append(self.call("say", document.entered))
        return self._if_settable(present, lines)

    def leaving(self, present: Change, *, end: bool = True, keep_deactivate: bool = False) -> str:
        lines = self.assign(targets(present), removed(present))
        if end:
            lines.append(self.call("end", *(["keep-deactivate"] if keep_deactivate else [])))
        return self._if_settable(present, lines or [":"])

    def assign(self, values: Env, unset: Iterable[str]) -> list[str]:
        words = [f"{name}={self.quote(value)}" for name, value in values.items()]
        names = list(unset)
        return [
            *(["\\builtin export " + " ".join(words)] if words else []),
            *(self._unset(names) if names else []),
        ]

    def surrounded(self, name: str, head: str, tail: str) -> str:
        before = f"{self.quote(head)}${{{name}:+:}}" if head else ""
        behind = f"${{{name}:+:}}{self.quote(tail)}" if tail else ""
        if head and tail:
            before, behind = self.quote(f"{head}:"), f"${{{name}:+${name}:}}{self.quote(tail)}"
            return f"export {name}={before}{behind}"
        return f'export {name}={before}"${{{name}-}}"{behind}'

    def _if_settable(self, change: Change, lines: list[str]) -> str:
        names = [*targets(change), *removed(change)]
        body = "\n".join(lines)
        return f"if {self.call('may_set', *names)}; then\n{body}\nfi\n"

    def _way_back(self, change: Change) -> list[str]:
        return [
            "__autoenv_hpc_leave_active() {",
            *self._holds(afters(change)),
            "[[ ${1-} != check ]] || return 0",
            *self.assign(sources(change), added(change)),
            "return 0",
            "}",
        ]

    def _holds(self, values: Mapping[str, str | None]) -> list[str]:
        """Return 1 unless each variable has this very value, and is exported."""
        exported = {name: value for name, value in values.items() if value is not None}
        tests = self._unset_all([name for name in values if name not in exported])
        tests += [self._is(name, value) for name, value in exported.items()]
        tests += self._exported([*exported]) if exported else []
        return [f"[[ {' && '.join(tests)} ]] || return 1"] if tests else []

    def _unset_all(self, names: list[str]) -> list[str]:
        """One test for all of them, which bash reads faster than many."""
        return [f"-z {''.join(f'${{{name}+x}}' for name in names)}"] if names else []

    def _is(self, name: str, value: str) -> str:
        if not value:
            return f"${{{name}+x}}${{{name}-}} == x"
        return f"${{{name}-}} == {self.quote(value)}"

    def _exported(self, names: list[str]) -> list[str]:
        """Attributes must be `x` alone; an integer or a read-only variable is left to Python."""
        attributes = "".join(f"${{{name}@a}}" for name in names)
        return [f"{attributes} == {'x' * len(names)}"]

    def _assignable(self, _names: list[str]) -> list[str]:
        return []  # the guards say that they are exported, and nothing else

    def _host(self, host: str | None) -> list[str]:
        return [] if host is None else [f"[[ ${{HOSTNAME-}} == {self.quote(host)} ]] || return 1"]

    def _age(self, document: Document) -> list[str]:
        """Neither too old nor, by a clock that was set back, too far in the future."""
        if not document.life:
            return []
        now, (begin, end) = "__autoenv_hpc_now", _span(document)
        printed = f"\\builtin printf -v {now} '%(%s)T' -1"  # before bash 5; it reads the time zone
        clock = f"[5-9]x) {now}=$EPOCHSECONDS ;; *) {printed} ;;"
        return [
            f"case $BASH_VERSINFO${{EPOCHSECONDS+x}} in {clock} esac",
            f"(( {begin} < {now} && {now} < {end} )) || return 1",
        ]

    def _shelve(self, _names: list[str]) -> list[str]:
        return []  # the guards say that they are not set

    def _unset(self, names: list[str]) -> list[str]:
        return ["\\builtin unset -v " + " ".join(names)]


def _span(document: Document) -> tuple[int, int]:
    return document.made - document.life, document.made + document.life


class Bash4(Bash):
    """bash 4.2 and 4.3, which cannot expand a variable's attributes."""

    name = suffix = "bash4"

    def _exported(self, _names: list[str]) -> list[str]:
        return []

    def _assignable(self, names: list[str]) -> list[str]:
        is_fixed = self.call("read_only", *filter(settable, names))
        return [f"[[ $1 == exec || $1 == noted ]] || ! {is_fixed} || return 1"]


class Zsh(Bash):
    """zsh; its code always runs under `emulate zsh`."""

    name = suffix = "zsh"

    def plainly(self, values: Env, unset: Iterable[str]) -> list[str]:
        names = list(unset)
        special = [name for name in names if name in _SHELL_SPECIAL]
        lines = super().assign(values, [name for name in names if name not in _SHELL_SPECIAL])
        return [*lines, *(f"typeset -g +x {n}; set -A {n.lower()}" for n in special)]

    def prompt(self, text: str) -> str:
        return super().prompt(text).replace("%", "%%")

    def _unset_all(self, names: list[str]) -> list[str]:
        special = [f"${{(t){name}}} != *export*" for name in names if name in _SHELL_SPECIAL]
        return super()._unset_all([name for name in names if name not in _SHELL_SPECIAL]) + special

    def _exported(self, names: list[str]) -> list[str]:
        return [f"${{(t){name}}} == *export*" for name in names]

    def missing(self, words: list[str]) -> list[str]:
        return [f"! -e {word}" for word in words]

    def _host(self, host: str | None) -> list[str]:
        return [] if host is None else [f"[[ ${{HOST-}} == {self.quote(host)} ]] || return 1"]

    def _age(self, document: Document) -> list[str]:
        if not document.life:
            return []
        now, (begin, end) = "${(%):-%D{%s\\}}", _span(document)
        return [f"(( {begin} < {now} && {now} < {end} )) || return 1"]

    def _shelve(self, names: list[str]) -> list[str]:
        special = [name for name in names if name in _SHELL_SPECIAL]
        return [f"[[ $1 == exec ]] || {self.call('shelve', *special)}"] if special else []

    def _unset(self, names: list[str]) -> list[str]:
        special = [name for name in names if name in _SHELL_SPECIAL]
        plain = [name for name in names if name not in _SHELL_SPECIAL]
        return [
            *(["\\builtin unset -v " + " ".join(plain)] if plain else []),
            *([self.call("unset", *special)] if special else []),
        ]
