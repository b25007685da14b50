"""The dialect for bash, with a variant for versions before 4.4."""

import re
from collections.abc import Iterable, Mapping

from autoenv_hpc.activation import Activation
from autoenv_hpc.environment import Change, Env
from autoenv_hpc.guards import Guards
from autoenv_hpc.shells.dialect import (
    Dialect,
    assignments,
    comparable,
    is_saved,
    is_state,
    joined,
    removals,
    settable,
)
from autoenv_hpc.shells.protocol import END, ENTERED, NUMBER
from autoenv_hpc.system import machine

_FUNCTION = re.compile(r"BASH_FUNC_([A-Za-z_][\w.:-]*)%%\Z", re.ASCII)


class Bash(Dialect):
    """The dialect for bash 4.4 and later."""

    name = suffix = shell = "bash"
    or_operator = " || "
    silenced = ("__autoenv_hpc_cache=", "__autoenv_hpc_ask() { :; }")
    lists_environment = True  # `mapfile` can split at NULs

    def quote(self, text: str) -> str:
        return "'" + text.replace("'", "'\\''") + "'"

    def stored(self, activation: Activation, stamps: str) -> str:
        """The text, with a case for each mode.

        `enter` and `exec` apply the change. A new shell inside a project uses `adopt`. A shell that
        asks whether the change still holds uses `check`. `noted` is `exec` in a rank after another
        rank has checked the files of the modules.
        """
        change = activation.change
        lines = [
            *self.guarding(activation, stamps),
            "case $1 in enter | exec | noted)",
            *self.befores(activation),
            *self._assignable([*change]),
            *self._shelve(removals(change.reversed())),
            *self.assign(assignments(change), removals(change)),
            f"case $1 in exec | noted) {ENTERED}; return 0 ;; esac",
            ";; esac",
            *(["[[ $1 != check ]] || return 1"] if self._unsettable(activation) else []),
            *self._way_back(activation.change),
            "case $1 in adopt) __autoenv_hpc_leave_active check || return 1 ;;",
            "check) __autoenv_hpc_leave_active check; return ;; esac",
            *self._adopted_functions(activation),
            *self.shell_part(activation),
            self.watching(activation.watched, stamps),
            f"[[ $1 == adopt ]] || {self.call('say', activation.summary)}",
            END,
        ]
        return "\n".join(lines) + "\n"

    def guarding(self, activation: Activation, stamps: str) -> list[str]:
        """The lines that return 1 unless the guards hold; the first one names the activation."""
        guards = activation.guards
        own, shared = guards.split(activation.shared)
        return [
            f"[[ ${{__autoenv_hpc_protocol-}} == {NUMBER} ]] || return 1{self.title(activation)}",
            f"__autoenv_hpc_stamps={self.quote(stamps)}",
            *self._unchanged(self.changed(own, stamps, "$__autoenv_hpc_stamps")),
            *self._unchanged(
                self.changed(shared, stamps, "$__autoenv_hpc_stamps"), "$1 != noted && "
            ),
            *self._texts(own.texts, shared.texts),
            *self._host(guards.host, guards.domain),
            *self._kernel_lines(guards.cpu, machine.CPU_FILE, machine.CPU_KEYS),
            *self._kernel_lines(guards.user, machine.USER_FILE, machine.USER_KEYS),
            *self._age(guards),
            *self._holds(comparable(activation.reads)),
            *self._chosen(activation),
        ]

    def befores(self, activation: Activation) -> list[str]:
        """The lines that return 1 unless the variables are as they were before the change."""
        befores = comparable(activation.change.befores)
        return [*self._holds(befores), *self._functions(activation)]

    def entering(self, activation: Activation, present: Change) -> str:
        lines = [
            self.call("shelve", *removals(activation.change.reversed())),
            *self.assign(assignments(present), removals(present)),
            *self._way_back(activation.change),
            *self.shell_part(activation),
        ]
        if activation.summary:
            lines.append(self.call("say", activation.summary))
        return self._if_settable(present, lines)

    def leaving(self, present: Change, end: tuple[str, ...] | None = ()) -> str:
        lines = [*self.assign(assignments(present), removals(present)), *self.end(end)]
        if end is None:
            lines += self._exported_functions(present)
        return self._if_settable(present, lines or [":"])

    def once(self, command: str) -> list[str]:
        first_time = f"[[ -n ${{__autoenv_hpc_retired-}} ]] || {command}"
        return [first_time, "__autoenv_hpc_retired=1"]

    def assign(self, values: Env, unset: Iterable[str]) -> list[str]:
        words = {name: f"{name}={self.quote(value)}" for name, value in values.items()}
        saved = [words.pop(name) for name in list(words) if is_saved(name)]
        names = list(unset)
        return [
            *saved,
            *(["\\builtin export " + " ".join(words.values())] if words else []),
            *(self._unset(names) if names else []),
        ]

    def function(self, activation: Activation, name: str, definition: str) -> str:
        exported = activation.change.get(f"BASH_FUNC_{name}%%")
        is_exported = exported is not None and exported.after is not None
        return definition + (f"\n\\builtin export -f {self.quote(name)}" if is_exported else "")

    def _if_settable(self, change: Change, lines: list[str]) -> str:
        names = [*assignments(change), *removals(change)]
        body = "\n".join(lines)
        return f"if {self.call('may_set', *names)}; then\n{body}\nfi\n"

    def _unchanged(self, changed: str, condition: str = "") -> list[str]:
        """The line that returns 1 if the test succeeds."""
        return [f"[[ {condition}( {changed} ) ]] && return 1"] if changed else []

    def _chosen(self, activation: Activation) -> list[str]:
        """The lines that compare the options of `exec`, and the path of the command.

        What is active stays for an `exec` without options, but for a site, which may be another. It
        can be left whatever was chosen.
        """
        choice, command = self.quote(activation.choice), self.quote(activation.command)
        same = f"${{__autoenv_hpc_choice-}} == {choice}"
        kept = f"${{__autoenv_hpc_choice-}} == any || {same}"
        if activation.choice and "--site" not in activation.choice:
            kept = f"-z ${{__autoenv_hpc_choice-}} || {kept}"
        return [
            f"case $1 in check) [[ {kept} ]] || return 1 ;; adopt) ;;",
            f"*) [[ {same} && ${{__autoenv_hpc_command-}} == {command} ]] || return 1 ;; esac",
        ]

    def _unsettable(self, activation: Activation) -> list[str]:
        """The names that an activation reads or changes, and no shell can hold."""
        names = (*activation.reads, *activation.change)
        return [name for name in names if not settable(name)]

    def _functions(self, activation: Activation) -> list[str]:
        """The lines that export functions to CMD, which no variable of a shell can hold.

        A shell of the user's has them by `shell_part`. `bash -p` hands on the functions that it
        inherits, but can neither see nor change them. So what is more than to add some is Python's.
        """
        names = self._unsettable(activation)
        if not names:
            return []
        added = {
            match[1]: text
            for name, (before, text) in activation.change.items()
            if before is None and text and (match := _FUNCTION.match(name))
        }
        if len(added) < len(names) or not self.lists_environment:
            return ["case $1 in exec | noted) return 1 ;; esac"]
        inherited, one = "__autoenv_hpc_inherited", "__autoenv_hpc_line"
        patterns = " | ".join(f"{self.quote(f'BASH_FUNC_{name}%%=')}*" for name in added)
        return [
            "case $1 in exec | noted)",
            f"\\builtin mapfile -d '' {inherited} </proc/self/environ",
            f'for {one} in "${{{inherited}[@]}}"; do',
            f"case ${one} in {patterns}) return 1 ;; esac",
            "done",
            *self._exported_functions(activation.change),
            ";; esac",
        ]

    def _adopted_functions(self, activation: Activation) -> list[str]:
        """The lines by which a shell that inherited the project has its functions of outside."""
        lines = self._exported_functions(activation.change.reversed())
        return ["if [[ $1 == adopt ]]; then", *lines, "fi"] if lines else []

    def _exported_functions(self, change: Change) -> list[str]:
        """The lines that define, or take away, functions that are exported."""
        lines = []
        for name, value in change.items():
            if not (match := _FUNCTION.match(name)):
                continue
            function = self.quote(match[1])
            lines.append(f"\\builtin unset -f {function}")
            if value.after is not None:
                lines.append(f"\\builtin eval {self.quote(f'{match[1]} {value.after}')}")
                lines.append(f"\\builtin export -f {function}")
        return lines

    def _way_back(self, change: Change) -> list[str]:
        back, inside = change.reversed(), comparable(change.afters)
        return [
            "__autoenv_hpc_leave_active() {",
            *self._holds({name: value for name, value in inside.items() if not is_state(name)}),
            "if [[ ${1-} == check ]]; then",
            *self._holds({name: value for name, value in inside.items() if is_state(name)}),
            "return 0",
            "fi",
            *self.assign(assignments(back), removals(back)),
            "return 0",
            "}",
        ]

    def _holds(self, values: Mapping[str, str | None]) -> list[str]:
        """The lines that return 1 unless each variable is exported with exactly this value."""
        exported = {name: value for name, value in values.items() if value is not None}
        tests = self._unset_all([name for name in values if name not in exported])
        tests += [self._is(name, value) for name, value in exported.items()]
        tests += self._exported([*exported]) if exported else []
        return [f"[[ {' && '.join(tests)} ]] || return 1"] if tests else []

    def _unset_all(self, names: list[str]) -> list[str]:
        """One test for all names, which bash reads faster than one for each."""
        return [f"-z {''.join(map(self._if_set, names))}"] if names else []

    def _if_set(self, name: str) -> str:
        """The word that is empty if the variable is not set, and is no array with elements."""
        return f"${{{name}[*]+x}}"

    def _is(self, name: str, value: str) -> str:
        if not value:
            return f"${{{name}+x}}${{{name}-}} == x"
        return f"${{{name}-}} == {self.quote(value)}"

    def _exported(self, names: list[str]) -> list[str]:
        """The test that the only attribute is `x`; integers and read-only variables need Python."""
        attributes = "".join(f"${{{name}@a}}" for name in names)
        return [f"{attributes} == {'x' * len(names)}"]

    def _assignable(self, _names: list[str]) -> list[str]:
        return []  # the guards already test their attributes

    def _texts(self, own: Mapping[str, str], shared: Mapping[str, str]) -> list[str]:
        """The lines that compare the content of files with what `beside` holds.

        bash reads a file several times faster than a quoted word. `$(<FILE)` would start a process.

        :param shared: these are not looked at in the mode `noted`.
        """
        if not own and not shared:
            return []
        texts, text = "__autoenv_hpc_texts", "__autoenv_hpc_text"
        name, _ = joined((*own.values(), *shared.values()))
        kept = f"\\builtin mapfile -d '' {texts} <\"$__autoenv_hpc_stamps\"/{name}"
        tests = [
            f"\\builtin mapfile -d '' {text} <{self.quote(path)}"
            f' && [[ ${text} == "${{{texts}[{i}]-}}" && -z ${{{text}[1]+x}} ]]'
            for i, path in enumerate((*own, *shared))
        ]
        lines = [("", [kept, *tests[: len(own)]]), ("[[ $1 == noted ]] || ", tests[len(own) :])]
        return [
            f"{condition}{{ {' && '.join(parts)}; }} 2>/dev/null || return 1"
            for condition, parts in lines
            if parts
        ]

    def _host(self, host: str | None, domain: str | None) -> list[str]:
        """The lines that ask the kernel; a job inherits `HOSTNAME` from another host."""
        if host is None and domain is None:
            return []
        name = "__autoenv_hpc_host"
        wanted = f"${name} == {self.quote(host)}" if host is not None else ""
        if host is None and domain is not None:
            wanted = f'${{{name}#"${{{name}%%.*}}"}} == {self.quote(domain)}'
        return [
            f"\\builtin read -r {name} <{machine.HOST_FILE}",
            f"[[ {wanted} ]] || return 1",
        ]

    def _kernel_lines(self, wanted: str | None, path: str, keys: Iterable[str]) -> list[str]:
        """The lines that compare what the kernel says under these keys: `machine.cpu`."""
        if wanted is None:
            return []
        line, text = "__autoenv_hpc_line", "__autoenv_hpc_text"
        globs = " | ".join(f"{self.quote(key)}*" for key in keys)
        append = f"{globs}) {text}+=${line}$'\\n' ;;"
        loop = f"while IFS= read -r {line}; do case ${line} in '') break ;; {append} esac; done"
        return [
            f"{text}=",
            f"{loop} 2>/dev/null <{path}",
            f"[[ ${text} == {self.quote(wanted)} ]] || return 1",
        ]

    def _age(self, guards: Guards) -> list[str]:
        """The lines that check the age in both directions, since a clock can be set back."""
        if not guards.max_age:
            return []
        now, (begin, end) = "__autoenv_hpc_now", span(guards)
        # slower, since it reads the time zone, but all that bash before 5 has
        printed = f"\\builtin printf -v {now} '%(%s)T' -1"
        clock = f"[5-9]x) {now}=$EPOCHSECONDS ;; *) {printed} ;;"
        return [
            f"case $BASH_VERSINFO${{EPOCHSECONDS+x}} in {clock} esac",
            f"(( {begin} < {now} && {now} < {end} )) || return 1",
        ]

    def _shelve(self, _names: list[str]) -> list[str]:
        return []  # the guards already test that they are not set

    def _unset(self, names: list[str]) -> list[str]:
        return ["\\builtin unset -v " + " ".join(names)]


def span(guards: Guards) -> tuple[int, int]:
    """The two times between which the guards hold, in seconds since the epoch."""
    age = guards.max_age or 0
    return guards.made - age, guards.made + age


class Bash4(Bash):
    """The dialect for bash 4.2 and 4.3, which cannot expand a variable's attributes."""

    name = suffix = "bash4"
    lists_environment = False

    def beside(self, _activation: Activation) -> dict[str, bytes]:
        return {}

    def _texts(self, own: Mapping[str, str], shared: Mapping[str, str]) -> list[str]:
        lines, text = "__autoenv_hpc_lines", "__autoenv_hpc_text"
        return [
            f"{condition}{{ \\builtin mapfile {lines} <{self.quote(path)} &&"
            f' \\builtin printf -v {text} %s "${{{lines}[@]}}" &&'
            f" [[ ${text} == {self.quote(content)} ]]; }} 2>/dev/null || return 1"
            for texts, condition in ((own, ""), (shared, "[[ $1 == noted ]] || "))
            for path, content in texts.items()
        ]

    def _exported(self, _names: list[str]) -> list[str]:
        return []

    def _assignable(self, names: list[str]) -> list[str]:
        any_read_only = self.call("read_only", *filter(settable, names))
        return [f"[[ $1 == exec || $1 == noted ]] || ! {any_read_only} || return 1"]
