"""The store of activations, one folder for each project.

CACHE/activations/PROJECT'S/PATH/0.bash             the project's newest activation for bash
CACHE/activations/PROJECT'S/PATH/VARIANT.bash.json  its fields, for `cache list` and `cache check`
CACHE/activations/PROJECT'S/PATH/0.sh.export        the newest text of `export --format sh`
"""

import contextlib
import os
import re
from collections.abc import Iterator

from autoenv_hpc.activation import Activation
from autoenv_hpc.activations.stamps import SEAL
from autoenv_hpc.system import files, json_cache
from autoenv_hpc.system.folders import make_private, write_atomically
from autoenv_hpc.system.removal import clear_folder, remove_files

SLOTS = 8
_SUFFIX = r"(bash|bash4|zsh|fish|[a-z]+\.export)"
_OURS = re.compile(
    rf"(\d\.{_SUFFIX}|\d+\.{_SUFFIX}\.new(\.\d+\.[0-9a-f]{{8}})?"
    rf"|[0-9a-z]+\.{_SUFFIX}\.json(\.\d+\.[0-9a-f]{{8}})?)"
)


def slots(cache: str, root: str, suffix: str) -> Iterator[str]:
    """The paths of a project's activations in one dialect, the newest first; some may not exist."""
    for number in range(SLOTS):
        yield os.path.join(folder(cache, root), f"{number}.{suffix}")


def folder(cache: str, root: str) -> str:
    """The folder with the activations of a project."""
    return os.path.join(cache, "activations") + root


def details_path(path: str) -> str:
    """The path of the JSON file with the fields of an activation."""
    match = re.search(rb"variant (\w+)", _headline(path))
    project_folder, name = os.path.split(path)
    variant = match[1].decode() if match else "unknown"
    return os.path.join(project_folder, f"{variant}.{name.partition('.')[2]}.json")


def put(cache: str, suffix: str, activation: Activation, text: str) -> str:
    """Store an activation as the newest. It replaces the one of the same variant, or the oldest.

    :param text: the activation in its dialect; its fields are also stored, as JSON.
    :returns: the path of the activation.
    :raises OSError: the cache is not writable.
    """
    way, variant = activation.way, activation.variant
    project_folder = folder(cache, way)
    make_private(project_folder)
    paths = list(slots(cache, way, suffix))
    name = variant.encode()
    slot = next((i for i, path in enumerate(paths) if name in _headline(path)), None)
    if slot is None:
        slot = next((i for i, path in enumerate(paths) if not os.path.exists(path)), SLOTS - 1)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(details_path(paths[slot]))  # the oldest activation, if there is no free slot
    details = os.path.join(project_folder, f"{variant}.{suffix}.json")
    fields = json_cache.pack(os.path.basename(details), activation.as_json())
    write_atomically(details, fields, lasting=False)
    temporary = os.path.join(project_folder, f"{os.getpid()}.{suffix}.new")
    try:
        # an empty file after a crash would count as an activation without guards
        write_atomically(temporary, os.fsencode(text))
        os.utime(temporary, ns=(SEAL, SEAL))
        for i in range(slot, 0, -1):
            _rename(paths[i - 1], paths[i])
        os.rename(temporary, paths[0])
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    return paths[0]


def texts(cache: str) -> Iterator[bytes]:
    """The texts of all stored activations."""
    for place, _, names in os.walk(os.path.join(cache, "activations")):
        for name in names:
            if not name.endswith(".json"):
                with contextlib.suppress(OSError):
                    yield files.read_own(os.path.join(place, name))


def forget(cache: str, root: str) -> None:
    """Remove the activations of one project, but not those of projects in its subfolders."""
    with contextlib.suppress(OSError):
        remove_files(folder(cache, root), _is_ours)


def clear(cache: str) -> None:
    """Remove all activations. Other files in the same folders stay.

    :raises OSError: an activation cannot be removed.
    """
    for place, _, _ in os.walk(os.path.join(cache, "activations"), topdown=False):
        clear_folder(place, _is_ours)


def _is_ours(entry: "os.DirEntry[str]") -> bool:
    return _OURS.fullmatch(entry.name) is not None


def _headline(path: str) -> bytes:
    try:
        return files.read_own(path).partition(b"\n")[0]
    except OSError:
        return b""


def _rename(old: str, new: str) -> None:
    try:
        os.rename(old, new)
    except FileNotFoundError:
        pass  # another process has moved it
