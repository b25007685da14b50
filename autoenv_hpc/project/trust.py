"""The user's decision about each configuration."""

import os
import stat
from typing import Literal, NamedTuple

from autoenv_hpc.errors import TrustError
from autoenv_hpc.guards import Guards
from autoenv_hpc.system import folders
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


def judge(file: str, data: bytes, pre: PreApproved, state: str) -> Verdict:
    """Judge the content of a configuration, read from `file`. A denial always wins.

    :param state: the user's folder of decisions.
    """
    allowed, denied = _record(state, "allow", file, data), _record(state, "deny", file, b"")
    both, only_denied = Guards.on_files((allowed, denied)), Guards.on_files((denied,))
    fault = _fault(state)
    if fault:
        return Verdict("unknown", both, f"{state} is not read: {fault}")
    if os.path.exists(denied):
        return Verdict("denied", both)
    if os.path.exists(allowed):
        return Verdict("allowed", only_denied._replace(present={allowed: "anything"}))
    if _is_pre_approved(file, pre):
        return Verdict("allowed", only_denied)
    return Verdict("unknown", both)


def allow(file: str, data: bytes, state: str, *, force: bool = False) -> None:
    """Allow exactly this content at this path.

    :param state: the user's folder of decisions.
    :raises TrustError: every user can write to the file or its folder.
    """
    if not force:
        for path in (file, os.path.dirname(file)):
            if os.stat(path).st_mode & stat.S_IWOTH:
                raise TrustError(
                    f"{path}: every user of this machine can write to it"
                    " (run `chmod o-w` on it, or `autoenv-hpc allow --force`)"
                )
    _write(_record(state, "allow", file, data), file)
    _forget(_record(state, "deny", file, b""))


def deny(file: str, state: str) -> None:
    """Deny this path, whatever its content, until the user allows it again."""
    _write(_record(state, "deny", file, b""), file)


def _record(folder: str, kind: str, file: str, data: bytes) -> str:
    name = os.path.join(os.path.realpath(os.path.dirname(file)), os.path.basename(file))
    both = os.fsencode(name) + b"\0" + data
    return os.path.join(folder, kind, blake2b(both, digest_size=32).hexdigest())


def _fault(folder: str) -> str | None:
    for path in (folder, os.path.join(folder, "allow"), os.path.join(folder, "deny")):
        if os.path.exists(path):
            fault = folders.exposed(path)
            if fault:
                return fault
    return None


def _write(record: str, file: str) -> None:
    folder = os.path.dirname(record)
    try:
        folders.make_private(os.path.dirname(folder))
        folders.make_private(folder)
        folders.write_atomically(record, os.fsencode(file) + b"\n")
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


def _is_pre_approved(file: str, pre: PreApproved) -> bool:
    if not pre.paths and not pre.groups:
        return False
    real = os.path.realpath(file)
    status, parent = os.stat(real), os.stat(os.path.dirname(real))
    if (status.st_mode | parent.st_mode) & stat.S_IWOTH:
        return False
    if any(
        os.path.commonpath([os.path.realpath(p), real]) == os.path.realpath(p) for p in pre.paths
    ):
        return True
    return bool(pre.groups) and _group_name(status.st_gid) in pre.groups


def _group_name(gid: int) -> str:
    import grp  # noqa: PLC0415 - only if a site approves groups

    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
