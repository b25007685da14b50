"""The formats of `export` for editors, which change the variables that they have now."""

import base64
import json
import zlib
from collections.abc import Iterable
from typing import NamedTuple

from autoenv_hpc import entry
from autoenv_hpc.activations import active, leaving
from autoenv_hpc.context import Context
from autoenv_hpc.environment import Change, Env
from autoenv_hpc.project import config, project
from autoenv_hpc.shells.dialect import settable

FORMATS = ("direnv", "vim")
_WATCHES = "DIRENV_WATCHES"  # the files of which a client asks to be told


class Step(NamedTuple):
    """What leads from the caller's variables to those that the folder's project asks for."""

    change: Change
    watched: tuple[str, ...] = ()  # the files on which it depends


def governing_file(context: Context) -> str | None:
    """The configuration that governs, if there is one."""
    settings = config.settings(context.environ, context.folders)
    starts = context.starts
    return next((f for s in starts if (f := project.find(s, context.folders, settings))), None)


def step(context: Context) -> Step:
    """Enter the project that governs, or leave the one that is active.

    :raises Problem: the project cannot be entered, or the other one cannot be left.
    """
    environ, inherited = context.environ, active.active_project(context.environ)
    if governing_file(context) is None:
        return leaving_step(environ)
    chosen = entry.choose_project(context)
    is_same = inherited and (inherited.root, inherited.origin) == (chosen.root, chosen.origin)
    if inherited and is_same and inherited.change.holds_in(environ):
        return Step(Change())
    compiled = entry.compile_and_store(context, chosen)
    change = _settable(Change.between(environ, compiled.env))
    return Step(change, tuple(chosen.guards.files) if change else ())


def leaving_step(environ: Env, watched: Iterable[str] = ()) -> Step:
    """Leave the active project, if there is one.

    :raises Problem: it cannot be left.
    """
    outside = leaving.outside(environ, active.active_project(environ))
    return Step(_settable(Change.between(environ, outside)), tuple(watched))


def _settable(change: Change) -> Change:
    return Change((name, value) for name, value in change.items() if settable(name))


def text(done: Step, output_format: str, environ: Env) -> str:
    """The change in one of the formats.

    :param environ: the caller's variables.
    """
    return _as_vim(done.change) if output_format == "vim" else _as_direnv(done, environ)


def _as_direnv(done: Step, environ: Env) -> str:
    """What `direnv export json` prints: new values, and `null` for what is unset.

    Where direnv itself is active, it watches files of its own.
    """
    values: dict[str, str | None] = done.change.afters
    if "DIRENV_DIFF" not in environ:
        if done.watched:
            values[_WATCHES] = _packed([{"path": path} for path in done.watched])
        elif values and _WATCHES in environ:
            values[_WATCHES] = None
    return json.dumps(values, ensure_ascii=False) + "\n" if values else ""


def _packed(value: object) -> str:
    """A value as direnv packs it into a variable."""
    return base64.urlsafe_b64encode(zlib.compress(json.dumps(value).encode())).decode()


def _as_vim(change: Change) -> str:
    """Lines for Vim. Before 8.0.1832 it cannot unset a variable, which is then empty."""
    lines = []
    for name, (_, after) in change.items():
        if after is not None:
            lines.append(f"let ${name}={_in_vim(after)}")
            continue
        unset, empty = f"'unlet! ${name}'", f"""'let ${name}=""'"""
        lines.append(f"exe has('nvim') || has('patch-8.0.1832') ? {unset} : {empty}")
    return "".join(f"{line}\n" for line in lines)


def _in_vim(value: str) -> str:
    """The value as a string of Vim on one line (`:help literal-string`, `:help string`)."""
    if "\n" not in value and "\r" not in value:
        return "'" + value.replace("'", "''") + "'"
    for char, escape in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r")):
        value = value.replace(char, escape)
    return f'"{value}"'
