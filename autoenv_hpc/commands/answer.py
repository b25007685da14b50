"""`__shell`: the answer to a hook when no stored activation fits."""

import os
import time
from typing import NamedTuple

from autoenv_hpc import verbose
from autoenv_hpc.activations import active, compiling, failures, leaving, stamps, storing
from autoenv_hpc.activations.active import ActiveProject
from autoenv_hpc.environment import Change, Env
from autoenv_hpc.errors import Problem
from autoenv_hpc.guards import Guards
from autoenv_hpc.project import config, project
from autoenv_hpc.report import Report
from autoenv_hpc.shells import protocol
from autoenv_hpc.shells.dialect import Dialect
from autoenv_hpc.shells.dialects import dialect_for
from autoenv_hpc.shells.protocol import Question
from autoenv_hpc.system.folders import Folders


class _NotLeft(Problem):
    """The active project cannot be left."""


class _Shell(NamedTuple):
    """The shell whose hook asks."""

    dialect: Dialect
    active: str  # the project that this shell itself entered
    environ: Env
    inherited: ActiveProject | None
    folders: Folders


def answer(words: list[str], environ: Env, report: Report) -> str:
    """Return the code that brings a shell to the state for its directory.

    :param words: the hook's arguments: `protocol.question`.
    :returns: code for the shell; problems are already reported.
    """
    question = protocol.question(words)
    dialect = dialect_for(question.shell)
    folders = Folders.of(environ)
    shell = _Shell(dialect, question.active, environ, active.active_project(environ), folders)
    if question.protocol != protocol.NUMBER:
        code = _retire(question, shell)
    elif question.root:
        code = _switch_to(question, shell, report)
    else:
        code = _leave(shell)
    return protocol.answer_line(question.protocol) + code


def _switch_to(question: Question, shell: _Shell, report: Report) -> str:
    files: dict[str, int | None] = {}
    file = os.path.join(question.root, config.FILE_NAME)
    if question.precision == "coarse":
        storing.wait_for_next_second((file,))
    try:
        outside = active.without_project(shell.environ)
        kept = None if shell.active else active.kept_env(shell.environ, question.root)
        governing = project.governing(question.root, outside, shell.folders, kept)
        files |= governing.guards.files
        for problem in governing.problems:
            report.problem(problem)
        if governing.project is None:
            code = _leave(shell)
        elif question.what != "fresh" and _is_current(governing.project, shell):
            code = ""
        else:
            code = _enter(shell, governing.project, report, fresh=question.what == "fresh")
    except _NotLeft:
        raise
    except Problem as problem:
        report.problem(problem, question.root)
        failures.note(shell.folders.cache, question.root, problem)
        files = {**Guards.on_files((file,)).files, **files, **problem.guards.files}
        code = _leave(shell)
    watched = storing.stamp_files(files, shell.folders.cache)
    return f"{code}{shell.dialect.watching(watched, stamps.folder(shell.folders.cache))}\n"


def _leave(shell: _Shell) -> str:
    if shell.inherited is None and not shell.active:
        return ""
    if shell.inherited is None:
        gone = f"{active.NAME} is not as it was, so the project's variables stay: start a new shell"
        return shell.dialect.leave_shell_part() + shell.dialect.call("say", gone) + "\n"
    text = _leaving_code(shell, _outside(shell))
    left = shell.dialect.call("say", f"left {shell.inherited.name}") + "\n"
    return text + (left if shell.active else "")


def _enter(shell: _Shell, chosen: project.Project, report: Report, *, fresh: bool) -> str:
    inherited, dialect = shell.inherited, shell.dialect
    outside = _outside(shell)
    began = time.monotonic_ns()
    if verbose.is_on():
        from autoenv_hpc.activations import listing  # noqa: PLC0415 - only for these lines

        listing.say_misses(shell.folders.cache, chosen.root, dialect.suffix, outside)
    with report.patience(f"entering {chosen.config.name}"):
        activation = compiling.compile_activation(
            chosen,
            dialect.exported(outside),
            shell.folders,
            report.progress,
            shell=dialect.shell,
            fresh=fresh,
        )
    verbose.say(f"compiled {chosen.file}", began)
    failures.forget(shell.folders.cache, chosen.root)
    for notice in activation.notices:
        report.note(notice)
    storing.store_activation(activation, dialect, shell.folders, report)
    code = ""
    if inherited:
        code = _leaving_code(shell, outside)
        if shell.active and inherited.root != chosen.root:
            code += dialect.call("say", f"left {inherited.name}") + "\n"
        if not shell.active and activation.change.holds_in(shell.environ):
            activation = activation._replace(summary="")  # this shell started inside the project
    return code + dialect.entering(activation, activation.change)


def _outside(shell: _Shell) -> Env:
    """The variables without the active project."""
    try:
        return leaving.outside(shell.environ, shell.inherited)
    except Problem as problem:
        raise _NotLeft(str(problem)) from problem


def _leaving_code(shell: _Shell, outside: Env) -> str:
    """The code that leaves the inherited project."""
    change, words = Change.between(shell.environ, outside), _end_words(shell)
    return shell.dialect.leaving(change, words if shell.active else None)


def _end_words(shell: _Shell) -> tuple[str, ...]:
    """The words for the hook's `end`."""
    if shell.inherited is None:
        return ()
    if leaving.has_users_venv(shell.environ, shell.inherited):
        return ("keep-deactivate",)
    by_hand = leaving.has_own_venv_by_hand(shell.environ, shell.inherited)
    prompts = leaving.prompts_gone(shell.environ, shell.inherited)
    return ("drop-deactivate" if by_hand else "", *prompts) if by_hand or prompts else ()


def _retire(question: Question, shell: _Shell) -> str:
    """For a hook with another protocol: leave if it asks for that, and enter nothing."""
    if question.root:
        return shell.dialect.retiring(Change(), None, silence=not shell.active)
    outside = _outside(shell)
    change, words = Change.between(shell.environ, outside), _end_words(shell)
    return shell.dialect.retiring(change, words if shell.active else None)


def _is_current(found: project.Project, shell: _Shell) -> bool:
    inherited = shell.inherited
    if inherited is None or not shell.active:
        return False
    return (inherited.root, inherited.origin) == (found.root, found.origin)
