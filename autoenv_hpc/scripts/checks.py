"""What goes wrong, or will, in a batch script."""

import re
from collections import Counter
from collections.abc import Iterator

from autoenv_hpc.findings import Finding
from autoenv_hpc.scripts import commands, recipe
from autoenv_hpc.scripts.commands import Command
from autoenv_hpc.scripts.lexer import Unreadable

_EXEC = "autoenv-hpc exec -- CMD, in place of these lines"
_CONDAS = ("conda", "mamba", "micromamba")
_ARRAY = re.compile(
    r"^#(?:SBATCH\s+(?:--array|-a)|PBS\s+-[Jt]|BSUB\s+-J.*\[|\$\s+-t)", re.MULTILINE
)
# Only `ALL` hands everything on; a list of names is as poor as NONE.
_EXPORT_NONE = re.compile(r"^#SBATCH\s+.*--(?:export[= ](?!ALL\b)\S+|get-user-env)", re.MULTILINE)
_CRON = re.compile(r"^(?:#SCRON\b|@\w+\s|(?:[\d*,/-]+\s+){5})", re.MULTILINE)
_BARE = re.compile(r"(?<![\w./-])autoenv-hpc\s+(exec|export)\b")
_LOGIN = re.compile(r"autoenv-hpc\s+exec\b.*\b(?:ba|z|k|da)?sh\s+(?:-\w*l\w*|--login)\b")
_NAME_VERSION = re.compile(r"[A-Za-z][\w+-]*/\d[\w.+-]*\Z")


def check(file: str, data: bytes) -> list[Finding]:
    """The findings in one script, which is read and never run.

    :param file: its path, for messages.
    """
    text = data.decode(errors="replace")
    found = [*_line_ends(file, data)]
    try:
        read = recipe.read(text)
        parsed = list(commands.commands(text))
    except Unreadable as error:
        return [*found, Finding("F00", "info", f"it cannot be read further: {error}", file)]
    for test in (
        _order,
        _versions,
        _generations,
        _activation,
        _conda,
        _slurm,
        _shell,
        _array,
        _ours,
    ):
        found += test(file, text, read, parsed)
    return sorted(found, key=lambda finding: finding.line or 0)


def _line_ends(file: str, data: bytes) -> Iterator[Finding]:
    first, _, _ = data.partition(b"\n")
    if first.startswith(b"#!") and first.endswith(b"\r"):
        title = "the lines end as on Windows, so the kernel looks for `bash\\r`"
        yield Finding("F28", "high", title, file, 1, "CRLF", f"sed -i 's/\\r$//' {file}")


def _order(file: str, _t: str, read: recipe.Recipe, _p: list[Command]) -> Iterator[Finding]:
    for note in read.notes:
        if note.why.startswith("it comes after the activation"):
            title = "modules are loaded after the environment is activated"
            yield Finding("F5", "medium", title, file, note.line, note.text, _EXEC)


def _versions(file: str, _t: str, read: recipe.Recipe, _p: list[Command]) -> Iterator[Finding]:
    for note in read.notes:
        if note.why.startswith("it has no version"):
            title = "a module without a version changes with the site's default"
            remedy = "write the version: module load NAME/VERSION"
            yield Finding("F29", "low", title, file, note.line, note.text, remedy)


def _generations(
    file: str, _t: str, read: recipe.Recipe, parsed: list[Command]
) -> Iterator[Finding]:
    names = [entry.partition("/") for entry in dict.fromkeys(read.modules)]
    counts = Counter(name.lower() for name, _, version in names if version)
    for folded, number in counts.items():
        if number > 1:
            both = [entry for entry in read.modules if entry.partition("/")[0].lower() == folded]
            line = _line_of(both[-1], parsed)
            title = "two versions of one module are loaded; the later one takes its place or fails"
            yield Finding(
                "F26", "medium", title, file, line, " ".join(both), "leave one of them out"
            )


def _activation(
    file: str, _t: str, read: recipe.Recipe, parsed: list[Command]
) -> Iterator[Finding]:
    for command in parsed:
        words = command.words
        if words[0] in ("source", ".") and len(words) == 2:  # noqa: PLR2004
            target = words[1].strip("\"'")
            if target.endswith("/bin/activate") and not target.startswith(("/", "~", "$")):
                title = "the environment's path is relative to the folder of submission"
                yield Finding("F4", "info", title, file, command.line, target, _EXEC)
            elif target.endswith(("env", "venv")):
                title = "a folder is sourced, not its bin/activate"
                remedy = f"source {target}/bin/activate"
                yield Finding("F4", "high", title, file, command.line, target, remedy)
        elif len(words) == 1 and _NAME_VERSION.match(words[0]):
            title = "a module's name stands alone on a line; `module load` is missing"
            remedy = f"module load {words[0]}"
            yield Finding("F4", "high", title, file, command.line, words[0], remedy)
    if read.venvs and not read.modules:
        title = "the environment is used without a module; its Python may need one"
        line = read.venvs[0].line
        yield Finding("F1", "info", title, file, line, read.venvs[0].path, _EXEC)


def _conda(file: str, text: str, read: recipe.Recipe, parsed: list[Command]) -> Iterator[Finding]:
    is_login = re.match(r"#!.*\s(?:-\w*[il]|--login)", text) is not None
    has_hook = re.search(r"conda\.sh|shell\.\w+ hook|shell hook|conda init|bashrc|mamba\.sh", text)
    for command in parsed:
        is_activation = command.words[0] in _CONDAS and command.words[1:2] == ("activate",)
        if is_activation and not (
            is_login or has_hook or read.modules or "source" in command.words
        ):
            title = "`conda activate` in a script that does not set conda up"
            yield Finding(
                "F12", "medium", title, file, command.line, " ".join(command.words), _EXEC
            )


def _slurm(file: str, text: str, _r: recipe.Recipe, parsed: list[Command]) -> Iterator[Finding]:
    none = _EXPORT_NONE.search(text)
    hands_on = re.search(r"SLURM_EXPORT_ENV|--export=ALL|autoenv-hpc", text)
    runs = next((c for c in parsed if c.words[0] == "srun"), None)
    if none and runs and not hands_on:
        title = "after --export=NONE, srun hands no variable on to its tasks"
        remedy = "export SLURM_EXPORT_ENV=ALL"
        yield Finding("F13", "medium", title, file, runs.line, none[0], remedy)


def _shell(file: str, text: str, _r: recipe.Recipe, parsed: list[Command]) -> Iterator[Finding]:
    first = text.partition("\n")[0]
    loads = [c for c in parsed if c.words[0] in ("module", "ml") and c.words[1:2] != ("list",)]
    if loads and re.match(r"#!(/usr)?/bin/sh\s*$", first):
        title = "`module` is a function of bash, which sh may not have"
        yield Finding(
            "F14", "info", title, file, loads[0].line, first, "#!/bin/bash -l, or " + _EXEC
        )
    for command in loads:
        if command.words[1:2] in (("load",), ("add",)) and not command.output:
            title = "the messages of `module load` are thrown away, with those about failures"
            text_of = " ".join(command.words)
            yield Finding(
                "F31", "low", title, file, command.line, text_of, "leave the redirection out"
            )
        if command.words[1:2] in (("unload",), ("rm",)):
            title = "unloading is not always the inverse of loading"
            yield Finding("F16", "info", title, file, command.line, " ".join(command.words), _EXEC)


def _array(file: str, text: str, _r: recipe.Recipe, parsed: list[Command]) -> Iterator[Finding]:
    if not _ARRAY.search(text):
        return
    for command in parsed:
        words = " ".join(command.words)
        if re.search(
            r"^(virtualenv |python\S* -m venv |pip3? install |conda create |uv venv)", words
        ):
            title = "each task of the array builds the environment"
            remedy = "autoenv-hpc prepare && sbatch SCRIPT"
            yield Finding("F17", "medium", title, file, command.line, words, remedy)


def _ours(file: str, text: str, _r: recipe.Recipe, _p: list[Command]) -> Iterator[Finding]:
    """What goes wrong with this tool's own command."""
    poor = _EXPORT_NONE.search(text) or _CRON.search(text)
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#"):
            continue
        bare = _BARE.search(line)
        is_closed = re.search(r"\|\|\s*echo\s+exit", line) is not None
        if bare and poor and not re.search(r"^\s*(?:export\s+)?PATH=", text, re.MULTILINE):
            title = "`autoenv-hpc` is on no PATH in cron or in a job without your variables"
            remedy = "write its absolute path: type -p autoenv-hpc"
            goes_on = bare[1] == "export" and not is_closed
            yield Finding(
                "F36", "high" if goes_on else "medium", title, file, number, bare[0], remedy
            )
        elif bare and bare[1] == "export" and "eval" in line and not is_closed:
            title = "where the command is missing, the script goes on without the environment"
            remedy = 'eval "$(autoenv-hpc export || echo exit 125)"'
            yield Finding("F37", "info", title, file, number, bare[0], remedy)
        if login := _LOGIN.search(line):
            title = "a login shell sets PATH again, and the environment's Python is gone"
            remedy = "bash -lc 'autoenv-hpc exec -- CMD'"
            yield Finding("F38", "medium", title, file, number, login[0], remedy)


def _line_of(word: str, parsed: list[Command]) -> int | None:
    return next((c.line for c in parsed if any(word in w for w in c.words)), None)
