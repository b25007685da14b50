"""`__shell`: what a hook asks when nothing stored fits; the answer is code for that shell."""

import os
import time

from autoenv_hpc import activation, folders, leaving, project, state, store
from autoenv_hpc.dialects import Document, dialect
from autoenv_hpc.dialects.base import Dialect
from autoenv_hpc.environment import Env, difference, holds
from autoenv_hpc.errors import Problem
from autoenv_hpc.report import Report


def answer(shell: str, what: str, root: str, active: str, environ: Env, report: Report) -> str:
    """The code that brings the shell to where it shall be.

    :param what: leave, look, watched (a watched file changed) or fresh (compile anew).
    :param root: the folder of the nearest configuration; empty to leave.
    :param active: the project that this shell entered itself; empty for one that inherited it.
    """
    speech = dialect(shell)
    inherited = state.active(environ)
    if not root:
        return _leave(speech, inherited, active, environ)
    stamps = store.Stamps(folders.cache(environ))
    watch: tuple[str, ...] = (os.path.join(root, ".hpcenv.toml"),)
    try:
        governing = project.governing(root, environ)
        watch = governing.watched
        for problem in governing.problems:
            report.problem(problem)
        here = governing.project
        if here is None:
            code = _leave(speech, inherited, active, environ)
        elif inherited and active and _is_current(here, inherited) and what != "fresh":
            code = ""
        else:
            code = _enter(speech, here, inherited, active, environ, report, stamps)
    except Problem as problem:
        report.problem(problem, root)
        watch += getattr(problem, "watched", ())
        code = _leave(speech, inherited, active, environ)
    return code + speech.watching(_stamped(stamps, watch)) + "\n"


def _leave(speech: Dialect, inherited: state.State | None, active: str, environ: Env) -> str:
    if inherited is None:
        return speech.ending() if active else ""
    text = speech.leaving(
        difference(environ, leaving.outside(environ, inherited)),
        end=bool(active),
        keep_deactivate=_another_environment(environ, inherited),
    )
    return text + (speech.call("say", f"left {inherited.name}") + "\n" if active else "")


def _enter(
    speech: Dialect,
    here: project.Project,
    inherited: state.State | None,
    active: str,
    environ: Env,
    report: Report,
    stamps: store.Stamps,
) -> str:
    before = leaving.outside(environ, inherited) if inherited else environ
    entered = activation.compile(here, before, report.progress)
    for notice in entered.notices:
        report.note(notice)
    document = described(entered, stamps)
    keep(entered, document, speech, environ, stamps, report)
    code = ""
    if inherited:
        code = speech.leaving(
            difference(environ, before),
            end=bool(active),
            keep_deactivate=_another_environment(environ, inherited),
        )
        if active and inherited.root != here.root:
            code += speech.call("say", f"left {inherited.name}") + "\n"
    if inherited and not active and holds(entered.change, environ):
        document = document._replace(entered="")  # this shell was born inside: nothing happened
    return code + speech.entering(document, difference(before, entered.env))


def described(entered: activation.Activation, stamps: store.Stamps) -> Document:
    """The activation with a stamp for each file, ready to be written down."""
    try:
        stamps.prepare()
        watch, files = _stamped(stamps, entered.project.watched), _stamped(stamps, entered.files)
        born = stamps.at(time.time_ns() // 10**9 * 10**9)
    except OSError:  # the cache cannot be written; then nothing is stored, and nothing watched
        watch, files, born = (), (), ""
    starts = {name: value.before for name, value in entered.change.items()}
    return Document(
        variant=state.digest([starts, entered.reads, entered.host]),
        root=entered.project.root,
        name=entered.project.config.name,
        change=entered.change,
        shell=entered.shell,
        prompt=entered.prompt,
        outer_prompts=entered.outer_prompts,
        entered=entered.entered,
        watch=watch,
        reads=entered.reads,
        files=files,
        host=entered.host,
        expires=int(time.time()) + entered.life,
        born=born,
    )


def keep(
    entered: activation.Activation,
    document: Document,
    speech: Dialect,
    environ: Env,
    stamps: store.Stamps,
    report: Report,
) -> None:
    """Store the activation for the next time, if it may be replayed and the cache can be written."""
    if entered.unstorable or stamps.young or not document.files:
        return
    cache = folders.cache(environ)
    try:
        store.put(cache, document.root, speech.suffix, document.variant, speech.stored(document))
    except OSError as error:
        report.note(f"{error.filename or cache}: cannot store the activation: {error.strerror}")


def _is_current(here: project.Project, inherited: state.State) -> bool:
    return (inherited.root, inherited.origin) == (here.root, here.origin)


def _another_environment(environ: Env, inherited: state.State) -> bool:
    """Whether the user activated another environment inside, whose `deactivate` stands now."""
    ours = inherited.change.get("VIRTUAL_ENV")
    return ours is not None and environ.get("VIRTUAL_ENV", ours.after) != ours.after


def _stamped(stamps: store.Stamps, files: tuple[str, ...]) -> tuple[store.Pair, ...]:
    try:
        stamps.prepare()
        return tuple(stamps.pair(path) for path in dict.fromkeys(files))
    except OSError:
        return ()
