"""The text of `export`: an activation as code that needs neither this tool nor a hook.

For POSIX shells, bash and zsh it is one compound command in POSIX words, so that each of them
reads all of it before anything takes effect. It sets nothing in the wrong shell, on another type
of machine, or where a variable is read-only.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from autoenv_hpc import environment
from autoenv_hpc.activation import Activation
from autoenv_hpc.environment import Change, Env, Value
from autoenv_hpc.printable import printable
from autoenv_hpc.shell_definitions import ShellDefinitions
from autoenv_hpc.shells.bash import Bash
from autoenv_hpc.shells.dialect import assignments, removals, settable
from autoenv_hpc.shells.fish import Fish
from autoenv_hpc.shells.protocol import END, ENTERED

STATE = "AUTOENV_HPC_STATE"  # a hook's; who reads the text has none
_FAIL = "case $- in *i*) (exit 125) ;; *) exit 125 ;; esac"
_FAIL_FISH = "if status is-interactive; sh -c 'exit 125'; else; exec sh -c 'exit 125'; end"
_ELSEWHERE = "echo 'autoenv-hpc: this text was made for another architecture' >&2"
_READ_ONLY = "echo 'autoenv-hpc: a variable is read-only in this shell, so nothing was changed' >&2"
_WRONG_SHELL = "autoenv-hpc: this text is for {}, so nothing was changed (see export --format)"
_MARKS = {"bash": "BASH_VERSION", "zsh": "ZSH_VERSION"}


class Text(NamedTuple):
    """The text in two halves. What leaves a project that is active belongs between them."""

    head: str
    tail: str = ""


class Slot(Bash):
    """A text in the store, behind the guards of its activation, for `shell/autoenv-hpc`."""

    def __init__(self, output_format: str, text: Text, shell: str, machine: str) -> None:
        self.suffix = self.name = f"{output_format}.export"
        self.shell = shell
        self._text = text
        self._machine = machine

    def stored(self, activation: Activation, stamps: str) -> str:
        """The text as an activation that sets `text` in the modes `exec` and `noted`."""
        head, tail = map(self.quote, self._text)
        lines = [
            *self.guarding(activation, stamps),
            f"[[ ${{BASH_VERSINFO[5]}} == {self._machine}-* ]] || return 1",
            *self.befores(activation),
            f"__autoenv_hpc_text=({head} {tail})",
            ENTERED,
            END,
        ]
        return "\n".join(lines) + "\n"


def change_of(activation: Activation) -> Change:
    """The part of the change that a text can hold."""
    pairs = activation.change.items()
    return Change((n, v) for n, v in pairs if settable(n) and n != STATE)


def text(activation: Activation, output_format: str, origin: Iterable[str], machine: str) -> Text:
    """The text for one shell.

    :param output_format: `sh`, `bash`, `zsh` or `fish`.
    :param origin: the lines of its first comment.
    :param machine: the type of machine for which it is.
    """
    comments = "".join(f"# {printable(line)}\n" for line in origin)
    write = _fish if output_format == "fish" else _posix
    written = write(activation, machine, output_format)
    return written._replace(head=comments + written.head)


def leaving(present: Change, output_format: str) -> str:
    """The lines that leave a project that is active where `export` is called."""
    values, unset = assignments(present), removals(present)
    dialect = Fish()
    lines = dialect.assign(values, unset) if output_format == "fish" else _assign(values, unset)
    return "".join(f"{line}\n" for line in lines)


def _posix(activation: Activation, machine: str, shell: str) -> Text:
    change = change_of(activation)
    may_set = f"\\unset -v {' '.join(change)} && " if change else ""
    test = f"{{ {may_set}command -p uname -m; }} 2>/dev/null"
    head = [f"case $({test}) in", f"{_quote(machine)})"]
    tail = [
        *_variables(change),
        '[ -z "${SLURM_EXPORT_ENV+x}" ] || \\export SLURM_EXPORT_ENV=ALL # srun hands it all on',
        *_definitions(activation, shell),
        *_of_the_process(activation.definitions),
        ";;",
        *("'')", _READ_ONLY, _FAIL, ";;"),
        *("*)", _ELSEWHERE, _FAIL, ";;"),
        "esac",
    ]
    if shell in _MARKS:
        wrong = f"echo '{_WRONG_SHELL.format(shell)}' >&2"
        head = [f'if [ -z "${{{_MARKS[shell]}-}}" ]; then', wrong, _FAIL, "else", *head]
        tail.append("fi")
    return Text("".join(f"{line}\n" for line in head), "".join(f"{line}\n" for line in tail))


def _variables(change: Change) -> list[str]:
    lines, whole = [], Change()
    for name, value in change.items():
        added = _added(name, value)
        if added:
            lines += _extend(name, *added)
        else:
            whole[name] = value
    return [*lines, *_assign(assignments(whole), removals(whole))]


def _assign(values: Env, unset: list[str]) -> list[str]:
    lines = [f"\\export {name}={_quote(value)}" for name, value in values.items()]
    return [*lines, *([f"\\unset -v {' '.join(unset)}"] if unset else [])]


def _extend(name: str, head: str, tail: str) -> list[str]:
    """The lines that add entries at the two ends of a search path, unless they are there."""
    lines = []
    if head:
        start = _quote(head)
        lines.append(
            f"case ${{{name}-}} in {start} | {start}:*) ;;"
            f' *) \\export {name}={start}"${{{name}:+:${name}}}" ;; esac'
        )
    if tail:
        end = _quote(tail)
        lines.append(
            f"case ${{{name}-}} in {end} | *:{end}) ;;"
            f' *) \\export {name}="${{{name}:+${name}:}}"{end} ;; esac'
        )
    return lines


def _added(name: str, value: Value) -> tuple[str, str] | None:
    """The entries added before and after a search path, if nothing else changed in it.

    The path may differ where the text is read, and only the added entries are useful there. If it
    begins or ends with them already, only the whole value says how often.
    """
    before, after = value
    if not before or not after or not environment.is_search_path(name):
        return None
    head, found, tail = f":{after}:".partition(f":{before}:")
    head, tail, path = head.strip(":"), tail.strip(":"), f":{before}:"
    is_there = path.startswith(f":{head}:") or path.endswith(f":{tail}:")
    is_all = ":".join(filter(None, (head, before, tail))) == after  # but for empty entries
    return (head, tail) if found and is_all and not is_there else None


def _definitions(activation: Activation, shell: str) -> list[str]:
    """The lines for aliases and functions. Functions are bash's words, which zsh knows too."""
    parts = activation.definitions
    lines = [
        f"\\alias {_quote(f'{name}={value}')}"
        for name, value in parts.aliases.items()
        if value is not None
    ]
    functions = {name: code for name, code in parts.functions.items() if code is not None}
    if not functions:
        return lines
    lines.append('if [ -n "${BASH_VERSION-}${ZSH_VERSION-}" ]; then')
    lines += [f"eval {_quote(code)}" for code in functions.values()]
    names = [name for name in functions if f"BASH_FUNC_{name}%%" in activation.change]
    if names and shell != "zsh":
        lines.append(f'[ -z "${{BASH_VERSION-}}" ] || \\export -f {" ".join(map(_quote, names))}')
    if shell == "sh":
        left_out = f"autoenv-hpc: functions are for bash and zsh only: {' '.join(functions)}"
        lines += ["else", f"echo {_quote(printable(left_out))} >&2"]
    return [*lines, "fi"]


def _of_the_process(parts: ShellDefinitions) -> list[str]:
    """The lines for umask and limits; some shells count two of these in blocks of half the size."""
    lines = [] if parts.umask is None else [f"umask {parts.umask}"]
    for letter, (soft, _) in parts.limits.items():
        line = f"ulimit -S -{letter} {soft}"
        if letter in "cf" and soft.isdigit():
            half = f"ulimit -S -{letter} {int(soft) * 2}"
            is_posix = 'case "${BASH_VERSION:+:${SHELLOPTS-}:}" in "" | *:posix:*)'
            line = f"{is_posix} {half} ;; *) {line} ;; esac"
        lines.append(line)
    return lines


def _quote(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"


def _fish(activation: Activation, machine: str, _format: str) -> Text:
    fish = Fish()
    change, parts = change_of(activation), activation.definitions
    lines, whole = [], Change()
    for name, value in change.items():
        added = _added(name, value)
        if added:
            lines += [
                f"{_has(fish, name, entries, end)}; or {fish.extend_path(name, *pair)}"
                for entries, end, pair in (
                    (added[0], "head", (added[0], "")),
                    (added[1], "tail", ("", added[1])),
                )
                if entries
            ]
        else:
            whole[name] = value
    lines += fish.assign(assignments(whole), removals(whole))
    lines.append("set -q SLURM_EXPORT_ENV; and set -gx SLURM_EXPORT_ENV ALL")
    lines += [f"alias {n} {fish.quote(t)}" for n, t in parts.aliases.items() if t is not None]
    lines += [] if parts.umask is None else [f"umask {parts.umask}"]
    lines += [f"ulimit -S -{letter} {soft}" for letter, (soft, _) in parts.limits.items()]
    message = _WRONG_SHELL.format("fish")
    # What fish reads as a text, other shells run; the rest they cannot read.
    refusal = f'echo "{message}" >&2; case $- in *i*) ;; *) exit 125 ;; esac'
    head = [
        f"test -n \"$FISH_VERSION\" || eval '{refusal}'",
        f"if test (command uname -m) = {fish.quote(machine)}",
    ]
    tail = [*lines, "else", _ELSEWHERE, _FAIL_FISH, "end"]
    return Text("".join(f"{line}\n" for line in head), "".join(f"{line}\n" for line in tail))


def _has(fish: Fish, name: str, entries: str, end: str) -> str:
    """The test that a search path begins or ends with these entries."""
    count = entries.count(":") + 1
    part = f"[1..{count}]" if end == "head" else f"[-{count}..-1]"
    value = f"${name}{part}" if re.search("PATH$", name) else f"(string split : -- ${name}){part}"
    return f"test (string join : -- x {value}) = {fish.quote(f'x:{entries}')}"
