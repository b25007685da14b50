"""The store of activations, one folder for each project.

CACHE/activations/PROJECT'S/PATH/0.bash             the project's newest activation for bash
CACHE/activations/PROJECT'S/PATH/VARIANT.bash.json  its fields, for `cache list` and `cache check`
CACHE/activations/PROJECT'S/PATH/0.sh.export        the newest text of `export --format sh`
CACHE/activations/PROJECT'S/PATH/0.DRAWER.bash      a copy for callers with one PATH and one list of
                                                    modules, once a project has several activations
"""

import contextlib
import os
import re
from collections.abc import Iterator

from autoenv_hpc.activation import Activation, restored
from autoenv_hpc.activations.active import NAME as STATE
from autoenv_hpc.activations.stamps import SEAL
from autoenv_hpc.environment import Value
from autoenv_hpc.system import files, json_cache
from autoenv_hpc.system.folders import make_private, write_atomically
from autoenv_hpc.system.removal import clear_folder, remove_files

SLOTS = 8
_WITH_DRAWERS = ("bash", "bash4")  # which `exec` reads
_DRAWER_FILES = 128  # of one project and dialect; 50 callers have 100
_END = 60  # characters of a text that name a drawer
_DRAWER = r"\d+_\w+"
_SUFFIX = rf"({_DRAWER}\.)?(bash|bash4|zsh|fish|[a-z]+\.export)"
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
    details = os.path.join(project_folder, f"{variant}.{suffix}.json")
    fields = json_cache.pack(os.path.basename(details), activation.as_json())
    write_atomically(details, fields, lasting=False)
    path = _push(cache, way, suffix, variant, text)
    if suffix in _WITH_DRAWERS or suffix.endswith(".export"):
        _put_into_drawers(cache, suffix, activation, text)
    return path


def _push(cache: str, way: str, suffix: str, variant: str, text: str) -> str:
    paths = list(slots(cache, way, suffix))
    name = variant.encode()
    slot = next((i for i, path in enumerate(paths) if name in _headline(path)), None)
    if slot is None:
        slot = next((i for i, path in enumerate(paths) if not os.path.exists(path)), SLOTS - 1)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(details_path(paths[slot]))  # the oldest activation, if there is no free slot
    temporary = os.path.join(folder(cache, way), f"{os.getpid()}.{suffix}.new")
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


def _put_into_drawers(cache: str, suffix: str, activation: Activation, text: str) -> None:
    """Store it for callers with the PATH and the modules that it has outside, and inside.

    A project that has been entered from one place only needs no drawers.
    """
    way = activation.way
    others = [path for path in slots(cache, way, suffix) if os.path.exists(path)][1:]
    if not others:
        return
    if len(others) == 1 and not _in_drawers(cache, way, suffix):
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            older = restored_from(details_path(others[0]))
            _push_into_drawers(cache, suffix, older, os.fsdecode(files.read_own(others[0])))
    _push_into_drawers(cache, suffix, activation, text)
    with contextlib.suppress(OSError):  # another process was faster
        files_by_age = sorted(_in_drawers(cache, way, suffix), key=lambda e: e.stat().st_ctime_ns)
        for entry in files_by_age[:-_DRAWER_FILES]:
            os.unlink(entry.path)


def _push_into_drawers(cache: str, suffix: str, activation: Activation, text: str) -> None:
    for drawer in _drawers(activation):
        _push(cache, activation.way, f"{drawer}.{suffix}", activation.variant, text)


def _drawers(activation: Activation) -> set[str]:
    """The names of its drawers, as `shell/autoenv-hpc` computes them.

    None holds a text that is not ASCII, whose characters shells count by their locale. The state
    ends with a checksum.
    """
    outside = {**activation.guards.variables, **activation.change.befores}
    path, modules = outside.get("PATH") or "", outside.get("LOADEDMODULES") or ""
    state = activation.change.get(STATE, Value(None, None)).after or ""
    parts = (f"{len(path)}-{path[:_END]}", _end(path), str(len(modules)), _end(modules))
    names = ("-".join(parts) if path else "", f"{len(state)}-{_end(state)}" if state else "")
    return {re.sub("[^a-zA-Z0-9]", "_", name) for name in names if name and name.isascii()}


def _end(text: str) -> str:
    """The end of a text; bash takes none of one that is shorter."""
    return text[-_END:] if len(text) >= _END else ""


def _in_drawers(cache: str, way: str, suffix: str) -> "list[os.DirEntry[str]]":
    """The files in the drawers of one project and dialect."""
    name = re.compile(rf"\d\.{_DRAWER}\.{re.escape(suffix)}")
    with os.scandir(folder(cache, way)) as entries:
        return [entry for entry in entries if name.fullmatch(entry.name)]


def restored_from(path: str) -> Activation:
    """The activation with the fields in this file.

    :raises OSError: it cannot be read.
    :raises ValueError: it is damaged.
    :raises TypeError: it has other fields.
    :raises KeyError: it lacks a field.
    """
    return restored(json_cache.unpack(os.path.basename(path), files.read_own(path)))


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
