"""Compiled activations on disk: the folder of each project, its slots, and the stamps of files.

    CACHE/activations/PROJECT'S/PATH/0.bash   the newest activation of the project for bash
    CACHE/activations/PROJECT'S/PATH/VARIANT.bash.json   what it was made from, for people
    CACHE/stamps/1795518565123456789          an empty file with that very time of modification

A shell tells that a file has changed by comparing it with the stamp of the time that the file
had: neither newer nor older. Stamps never change, so all activations share them.
"""

import contextlib
import json
import os
import re
import time
from collections.abc import Iterable, Iterator

from autoenv_hpc import folders
from autoenv_hpc.dialects import Document
from autoenv_hpc.environment import Env

SLOTS = 8
SEAL = 10**18  # the time that activations bear; setting it takes the owner of the file
_TICK = 50_000_000  # ns; clocks of file systems move in ticks of up to some 10 ms
_SECOND = 1_000_000_000
_NOTE_LIFE = 3600  # seconds; a rank believes it for a minute

Pair = tuple[str, str]


class Stamps:
    """The stamps in one cache folder. Files that do not exist are stamped as such.

    No file bears the names that say so, `none` and `some`.
    """

    def __init__(self, cache: str) -> None:
        self._folder = os.path.join(cache, "stamps")
        self._known: dict[int, str] = {}
        self.unsettled = 0.0  # seconds until the youngest file can be trusted to stay as it is

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
        self.unsettled = max(self.unsettled, unsettled(modified))
        return path, self.at(modified)

    def presence(self, path: str) -> Pair:
        """A file that says all it has to say by being there."""
        return path, os.path.join(self._folder, "some" if os.path.exists(path) else "none")

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


def sweep_notes(environ: Env) -> None:
    """Remove what ranks noted in this node's memory for their neighbours, once it is of no use.

    Only the shell writes and reads them: `leave_note` in `shell/autoenv-hpc`. The lock of one
    who was killed in his turn goes with them.
    """
    import glob  # noqa: PLC0415 - only a cleaning looks for them

    for folder in folders.of_node(environ):
        for path in glob.glob(f"{glob.escape(folder)}/autoenv-hpc.{os.getuid()}.*"):
            with contextlib.suppress(OSError):
                found = os.lstat(path)
                if found.st_uid == os.getuid() and found.st_mtime < time.time() - _NOTE_LIFE:
                    os.unlink(path)


def unsettled(modified: int) -> float:
    """The seconds for which a file may still be written again without getting another time; or 0.

    :param modified: nanoseconds since the epoch, by the file system's clock.
    """
    is_coarse = modified % _SECOND == 0  # a file system that counts in seconds
    trusted = modified + (2 * _SECOND if is_coarse else _TICK)
    return max(0, trusted - time.time_ns()) / _SECOND


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


def details(path: str) -> str:
    """The file beside an activation that tells people what it was made from."""
    found = re.search(rb"variant (\w+)", _headline(path))
    folder, name = os.path.split(path)
    variant = found[1].decode() if found else "unknown"
    return os.path.join(folder, f"{variant}.{name.partition('.')[2]}.json")


def put(cache: str, suffix: str, document: Document, text: str) -> str:
    """Store an activation as the newest, in place of the one that started from the same state.

    :param document: what `text` says; it is kept beside it as JSON, for people.
    :raises OSError: the cache cannot be written.
    """
    root, variant = document.root, document.variant
    where = folder(cache, root)
    for path in _steps(os.path.join(cache, "activations"), root):
        folders.make_private(path)
    paths = list(slots(cache, root, suffix))
    known = variant.encode()
    same = next((i for i, path in enumerate(paths) if known in _headline(path)), None)
    if same is None:
        same = next((i for i, path in enumerate(paths) if not os.path.exists(path)), SLOTS - 1)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(details(paths[same]))  # of the oldest, which goes
    temporary = os.path.join(where, f"{os.getpid()}.{suffix}.new")
    with open(temporary, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(os.fsencode(text))
        file.flush()
        os.fsync(file.fileno())  # a crash must not leave an empty file that fits every state
    described = json.dumps(document._asdict()).encode()
    folders.write_atomically(
        os.path.join(where, f"{variant}.{suffix}.json"), described, lasting=False
    )
    os.utime(temporary, ns=(SEAL, SEAL))
    for i in range(same, 0, -1):
        _rename(paths[i - 1], paths[i])
    os.rename(temporary, paths[0])
    return paths[0]


def _steps(base: str, root: str) -> Iterable[str]:
    yield base
    path = base
    for part in root.split("/")[1:]:
        path = f"{path}/{part}"
        yield path


def _headline(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.readline(200)
    except OSError:
        return b""


def _rename(old: str, new: str) -> None:
    try:
        os.rename(old, new)
    except FileNotFoundError:
        pass  # another process has moved it just now
