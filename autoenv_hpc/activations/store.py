"""The store of activations, one folder for each project.

CACHE/activations/PROJECT'S/PATH/0.bash             the project's newest activation for bash
CACHE/activations/PROJECT'S/PATH/VARIANT.bash.json  its fields, for `cache list` and `cache check`
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
    root, variant = activation.root, activation.variant
    project_folder = folder(cache, root)
    for path in _folders_down(os.path.join(cache, "activations"), root):
        make_private(path)
    paths = list(slots(cache, root, suffix))
    name = variant.encode()
    slot = next((i for i, path in enumerate(paths) if name in _headline(path)), None)
    if slot is None:
        slot = next((i for i, path in enumerate(paths) if not os.path.exists(path)), SLOTS - 1)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(details_path(paths[slot]))  # the oldest activation, if there is no free slot
    temporary = os.path.join(project_folder, f"{os.getpid()}.{suffix}.new")
    with open(temporary, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(os.fsencode(text))
        file.flush()
        # an empty file after a crash would count as an activation without guards
        os.fsync(file.fileno())
    fields = json.dumps(activation.as_json()).encode()
    json_path = os.path.join(project_folder, f"{variant}.{suffix}.json")
    write_atomically(json_path, fields, lasting=False)
    os.utime(temporary, ns=(SEAL, SEAL))
    for i in range(slot, 0, -1):
        _rename(paths[i - 1], paths[i])
    os.rename(temporary, paths[0])
    return paths[0]


def forget(cache: str, root: str) -> None:
    """Remove the activations of one project, but not those of projects in its subfolders."""
    with contextlib.suppress(OSError), os.scandir(folder(cache, root)) as entries:
        for entry in entries:
            if entry.is_file(follow_symlinks=False) and _OURS.fullmatch(entry.name):
                os.unlink(entry.path)


def _folders_down(base: str, root: str) -> Iterable[str]:
    """The folders from the base down to the one of a project."""
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
        pass  # another process has moved it
