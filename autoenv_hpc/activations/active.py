"""`AUTOENV_HPC_STATE`: the active project, in one exported variable.

The variable contains all that leaving needs, so a nested shell or a shell on another node can
leave too. Its value is compressed JSON in base64. A long value that cannot be a search path becomes
a digest, since leaving only compares it with the present value.
"""

import binascii
import json
import os
import zlib
from typing import NamedTuple

from autoenv_hpc.environment import Change, Env, Value, is_search_path
from autoenv_hpc.errors import Problem
from autoenv_hpc.modules.bookkeeping import Module, is_bookkeeping
from autoenv_hpc.system.digests import blake2b

NAME = "AUTOENV_HPC_STATE"
_LIMIT = 131_071 - len(NAME) - 2  # bytes of one string, NAME=… with its NUL (Linux: MAX_ARG_STRLEN)
_MOST = 1 << 24  # bytes of JSON in it; a large one unpacks to some 100 kB
_LONG = 40  # characters; a digest takes 17
_FORMAT = 3
_FIRST = 2  # the format of 0.1.0, in which modules have no files
RECORDED = (  # show whether the user has activated something else
    *("VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT"),
    *("CONDA_PREFIX", "CONDA_SHLVL", "CONDA_DEFAULT_ENV", "CONDA_PROMPT_MODIFIER"),
)


class ActiveProject(NamedTuple):
    """The project that is active in an environment, with the change that leaving undoes."""

    root: str
    name: str
    origin: str  # digest of the configuration, the site and the named environment
    # All variables but AUTOENV_HPC_STATE. Those in RECORDED are there even if they are unchanged;
    # if modules are loaded, the module tool's state is too.
    change: Change
    modules: tuple[Module, ...] = ()  # modules that entering loaded
    displaced: tuple[Module, ...] = ()  # modules that entering unloaded
    paths: tuple[str, ...] = ()  # entries that entering added to MODULEPATH
    rest: Change = Change()  # the last part of the change, after the modules; empty without modules


def encode(project: ActiveProject) -> str:
    """The value of the variable.

    :raises Problem: the value is longer than an exported variable can be.
    """
    changes = (project.change, project.rest)
    change, rest = (
        {name: [value.before, _shortened(name, value.after)] for name, value in part.items()}
        for part in changes
    )
    fields = [_FORMAT, *project[:3], change, *project[4:7], rest]
    text = json.dumps(fields, separators=(",", ":")).encode()
    packed = _in_base64(zlib.compress(text, 9))
    if len(packed) > _LIMIT:
        raise Problem(
            f"entering changes too many variables: {NAME} exceeds 128 KiB (load fewer modules)"
        )
    return packed


def active_project(env: Env) -> ActiveProject | None:
    """The active project; None if there is none or its variable cannot be read.

    If the present value has the same digest, it replaces the digest. Otherwise a value that no
    variable can have does.
    """
    packed = env.get(NAME)
    if not packed:
        return None
    try:
        version, *fields = json.loads(_unpacked(packed))
        if version == _FIRST:
            files = ([(name, "") for name in names] for names in fields[4:6])
            fields = [*fields[:4], *files, fields[6], {}]
        root, name, origin, change, modules, displaced, paths, rest = fields
        ours, theirs = (tuple(Module(*pair) for pair in pairs) for pairs in (modules, displaced))
        parts = [{n: Value(*pair) for n, pair in part.items()} for part in (change, rest)]
        texts = [root, name, origin, *paths, *(text for module in ours + theirs for text in module)]
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError, zlib.error):
        return None
    is_whole = version in (_FIRST, _FORMAT) and all(isinstance(text, str) for text in texts)
    if not is_whole or not all(all(map(_is_entry, part, part.values())) for part in parts):
        return None
    whole, last = (
        Change((n, Value(v.before, _full(v.after, env.get(n)))) for n, v in part.items())
        for part in parts
    )
    whole[NAME] = Value(None, packed)
    return ActiveProject(root, name, origin, whole, ours, theirs, tuple(paths), last)


def _unpacked(packed: str) -> bytes:
    """The JSON in the variable.

    :raises ValueError: this is no base64, or far more than entering ever writes.
    :raises zlib.error: what it holds is damaged.
    """
    unpacker = zlib.decompressobj()
    text = unpacker.decompress(binascii.a2b_base64(packed, strict_mode=True), _MOST)
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError
    return text


def _is_entry(name: str, value: Value) -> bool:
    """Whether a variable can have this name and change; a list holds the digest of a long value."""
    if not name or "=" in name or "\0" in name:
        return False
    before, after = value
    if isinstance(after, list):
        after = after[0] if len(after) == 1 else after
    return all(
        text is None or (isinstance(text, str) and "\0" not in text) for text in (before, after)
    )


def kept_env(env: Env, root: str) -> str | None:
    """The named environment that whoever enters the active project again keeps.

    :param root: the project that is entered, perhaps behind a link.
    """
    project = active_project(env)
    is_same = project is not None and project.root == os.path.realpath(root)
    return (env.get("AUTOENV_HPC_ENV") or None) if is_same else None


def without_project(env: Env) -> Env:
    """The variables with the change of the active project undone. No module tool runs."""
    project = active_project(env)
    return project.change.undone_in(env) if project else env


def _shortened(name: str, value: str | None) -> str | list[str] | None:
    if value is None or len(value) <= _LONG or is_search_path(name):
        return value
    if "/" in value and " " not in value and not is_bookkeeping(name):
        return value  # the user may add to it
    return [_digest(value)]


def _full(value: str | list[str] | None, present: str | None) -> str | None:
    if not isinstance(value, list):
        return value
    is_unchanged = present is not None and value == [_digest(present)]
    return present if is_unchanged else "\0changed since"


def _digest(value: str) -> str:
    return _in_base64(blake2b(value.encode(errors="surrogateescape"), digest_size=12).digest())


def _in_base64(data: bytes) -> str:
    return binascii.b2a_base64(
        data, newline=False
    ).decode()  # `base64` does the same, but costs an import
