"""The user's decision about each configuration."""

import os
import stat
from collections.abc import Mapping
from typing import Literal, NamedTuple

from autoenv_hpc.errors import TrustError
from autoenv_hpc.guards import Guards
from autoenv_hpc.system import files, folders, json_cache
from autoenv_hpc.system.digests import blake2b


class PreApproved(NamedTuple):
    """What the user's or the system's configuration allows in advance."""

    paths: tuple[str, ...] = ()  # absolute; each with everything below it
    groups: tuple[str, ...] = ()  # names of Unix groups that own the file


Word = Literal["allowed", "denied", "unknown"]


class Verdict(NamedTuple):
    """The decision about one file, and the conditions under which it stays the same."""

    word: Word
    guards: Guards
    reason: str = ""
    edited: str = ""  # what has changed of the files that belong to an allowed one
    rule: str = "you allowed it"  # what allows it, if it is allowed


def judge(
    file: str, data: bytes, pre: PreApproved, state: str, belongings: Mapping[str, str]
) -> Verdict:
    """Judge the content of a configuration, read from `file`. A denial always wins.

    :param state: the user's folder of decisions.
    :param belongings: the files that must be as they were allowed, with their digests.
    """
    allowed, denied = _record(state, "allow", file, data), _record(state, "deny", file, b"")
    both, only_denied = Guards.on_files((allowed, denied)), Guards.on_files((denied,))
    fault = _fault(state)
    if fault:
        return Verdict("unknown", both, f"{state} is not read: {fault}")
    if os.path.lexists(denied):
        return Verdict("denied", both)
    known = _allowed_belongings(allowed)
    if known is not None:
        edited = [
            path
            for path in (belongings.keys() | known.keys())
            if belongings.get(path) != known.get(path)
        ]
        if edited:
            first, more = min(edited), f" and {len(edited) - 1} more" if edited[1:] else ""
            return Verdict("unknown", both, edited=f"{first}{more}")
        return Verdict("allowed", only_denied._replace(present={allowed: "file"}))
    rule = _approving_rule(file, pre)
    if rule:
        return Verdict("allowed", only_denied, rule=rule)
    return Verdict("unknown", both)


def allow(
    file: str, data: bytes, state: str, belongings: Mapping[str, str] = {}, *, force: bool = False
) -> None:
    """Allow exactly this content at this path.

    :param state: the user's folder of decisions.
    :param belongings: the files that belong to it, with their digests.
    :raises TrustError: every user can write to the file or its folder.
    """
    if not force:
        for path in (file, os.path.dirname(file)):
            if os.stat(path).st_mode & stat.S_IWOTH:
                raise TrustError(
                    f"{path}: every user of this machine can write to it"
                    " (run `chmod o-w` on it, or `autoenv-hpc allow --force`)"
                )
    record = _record(state, "allow", file, data)
    _write(record, json_cache.pack(os.path.basename(record), [file, belongings]))
    _forget(_record(state, "deny", file, b""))


def deny(file: str, state: str) -> None:
    """Deny this path, whatever its content, until the user allows it again."""
    _write(_record(state, "deny", file, b""), os.fsencode(file) + b"\n")


def _record(folder: str, kind: str, file: str, data: bytes) -> str:
    name = os.path.join(os.path.realpath(os.path.dirname(file)), os.path.basename(file))
    both = os.fsencode(name) + b"\0" + data
    return os.path.join(folder, kind, blake2b(both, digest_size=32).hexdigest())


def _allowed_belongings(record: str) -> Mapping[str, str] | None:
    """The files that were allowed together with a configuration; None if it was not allowed."""
    try:
        data = files.read_own(record)
        if data.startswith(b"/") and data.endswith(b"\n"):  # of a version before 0.2
            return {}
        _, belongings = json_cache.unpack(os.path.basename(record), data)
    except (OSError, ValueError):
        return None
    return dict(belongings)


def _fault(folder: str) -> str | None:
    """Why the records cannot be believed, or could have been taken away."""
    try:
        for path in (folder, os.path.join(folder, "allow"), os.path.join(folder, "deny")):
            why = folders.exposed(path) if os.path.lexists(path) else folders.replaceable(path)
            if why:
                return why
    except OSError as error:
        return str(error.strerror)
    return None


def _write(record: str, data: bytes) -> None:
    folder = os.path.dirname(record)
    try:
        folders.make_private(folder)
        folders.write_atomically(record, data)
    except OSError as error:
        raise TrustError(
            f"{folder}: cannot be written: {error.strerror}"
            " (set AUTOENV_HPC_STATE_DIR to another folder)"
        ) from error


def _forget(record: str) -> None:
    try:
        os.unlink(record)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise TrustError(f"{record}: cannot be removed: {error.strerror}") from error


def _approving_rule(file: str, pre: PreApproved) -> str:
    """The rule that allows a configuration in advance, if nobody else can have put it there."""
    if not pre.paths and not pre.groups:
        return ""
    real = os.path.realpath(file)
    status, parent = os.stat(real), os.stat(os.path.dirname(real))
    if (status.st_mode | parent.st_mode) & stat.S_IWOTH:
        return ""
    for folder in map(os.path.realpath, pre.paths):
        if _is_from_owner(real, folder):
            return f"[trust] paths has {folder}"
    group = _group_name(status.st_gid) if pre.groups else None
    return f"[trust] groups has {group}" if group in pre.groups else ""


def _is_from_owner(real: str, folder: str) -> bool:
    """Whether a file is below a folder, and its owner, this user or root made all on the way."""
    if os.path.commonpath([folder, real]) != folder or not os.path.exists(folder):
        return False
    trusted = {0, os.getuid(), os.stat(folder).st_uid}
    path = real
    while path != folder:
        status = os.lstat(path)
        if status.st_uid not in trusted or status.st_mode & stat.S_IWOTH:
            return False
        path = os.path.dirname(path)
    return True


def _group_name(gid: int) -> str:
    import grp  # noqa: PLC0415 - only if a site approves groups

    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
