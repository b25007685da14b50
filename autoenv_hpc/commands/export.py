"""`export`: the environment as code or data that works without this tool."""

import json
import os
import time

from autoenv_hpc import entry, environment
from autoenv_hpc.activations import active
from autoenv_hpc.commands import editor_formats
from autoenv_hpc.context import Context
from autoenv_hpc.entry import Compiled
from autoenv_hpc.environment import Change, Value
from autoenv_hpc.errors import Problem
from autoenv_hpc.printable import printable
from autoenv_hpc.report import emit
from autoenv_hpc.shells.dialect import Dialect, settable
from autoenv_hpc.shells.dialects import dialect_for


def run(context: Context) -> int:
    """Print the activation in the format that is asked for."""
    chosen = context.arguments.format
    if chosen in editor_formats.FORMATS:
        emit(editor_formats.text(editor_formats.step(context), chosen, context.environ))
        return 0
    compiled = entry.compile_and_store(
        context, shell=chosen if chosen in ("zsh", "fish") else "bash"
    )
    pairs = compiled.activation.change.items()
    change = Change((n, v) for n, v in pairs if settable(n) and n != active.NAME)
    output_format = context.arguments.format
    _note_what_is_left_out(context, compiled, output_format)
    if output_format == "json":
        text = _json(compiled, change)
    elif output_format == "dotenv":
        text = _dotenv(compiled, change)
    else:
        text = _shell(compiled, change, output_format)
    emit(text)
    return 0


def _note_what_is_left_out(context: Context, compiled: Compiled, output_format: str) -> None:
    parts = compiled.activation.definitions
    is_data = output_format in ("json", "dotenv")
    left_out = [name for name in parts.of_the_process if is_data and name in ("umask", "limits")]
    if left_out:
        left = " and the ".join(left_out)
        context.report.note(f"a modulefile sets the {left}, which {output_format} cannot hold")


def _origin(compiled: Compiled) -> list[str]:
    """Where, when and from what the file was made, for later readers."""
    project, here = compiled.project, os.uname()
    modules = " ".join(project.config.modules)
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return [
        f"the environment of {project.file}, made by autoenv-hpc",
        f"at {now} on {here.nodename} ({here.machine})",
        f"site: {project.site.name or 'none'}; modules: {modules or 'none'}",
    ]


def _shell(compiled: Compiled, change: Change, shell: str) -> str:
    dialect = dialect_for(shell)
    lines: list[str] = []
    whole = Change()
    for name, value in change.items():
        added = _added(name, value)
        if added is None:
            whole[name] = value
        else:
            lines.append(dialect.extend_path(name, *added))
    targets = {name: value.after for name, value in whole.items() if value.after is not None}
    lines += dialect.assign(targets, [name for name in whole if name not in targets])
    lines += _definitions(compiled, dialect)
    lines += _of_the_process(compiled, dialect)
    comments = (f"# {printable(text)}" for text in _origin(compiled))
    return "\n".join([*comments, *_only_here(lines, dialect)]) + "\n"


def _only_here(lines: list[str], dialect: Dialect) -> list[str]:
    """The lines, behind a test that the machine is of the same type."""
    machine = dialect.quote(os.uname().machine)
    refusal = "echo 'autoenv-hpc: this file was made on another architecture' >&2"
    if dialect.name == "fish":
        test, otherwise, end = f"if test (uname -m) = {machine}", "else", "end"
        fail = "if status is-interactive; sh -c 'exit 125'; else; exec sh -c 'exit 125'; end"
    else:
        test, otherwise, end = f'if [ "$(uname -m)" = {machine} ]; then', "else", "fi"
        fail = "case $- in *i*) (exit 125) ;; *) exit 125 ;; esac"
    return [test, *lines, otherwise, refusal, fail, end]


def _added(name: str, value: Value) -> tuple[str, str] | None:
    """The entries added before and after a search path, if nothing else changed in it.

    The path may differ on another machine, where only the added entries are useful.
    """
    before, after = value
    if not before or not after or not environment.is_search_path(name):
        return None
    head, found, tail = f":{after}:".partition(f":{before}:")
    return (head.strip(":"), tail.strip(":")) if found else None


def _of_the_process(compiled: Compiled, dialect: Dialect) -> list[str]:
    """The lines for umask and limits; zsh counts two of these in blocks of half the size."""
    parts = compiled.activation.definitions
    lines = [] if parts.umask is None else [f"umask {parts.umask}"]
    for letter, (soft, _) in parts.limits.items():
        is_half = dialect.name == "zsh" and letter in "cf" and soft.isdigit()
        lines.append(f"ulimit -S -{letter} {int(soft) * 2 if is_half else soft}")
    return lines


def _definitions(compiled: Compiled, dialect: Dialect) -> list[str]:
    parts = compiled.activation.definitions
    if dialect.name == "fish":
        return [f"alias {n} {dialect.quote(t)}" for n, t in parts.aliases.items() if t is not None]
    aliases = [f"alias {n}={dialect.quote(t)}" for n, t in parts.aliases.items() if t is not None]
    return aliases + [text for text in parts.functions.values() if text is not None]


def _json(compiled: Compiled, change: Change) -> str:
    facts = {
        "file": compiled.project.file,
        "name": compiled.project.config.name,
        "site": compiled.project.site.name,
        "machine": os.uname().machine,
        "modules": list(compiled.project.config.modules),
        "set": {name: value.after for name, value in change.items() if value.after is not None},
        "unset": [name for name, value in change.items() if value.after is None],
    }
    return json.dumps(facts, indent=2) + "\n"


def _dotenv(compiled: Compiled, change: Change) -> str:
    """`NAME="value"`, one line for each variable, as Docker and python-dotenv read it."""
    lines = [f"# {printable(text)}" for text in _origin(compiled)]
    for name, (_, after) in change.items():
        if after is None:
            lines.append(f"# unset {name}")
        elif "\n" in after:
            raise Problem(
                f"{name} has several lines, which a dotenv file cannot hold (use --format json)"
            )
        else:
            quoted = after.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
            lines.append(f'{name}="{quoted}"')
    return "\n".join(lines) + "\n"
