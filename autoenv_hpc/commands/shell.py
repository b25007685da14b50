"""`__shell`: what a hook asks when nothing stored fits; the answer is code for that shell."""

import os
from typing import NamedTuple

from autoenv_hpc import activation, config, leaving, project, state, store, writing
from autoenv_hpc.dialects import dialect
from autoenv_hpc.dialects.base import Dialect
from autoenv_hpc.environment import Env, difference, holds
from autoenv_hpc.errors import Problem
from autoenv_hpc.report import Report


class Question(NamedTuple):
    """What a hook tells of itself."""

    shell: str  # its dialect
    what: str  # leave, look, watched (a watched file changed) or fresh (compile anew)
    root: str  # the folder of the nearest configuration; empty to leave
    active: str  # the project that this shell entered itself; empty for one that inherited it
    precision: str = "fine"  # or "coarse": the shell compares times of files by the second


class _Here(NamedTuple):
    """The shell that asks."""

    speech: Dialect
    active: str
    environ: Env
    inherited: state.State | None


def answer(question: Question, environ: Env, report: Report) -> str:
    """Bring a shell to where it shall be.

    :returns: code for it; all problems have been told.
    """
    speech = dialect(question.shell)
    here = _Here(speech, question.active, environ, state.active(environ))
    if not question.root:
        return _leave(here)
    watch: tuple[str, ...] = (os.path.join(question.root, config.FILE_NAME),)
    if question.precision == "coarse":
        store.outwait(watch)
    try:
        governing = project.governing(question.root, environ)
        watch = governing.watched
        for problem in governing.problems:
            report.problem(problem)
        if governing.project is None:
            code = _leave(here)
        elif question.what != "fresh" and _is_current(governing.project, here):
            code = ""
        else:
            fresh = question.what == "fresh"
            code = _enter(here, governing.project, report, fresh=fresh)
    except Problem as problem:
        report.problem(problem, question.root)
        watch += getattr(problem, "watched", ())
        code = _leave(here)
    return code + speech.watching(writing.watched(watch, environ)) + "\n"


def _leave(here: _Here) -> str:
    if here.inherited is None:
        return here.speech.ending() if here.active else ""
    text = _way_out(here, leaving.outside(here.environ, here.inherited))
    said = here.speech.call("say", f"left {here.inherited.name}") + "\n"
    return text + (said if here.active else "")


def _enter(here: _Here, entering: project.Project, report: Report, *, fresh: bool) -> str:
    environ, inherited, speech = here.environ, here.inherited, here.speech
    outside = leaving.outside(environ, inherited)
    entered = activation.compile(entering, outside, report.progress, fresh=fresh)
    for notice in entered.notices:
        report.note(notice)
    document = writing.remembered(entered, speech, environ, report)
    code = ""
    if inherited:
        code = _way_out(here, outside)
        if here.active and inherited.root != entering.root:
            code += speech.call("say", f"left {inherited.name}") + "\n"
        if not here.active and holds(entered.change, environ):
            document = document._replace(entered="")  # this shell was born inside
    return code + speech.entering(document, difference(outside, entered.env))


def _way_out(here: _Here, outside: Env) -> str:
    """The code that leaves; a `deactivate` that is not ours any more stays."""
    ours = here.inherited.change.get("VIRTUAL_ENV") if here.inherited else None
    is_another = ours is not None and here.environ.get("VIRTUAL_ENV", ours.after) != ours.after
    change = difference(here.environ, outside)
    return here.speech.leaving(change, end=bool(here.active), keep_deactivate=is_another)


def _is_current(found: project.Project, here: _Here) -> bool:
    inherited = here.inherited
    if inherited is None or not here.active:
        return False
    return (inherited.root, inherited.origin) == (found.root, found.origin)
