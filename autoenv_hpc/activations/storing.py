"""An activation written for a shell and stored, if it may be used again."""

import contextlib
import os
import time
from collections.abc import Iterable, Mapping

from autoenv_hpc.activation import Activation
from autoenv_hpc.activations import stamps, store
from autoenv_hpc.report import Report
from autoenv_hpc.shells.dialect import Dialect
from autoenv_hpc.system import machine
from autoenv_hpc.system.folders import Exposed, Folders

_NOTE_LIFE = 3600  # seconds; a rank believes it for a minute
_NS = 10**9  # in a second


def store_activation(
    activation: Activation,
    dialect: Dialect,
    folders: Folders,
    report: Report,
    *,
    patiently: bool = False,
) -> None:
    """Store an activation for the next time, unless something forbids that.

    A cache that cannot be written costs only speed: the user hears of it, and nothing is stored.

    :param patiently: wait until files that were written just now can no longer change unseen.
    """
    guards = activation.guards
    if guards.not_storable_because or not guards.files:
        return
    if patiently:
        time.sleep(guards.unsettled)
    seen = {name: value for name, value in guards.variables.items() if value is not None}
    if guards.unsettled or guards.failures(machine.now(seen)):  # a file changed since it was read
        return
    try:
        made = guards.made * _NS
        moments = (*guards.files.values(), *activation.watched.values(), made)
        stamps.make_stamps(folders.cache, moments)
        text = dialect.stored(activation, stamps.folder(folders.cache))
        store.put(folders.cache, dialect.suffix, activation, text)
    except Exposed as error:
        report.note(f"{error.filename} is not used as a cache: {error.strerror}")
    except OSError as error:
        place = error.filename or folders.cache
        report.note(f"{place}: cannot store the activation: {error.strerror}")


def stamped(files: Mapping[str, int | None], cache: str) -> Mapping[str, int | None]:
    """The files, once their stamps are made; none where the cache cannot be written."""
    try:
        stamps.make_stamps(cache, files.values())
    except OSError:
        return {}
    return files


def outwait(paths: Iterable[str]) -> None:
    """Wait, for a second at most, until none of the files was changed within the present one.

    For a shell that compares whole seconds: an edit from now on gets another time in its eyes.
    """
    for path in paths:
        try:
            changed = int(os.stat(path).st_mtime)
        except OSError:
            continue
        now = time.time()
        if changed == int(now):
            time.sleep(changed + 1 - now)


def sweep_notes(folders: Folders) -> None:
    """Remove the notes that ranks left for their neighbours in this node's memory, once useless.

    Only the shell writes and reads them: `leave_note` in `shell/autoenv-hpc`. The lock of a process
    that was killed in its turn goes with them.
    """
    import glob  # noqa: PLC0415 - only a cleaning looks for them

    for folder in folders.node:
        for path in glob.glob(f"{glob.escape(folder)}/autoenv-hpc.{os.getuid()}.*"):
            with contextlib.suppress(OSError):
                found = os.lstat(path)
                if found.st_uid == os.getuid() and found.st_mtime < time.time() - _NOTE_LIFE:
                    os.unlink(path)
