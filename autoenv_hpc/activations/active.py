"""`AUTOENV_HPC_STATE`: what undoing needs, in one exported string.

JSON, compressed and in base64, so that a nested shell or another node can undo too. Long values
that are no search path are kept as a digest, since they are only ever compared with what is there.
"""

import binascii
import json
import zlib
from typing import NamedTuple

from autoenv_hpc.environment import Change, Env, Value, is_search_path
from autoenv_hpc.errors import Problem
from autoenv_hpc.system.digests import blake2b

NAME = "AUTOENV_HPC_STATE"
_LIMIT = 131_071 - len(NAME) - 2  # bytes of one string, NAME=… with its NUL (Linux: MAX_ARG_STRLEN)
_LONG = 40  # characters; a digest takes 17


class ActiveProject(NamedTuple):
    """What is active: where it is, what it was made from, what it changed."""

    root: str
    name: str
    origin: str  # digest of the configuration, the site and the named environment
    change: Change  # without AUTOENV_HPC_STATE itself
    modules: tuple[str, ...] = ()  # that entering loaded
    displaced: tuple[str, ...] = ()  # that entering displaced
    paths: tuple[str, ...] = ()  # of MODULEPATH, that exist only because of us


def encode(project: ActiveProject) -> str:
    """The string for the environment.

    :raises Problem: the environment is larger than one exported string can hold.
    """
    change = {name: [v.before, _brief(name, v.after)] for name, v in project.change.items()}
    fields = [2, *project[:3], change, *project[4:]]
    text = json.dumps(fields, separators=(",", ":")).encode()
    packed = _in_base64(zlib.compress(text, 9))
    if len(packed) > _LIMIT:
        raise Problem("the environment is too large to be kept for leaving")
    return packed


def active_project(env: Env) -> ActiveProject | None:
    """What is active in this environment, as far as the string can be read.

    A value that was kept as a digest is the present one if the digest agrees, so that comparing
    with the environment tells the truth.
    """
    packed = env.get(NAME)
    if not packed:
        return None
    try:
        fields = json.loads(zlib.decompress(binascii.a2b_base64(packed)))
        version, root, name, origin, change, modules, displaced, paths = fields
    except (ValueError, zlib.error):
        return None
    if version != 2:  # noqa: PLR2004 - the format's own number
        return None
    values = Change(
        (n, Value(before, _long(after, env.get(n)))) for n, (before, after) in change.items()
    )
    values[NAME] = Value(None, packed)
    lists = (tuple(modules), tuple(displaced), tuple(paths))
    return ActiveProject(root, name, origin, values, *lists)


def without_project(env: Env) -> Env:
    """The variables with the change of an active project undone, whatever became of its modules."""
    project = active_project(env)
    return project.change.undone_in(env) if project else env


def _brief(name: str, value: str | None) -> str | list[str] | None:
    if value is None or len(value) <= _LONG or is_search_path(name):
        return value
    return [_digest(value)]


def _long(value: str | list[str] | None, now: str | None) -> str | None:
    if not isinstance(value, list):
        return value
    return now if now is not None and value == [_digest(now)] else "\0changed since"


def _digest(value: str) -> str:
    return _in_base64(blake2b(value.encode(errors="surrogateescape"), digest_size=12).digest())


def _in_base64(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode()  # as `base64`, and no import more
