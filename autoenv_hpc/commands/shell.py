"""`__shell`: what a hook asks when nothing stored fits; the answer is code for that shell."""

import os
from collections.abc import Sequence
from typing import NamedTuple, Self

from autoenv_hpc import activation, config, leaving, project, state, store, writing
from autoenv_hpc.dialects import dialect
from autoenv_hpc.dialects.base import Dialect
from autoenv_hpc.dialects.protocol import FIRST, PROTOCOL, answer_line
from autoenv_hpc.environment import Env, difference, holds
from autoenv_hpc.errors import Problem
from autoenv_hpc.report import Report


class Question(NamedTuple):
    """What a hook asks, and which protocol it speaks."""

    protocol: int
    shell: str  # its dialect
    what: str  # leave, look, watched (a watched file changed) or fresh (compile anew)
    root: str  # the folder of the nearest configuration; empty to leave
    active: str  # the project that this shell entered itself; empty for one that inherited it
    precision: str = "fine"  # or "coarse": the shell compares times of files by the second

    @classmethod
    def parse(cls, words: Sequence[str]) -> Self:
        """Read the command line's words; the hooks of 0.1.0 send no number."""
        if words[0].isdigit():
            return cls(int(words[0]), *words[1:])
        return cls(FIRST, *words)


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
    here = _Here(dialect(question.shell), question.active, environ, state.active(environ))
    compose = _move if question.protocol == PROTOCOL else _retire
    return answer_line(question.protocol) + compose(question, here, report)


def _retire(question: Question, here: _Here, _report: Report) -> str:
    """Leave, if that is the question; change nothing else, and silence the hook."""
    if question.root:
        return here.speech.retiring({})
    inherited = here.inherited
    outside = leaving.outside(here.environ, inherited) if inherited else here.environ
    return here.speech.retiring(
        difference(here.environ, outside),
        end=bool(here.active),
        keep_deactivate=_is_another_active(here),
    )


def _move(question: Question, here: _Here, report: Report) -> str:
    speech, environ = here.speech, here.environ
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
    change = difference(here.environ, outside)
    keep = _is_another_active(here)
    return here.speech.leaving(change, end=bool(here.active), keep_deactivate=keep)


def _is_another_active(here: _Here) -> bool:
    ours = here.inherited.change.get("VIRTUAL_ENV") if here.inherited else None
    return ours is not None and here.environ.get("VIRTUAL_ENV", ours.after) != ours.after


def _is_current(found: project.Project, here: _Here) -> bool:
    inherited = here.inherited
    if inherited is None or not here.active:
        return False
    return (inherited.root, inherited.origin) == (found.root, found.origin)
