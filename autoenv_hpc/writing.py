"""An activation written down: each file with its stamp, and stored where it may be replayed."""

import time
from collections.abc import Iterable

from autoenv_hpc import folders, state, store
from autoenv_hpc.activation import Activation
from autoenv_hpc.dialects import Document
from autoenv_hpc.dialects.base import Dialect
from autoenv_hpc.environment import Env
from autoenv_hpc.report import Report
from autoenv_hpc.store import Pair, Stamps


def remembered(
    entered: Activation, speech: Dialect, environ: Env, report: Report, *, surely: bool = False
) -> Document:
    """Write an activation down, and store it for the next time if it may be replayed.

    :param surely: wait until files that were written just now are old enough to be trusted.

    A cache that cannot be written costs speed and nothing else: it is said, and nothing is stored.
    """
    cache = folders.cache(environ)
    stamps = Stamps(cache)
    try:
        stamps.prepare()
    except folders.Exposed as error:
        report.note(f"{error.filename} is not used as a cache: {error.strerror}")
    except OSError:
        pass
    document = _document(entered, stamps)
    if surely and stamps.unsettled:
        time.sleep(stamps.unsettled)
        stamps = Stamps(cache)
        document = _document(entered, stamps)
    if entered.unstorable or stamps.unsettled or not document.files:
        return document
    try:
        text = speech.stored(document)
        store.put(cache, speech.suffix, document, text)
    except OSError as error:
        report.note(f"{error.filename or cache}: cannot store the activation: {error.strerror}")
    return document


def watched(files: Iterable[str], environ: Env) -> tuple[Pair, ...]:
    """The files with a stamp each, to be looked at before each prompt."""
    return _stamped(Stamps(folders.cache(environ)), files)


def _document(entered: Activation, stamps: Stamps) -> Document:
    watch = _stamped(stamps, entered.project.watched)
    now = int(time.time())
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
        files=_stamped(stamps, entered.files, entered.project.records),
        host=entered.host,
        made=now,
        life=entered.life,
        born=stamps.at(now * 10**9) if watch else "",
    )


def _stamped(stamps: Stamps, files: Iterable[str], records: Iterable[str] = ()) -> tuple[Pair, ...]:
    """Each file once, records by their presence; nothing where the cache cannot be written."""
    try:
        stamps.prepare()
        present = map(stamps.presence, records)
        return (*present, *map(stamps.pair, dict.fromkeys(files)))
    except OSError:
        return ()
