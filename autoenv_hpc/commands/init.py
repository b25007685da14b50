"""`init`: write a commented configuration to start from."""

import difflib
import os
import re
from pathlib import Path

from autoenv_hpc import entry, report
from autoenv_hpc.commands import draft, hook
from autoenv_hpc.context import Context
from autoenv_hpc.errors import Problem, UsageError
from autoenv_hpc.project import config, editing
from autoenv_hpc.scripts import drafting, recipe
from autoenv_hpc.scripts.drafting import Script
from autoenv_hpc.scripts.lexer import Unreadable
from autoenv_hpc.system import files, own_files

_TEXT = """\
# What this project needs on a cluster. You enter the project when you `cd` into this folder, and
# leave it when you leave the folder; `autoenv-hpc exec -- python train.py` enters it in a batch
# job. Every key is optional.

# name = "my-project"                  # default: the folder's name; shown in the prompt

# The modules to load, in this order, as in `module load`.
# modules = ["GCC/10.3.0", "OpenMPI/4.1.1", "Python/3.9.5", "SciPy-bundle/2021.05"]
# module-paths = ["/proj/site/modules"]   # passed to `module use` first
# module-policy = "keep"               # keep | purge | reset: for modules already loaded

# The isolated environment; remove the table if you only need modules.
# [venv]
# path = ".venv"                       # relative to this file; ~, $VAR, {site}, {arch}, … work
# backend = "venv"                     # venv | virtualenv | uv | conda | existing
# python = "3.9"                       # default: the one that the modules provide
# system-site-packages = true          # also see the modules' packages
# requirements = ["requirements.txt"]
# packages = ["numpy==1.15.4"]
# pip-args = ["--no-cache-dir", "--no-build-isolation"]

# [env]                                # plain variables; false unsets
# OMP_NUM_THREADS = "8"

# [paths]                              # search paths, entry by entry
# PYTHONPATH = { append = ["lib/python{python}/site-packages"] }

# On another cluster: you can override every key and table for a site.
# [site.hpc2n]
# modules = ["GCC/12.3.0", "Python/3.11.3"]
# [site.hpc2n.venv]
# backend = "virtualenv"
"""


def run(context: Context) -> int:
    """Write the file into the working directory, unless it exists."""
    scripts = _scripts(context)
    if context.arguments.diff:
        _show_difference(scripts)
        return 0
    file = os.path.join(context.directory, config.FILE_NAME)
    if os.path.lexists(file) and not context.arguments.force:
        raise Problem(f"{file} exists (edit it, or run `autoenv-hpc init --force`)")
    if scripts:
        text, messages = drafting.draft(scripts)
        for message in messages:
            context.report.note(message)
    elif context.arguments.from_loaded:
        text = draft.from_loaded(context).text()
    else:
        text, found = _with_proposals(context.directory)
        if found:
            context.report.note(f"found {' and '.join(found)}: see the lines marked `found here`")
    data = f"{_schema_line(context.folders.home)}{text}".encode()
    editing.write(file, data)
    entry.allow(context, file, data)
    context.report.note(f"wrote and allowed {file}")
    hook.note_missing(context)
    return 0


def _schema_line(home: str) -> str:
    """The line by which editors find the schema, or nothing.

    The file may be committed, and colleagues cannot read a schema in the user's home folder.
    """
    schema = own_files.schema()
    if schema is None or schema.startswith(f"{os.path.realpath(home)}/"):
        return ""
    return f"#:schema {Path(schema).as_uri()}\n\n"


def _scripts(context: Context) -> list[Script]:
    """The scripts that the user names.

    :raises Problem: one of them cannot be read.
    """
    found = []
    for path in context.arguments.scripts or ():
        try:
            text = files.read(path).decode(errors="replace")
            found.append(Script(path, text, recipe.read(text)))
        except OSError as error:
            raise Problem(f"{path}: cannot be read: {error.strerror}") from error
        except Unreadable as error:
            raise Problem(f"{path}: {error}") from error
    if context.arguments.diff and not found:
        raise UsageError("init: --diff needs --from SCRIPT")
    return found


def _show_difference(scripts: list[Script]) -> None:
    for script, changed in zip(scripts, drafting.replaced(scripts), strict=True):
        old, new = script.text.splitlines(), changed.splitlines()
        lines = difflib.unified_diff(old, new, script.path, script.path, lineterm="")
        report.show("".join(f"{line}\n" for line in lines))


# A file that describes an environment, and the lines for `[venv]` that use it.
_PROPOSALS = {
    "requirements.txt": ('requirements = ["requirements.txt"]',),
    "environment.yml": ('backend = "conda"', 'requirements = ["environment.yml"]'),
    "environment.yaml": ('backend = "conda"', 'requirements = ["environment.yaml"]'),
    "pyproject.toml": ('packages = ["."]',),
    ".venv/pyvenv.cfg": ('path = ".venv"',),
    "venv/pyvenv.cfg": ('path = "venv"',),
}


def _with_proposals(folder: str) -> tuple[str, list[str]]:
    """The text, with a line marked for each file in the folder that describes an environment."""
    text, found = _TEXT, [name for name in _PROPOSALS if os.path.exists(f"{folder}/{name}")]
    for line in dict.fromkeys(line for name in found for line in _PROPOSALS[name]):
        key = line.partition(" ")[0]
        shown = re.search(rf"^# {key} = .*$", text, re.MULTILINE)
        assert shown, key
        text = text.replace(shown[0], f"# {line:<36} # found here", 1)
    return text, [name.removesuffix("/pyvenv.cfg") for name in found]
