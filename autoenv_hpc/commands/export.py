"""`export`: the environment as code or data that works without this tool."""

import json
import os
import time

from autoenv_hpc import entry
from autoenv_hpc.activations import storing
from autoenv_hpc.commands import editor_formats
from autoenv_hpc.context import Context
from autoenv_hpc.entry import Compiled
from autoenv_hpc.environment import Change
from autoenv_hpc.errors import Problem
from autoenv_hpc.printable import printable
from autoenv_hpc.report import emit
from autoenv_hpc.shells import exported
from autoenv_hpc.shells.exported import Slot, Text
from autoenv_hpc.system.turns import turn


def run(context: Context) -> int:
    """Print the activation in the format that is asked for, and store it for the next call."""
    output_format = context.arguments.format
    if output_format in editor_formats.FORMATS:
        emit(editor_formats.text(editor_formats.step(context), output_format, context.environ))
        return 0
    shell = output_format if output_format in ("zsh", "fish") else "bash"
    with turn(context.environ):
        compiled = entry.compile_and_store(context, shell=shell)
        text = _text(compiled, output_format)
        _note_what_is_left_out(context, compiled, output_format)
        slot = Slot(output_format, text, shell, os.uname().machine)
        storing.store_activation(
            compiled.activation, slot, context.folders, context.report, is_said=True
        )
    leaving = ""
    if output_format not in ("json", "dotenv"):
        present = Change.between(context.environ, compiled.outside)
        leaving = exported.leaving(present, output_format)
    emit(text.head + leaving + text.tail)
    return 0


def _text(compiled: Compiled, output_format: str) -> Text:
    if output_format == "json":
        return Text(_json(compiled))
    if output_format == "dotenv":
        return Text(_dotenv(compiled))
    return exported.text(compiled.activation, output_format, _origin(compiled), os.uname().machine)


def _note_what_is_left_out(context: Context, compiled: Compiled, output_format: str) -> None:
    parts = compiled.activation.definitions
    is_data = output_format in ("json", "dotenv")
    left_out = [f"the {n}" for n in parts.of_the_process if is_data and n in ("umask", "limits")]
    left_out += ["functions"] if parts.functions and output_format == "fish" else []
    if left_out:
        left = " and ".join(left_out)
        context.report.note(f"a modulefile sets {left}, which {output_format} cannot hold")


def _origin(compiled: Compiled) -> list[str]:
    """Where, when and from what the text was made, for later readers."""
    project, here = compiled.project, os.uname()
    modules = " ".join(project.config.modules)
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return [
        f"the environment of {project.file}, made by autoenv-hpc",
        f"at {now} on {here.nodename} ({here.machine})",
        f"site: {project.site.name or 'none'}; modules: {modules or 'none'}",
    ]


def _json(compiled: Compiled) -> str:
    change = exported.change_of(compiled.activation)
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


def _dotenv(compiled: Compiled) -> str:
    """`NAME="value"`, one line for each variable, as Docker and python-dotenv read it."""
    lines = [f"# {printable(text)}" for text in _origin(compiled)]
    for name, (_, after) in exported.change_of(compiled.activation).items():
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
