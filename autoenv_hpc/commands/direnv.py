"""`__direnv`: the words of direnv, for editors whose extension calls a program of that name."""

import argparse
import os
from collections.abc import Callable

from autoenv_hpc.commands import editor_formats
from autoenv_hpc.context import Context
from autoenv_hpc.environment import Env
from autoenv_hpc.errors import Problem
from autoenv_hpc.project import config
from autoenv_hpc.project.project import Untrusted
from autoenv_hpc.report import Report, emit
from autoenv_hpc.system import search_path

_VERSION = "2.37.1"  # of the direnv whose answers these are
_RC = ".envrc"  # its own file
_FORMATS = {"json": "direnv", "vim": "vim"}

Run = Callable[[list[str], Env, Report], int]


def answer(words: list[str], environ: Env, report: Report, run: Run) -> int:
    """Answer one call.

    :param run: runs a command of ours.
    :returns: the exit status.
    """
    arguments = argparse.Namespace(command="direnv", site=None, env=None, allow=False)
    context = Context(arguments, environ, report)
    _leave_to_direnv(words, context)
    try:
        return _answer(words, context, run)
    except Problem as problem:
        _report(problem, report)
        return problem.status


def _answer(words: list[str], context: Context, run: Run) -> int:
    environ, report = context.environ, context.report
    match words:
        case ["version" | "--version", *_]:
            emit(f"{_VERSION}\n")
        case ["export", "json" | "vim" as form]:
            return _export(form, context)
        case ["allow" | "permit" | "grant", *rest]:
            return run(["allow", *rest], environ, report)
        case ["deny" | "block" | "disallow" | "revoke", *rest]:
            return run(["deny", *rest], environ, report)
        case ["edit", *rest]:
            return _edit(rest, context, run)
        case ["exec", folder, *command] if command:
            return run(["exec", "--project", folder, "--", *command], environ, report)
        case ["reload"]:
            pass  # each export looks at everything
        case _:
            raise Problem(f"{' '.join(words)}: autoenv-hpc does not know these words of direnv")
    return 0


def _export(form: str, context: Context) -> int:
    """Print the change. Where it fails, an active project is left, and the files are watched on."""
    status = 0
    try:
        done = editor_formats.step(context)
    except Problem as problem:
        file, status = editor_formats.governing_file(context) or "", problem.status
        blocked = f"{file} is blocked. Run `autoenv-hpc allow` to approve its content"
        _report(Problem(blocked) if isinstance(problem, Untrusted) else problem, context.report)
        watched = dict.fromkeys([file, *problem.guards.files])
        done = editor_formats.leaving_step(context.environ, watched)
    emit(editor_formats.text(done, _FORMATS[form], context.environ))
    return status


def _report(problem: Problem, report: Report) -> None:
    """Report an error as direnv words it: a client knows it by that."""
    report.problem(Problem("\n".join(f"error {line}" for line in str(problem).split("\n"))))


def _edit(rest: list[str], context: Context, run: Run) -> int:
    """Open the configuration with `$EDITOR`, which counts for direnv, whatever `$VISUAL` says.

    :raises Problem: there is none.
    """
    environ = {name: value for name, value in context.environ.items() if name != "VISUAL"}
    if not rest:
        if editor_formats.governing_file(context) is None:
            raise Problem(f"{config.FILE_NAME} not found. Use `direnv edit .` to make one here")
        return run(["edit"], environ, context.report)
    folder = rest[0] if os.path.isdir(rest[0]) else os.path.dirname(rest[0]) or "."
    return run(["edit", "-C", folder], environ, context.report)


def _leave_to_direnv(words: list[str], context: Context) -> None:
    """Become direnv itself where a file of its own is meant, or is nearer than ours."""
    if context.environ.get("AUTOENV_HPC_STATE") or words[:1] in ([], ["version"]):
        return
    file = editor_formats.governing_file(context)
    ours = os.path.dirname(file) if file else ""
    folder = context.directory
    while folder not in ("/", "", ours) and not os.path.isfile(os.path.join(folder, _RC)):
        folder = os.path.dirname(folder)
    program = next(search_path.on_path(("direnv",), context.environ), None)
    is_nearer = folder not in ("/", "", ours)
    if program and (is_nearer or os.path.basename(words[-1]) == _RC):
        os.execve(program, ["direnv", *words], context.environ)
