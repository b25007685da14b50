"""Compiled activations on disk: the folder of each project, with its slots.

CACHE/activations/PROJECT'S/PATH/0.bash            the newest activation of the project for bash
CACHE/activations/PROJECT'S/PATH/VARIANT.bash.json what it was made from, for people
"""

import contextlib
import json
import os
import re
from collections.abc import Iterable, Iterator

from autoenv_hpc.activation import Activation
from autoenv_hpc.activations.stamps import SEAL
from autoenv_hpc.system.folders import make_private, write_atomically

SLOTS = 8
_OURS = re.compile(r"\w+\.(bash|bash4|zsh|fish)(\.json)?")


def slots(cache: str, root: str, suffix: str) -> Iterator[str]:
    """The files of a project's activations for one dialect, the newest first, there or not."""
    for number in range(SLOTS):
        yield os.path.join(folder(cache, root), f"{number}.{suffix}")


def folder(cache: str, root: str) -> str:
    """Where the activations of a project are kept."""
    return os.path.join(cache, "activations") + root


def details(path: str) -> str:
    """The file beside an activation that says, for people, what it was made from."""
    found = re.search(rb"variant (\w+)", _headline(path))
    where, name = os.path.split(path)
    variant = found[1].decode() if found else "unknown"
    return os.path.join(where, f"{variant}.{name.partition('.')[2]}.json")


def put(cache: str, suffix: str, activation: Activation, text: str) -> str:
    """Store an activation as the newest, in place of the one that started from the same state.

    :param text: the activation as its shell reads it; its fields go beside it as JSON.
    :raises OSError: the cache cannot be written.
    """
    root, variant = activation.root, activation.variant
    where = folder(cache, root)
    for path in _steps(os.path.join(cache, "activations"), root):
        make_private(path)
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
    described = json.dumps(activation.as_json()).encode()
    write_atomically(os.path.join(where, f"{variant}.{suffix}.json"), described, lasting=False)
    os.utime(temporary, ns=(SEAL, SEAL))
    for i in range(same, 0, -1):
        _rename(paths[i - 1], paths[i])
    os.rename(temporary, paths[0])
    return paths[0]


def forget(cache: str, root: str) -> None:
    """Remove the activations of one project; those of projects inside of it stay."""
    with contextlib.suppress(OSError), os.scandir(folder(cache, root)) as entries:
        for entry in entries:
            if entry.is_file(follow_symlinks=False) and _OURS.fullmatch(entry.name):
                os.unlink(entry.path)


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
