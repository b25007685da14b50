"""The storage of an activation for later shells."""

import contextlib
import os
import time
from collections.abc import Iterable, Mapping

from autoenv_hpc import verbose
from autoenv_hpc.activation import DISABLED, Activation
from autoenv_hpc.activations import stamps, store, unstored
from autoenv_hpc.report import Report
from autoenv_hpc.shells.dialect import Dialect
from autoenv_hpc.system import machine
from autoenv_hpc.system.files import Exposed
from autoenv_hpc.system.folders import Folders
from autoenv_hpc.system.removal import remove_files

_NOTE_AGE = 3600  # seconds; ranks ignore a note after a minute
_SECOND = 10**9  # ns


def store_activation(
    activation: Activation,
    dialect: Dialect,
    folders: Folders,
    report: Report,
    *,
    is_said: bool = False,
) -> None:
    """Store an activation for later shells, unless it is not storable or already outdated.

    A cache that is not writable only costs speed, so the result is a message and not an error.
    Why an activation can never be stored is reported once.

    :param is_said: whether the caller reports that.
    """
    guards, cache = activation.guards, folders.cache
    reason = guards.not_storable_because or guards.changed
    if reason:
        verbose.say(f"not stored: {reason}")
    if guards.not_storable_because not in (None, DISABLED):
        is_new = unstored.note(cache, activation.root, str(reason))
        if is_new and not is_said:
            report.note(f"{activation.name}: each entry loads the modules again, because {reason}")
    if reason or not guards.files:
        return
    values = {name: value for name, value in guards.variables.items() if value is not None}
    if guards.failures(machine.now(values, dialect.shell)):  # a file has changed
        return
    try:
        made = guards.made * _SECOND
        moments = (*guards.files.values(), *activation.watched.values(), made)
        are_many = stamps.make_stamps(folders.cache, moments, dialect.beside(activation))
        text = dialect.stored(activation, stamps.folder(folders.cache))
        path = store.put(folders.cache, dialect.suffix, activation, text)
        if are_many:
            stamps.prune(cache, store.texts(cache))
        unstored.forget(cache, activation.root)
        verbose.say(f"stored as {path}")
    except Exposed as error:
        report.note(f"{error.filename} is not used as a cache: {error.strerror}")
    except OSError as error:
        place = error.filename or folders.cache
        report.note(f"{place}: cannot store the activation: {error.strerror}")


def stamp_files(files: Mapping[str, int | None], cache: str) -> Mapping[str, int | None]:
    """Make the stamps of these files; return no files if the cache is not writable."""
    try:
        if stamps.make_stamps(cache, files.values()):
            stamps.prune(cache, store.texts(cache))
    except OSError:
        return {}
    return files


def wait_for_next_second(paths: Iterable[str]) -> None:
    """Wait, for less than a second, until the second of each file's last change is over.

    A shell that compares whole seconds then notices each later edit.
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
    """Remove old notes that ranks left for each other in this node's memory.

    Only `shell/autoenv-hpc` writes and reads notes (`leave_note`). The locks of processes that were
    killed during their turn go too.
    """
    old = time.time() - _NOTE_AGE
    for folder in folders.node:
        with contextlib.suppress(OSError):
            remove_files(
                os.path.join(folder, f"autoenv-hpc.{os.getuid()}"),
                lambda entry: entry.stat().st_mtime < old,
            )
