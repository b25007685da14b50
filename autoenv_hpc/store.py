"""Compiled activations on disk: the folder of each project, its slots, and the stamps of files.

    CACHE/activations/PROJECT'S/PATH/0.bash   the newest activation of the project for bash
    CACHE/stamps/1795518565123456789          an empty file with that very time of modification

A shell tells that a file has changed by comparing it with the stamp of the time that the file
had: neither newer nor older. Stamps never change, so all activations share them.
"""

import os
import time
from collections.abc import Iterable, Iterator

from autoenv_hpc import folders

SLOTS = 8
SEAL = 10**18  # the time that activations bear; setting it takes the owner of the file
_TICK = 50_000_000  # ns; clocks of file systems move in ticks of up to some 10 ms
_SECOND = 1_000_000_000

Pair = tuple[str, str]


class Stamps:
    """The stamps in one cache folder. Files that do not exist are stamped as such."""

    def __init__(self, cache: str) -> None:
        self._folder = os.path.join(cache, "stamps")
        self._known: dict[int, str] = {}
        self.young = False  # whether a file was too young to be sure that it is not written again

    def prepare(self) -> None:
        """Make the folders and the seal.

        :raises OSError: they cannot be made, or others may write there.
        """
        folders.make_private(os.path.dirname(self._folder))
        folders.make_private(self._folder)
        self._make("seal", SEAL)
        self._make("fine", SEAL + 1)  # newer, for a shell that compares fractions of a second

    def pair(self, path: str) -> Pair:
        """A file or folder, and the stamp that tells whether it has changed."""
        try:
            modified = os.stat(path).st_mtime_ns
        except OSError:
            return path, os.path.join(self._folder, "none")
        self.young |= is_young(modified)
        return path, self.at(modified)

    def at(self, moment: int) -> str:
        """The stamp of a moment, in nanoseconds since the epoch."""
        if moment not in self._known:
            self._known[moment] = self._make(str(moment), moment)
        return self._known[moment]

    def _make(self, name: str, moment: int) -> str:
        path = os.path.join(self._folder, name)
        try:
            if os.stat(path).st_mtime_ns == moment:
                return path
        except FileNotFoundError:
            pass
        temporary = f"{path}.{os.getpid()}"
        with open(temporary, "wb"):
            pass
        os.utime(temporary, ns=(moment, moment))
        os.rename(temporary, path)
        return path


def is_young(modified: int) -> bool:
    """Whether a file may be written again without getting another time of modification.

    :param modified: nanoseconds since the epoch, by the file system's clock.
    """
    is_coarse = modified % _SECOND == 0  # a file system that counts in seconds
    return modified > time.time_ns() - (2 * _SECOND if is_coarse else _TICK)


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


def slots(cache: str, root: str, suffix: str) -> Iterator[str]:
    """The files of a project's activations for one dialect, the newest first, there or not."""
    for number in range(SLOTS):
        yield os.path.join(folder(cache, root), f"{number}.{suffix}")


def folder(cache: str, root: str) -> str:
    """Where the activations of a project are kept."""
    return os.path.join(cache, "activations") + root


def put(cache: str, root: str, suffix: str, variant: str, text: str) -> str:
    """Store an activation as the newest, in place of the one that started from the same state.

    :raises OSError: the cache cannot be written.
    """
    where = folder(cache, root)
    for path in _steps(os.path.join(cache, "activations"), root):
        folders.make_private(path)
    paths = list(slots(cache, root, suffix))
    same = next((i for i, path in enumerate(paths) if variant in _headline(path)), None)
    if same is None:
        same = next((i for i, path in enumerate(paths) if not os.path.exists(path)), SLOTS - 1)
    temporary = os.path.join(where, f"{os.getpid()}.{suffix}.new")
    with open(temporary, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(os.fsencode(text))
        file.flush()
        os.fsync(file.fileno())  # a crash must not leave an empty file that fits every state
    os.utime(temporary, ns=(SEAL, SEAL))
    for i in range(same, 0, -1):
        _rename(paths[i - 1], paths[i])
    os.rename(temporary, paths[0])
    return paths[0]


def forget(cache: str, root: str) -> None:
    """Remove the activations of one project, but not of those inside it."""
    where = folder(cache, root)
    try:
        names = os.listdir(where)
    except OSError:
        return
    for name in names:
        if name.partition(".")[0].isdigit() and not os.path.isdir(os.path.join(where, name)):
            os.unlink(os.path.join(where, name))


def _steps(base: str, root: str) -> Iterable[str]:
    yield base
    path = base
    for part in root.split("/")[1:]:
        path = f"{path}/{part}"
        yield path


def _headline(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return os.fsdecode(file.readline(200))
    except OSError:
        return ""


def _rename(old: str, new: str) -> None:
    try:
        os.rename(old, new)
    except FileNotFoundError:
        pass  # another process has moved it just now
