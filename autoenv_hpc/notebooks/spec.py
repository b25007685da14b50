"""The file that tells Jupyter how to start a project's kernel, `kernel.json`."""

import contextlib
import json
import os
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import Problem
from autoenv_hpc.system import files, folders

VARIABLE = "AUTOENV_HPC_KERNEL"  # tells `exec` that it starts a kernel, and in which language
_FILE = "kernel.json"
_MARK = "autoenv-hpc"  # our own part of the metadata
_NAME = re.compile(r"[a-z0-9._-]+")  # what Jupyter accepts; it turns capitals into small letters


class Kernel(NamedTuple):
    """A kernel that starts in a project."""

    name: str  # by which Jupyter knows it
    display_name: str
    language: str
    project: str  # its folder
    env: str | None  # the named environment
    site: str | None  # the site if the user chose one
    program: str  # the absolute path of our command, since Jupyter may have another PATH
    command: tuple[str, ...]  # what starts it inside the project


def folder(environ: Env, home: str, prefix: str | None = None) -> str:
    """The folder that holds the user's kernels, or those below a prefix (`jupyter --paths`)."""
    data = environ.get("JUPYTER_DATA_DIR")
    if prefix is not None:
        data = os.path.join(prefix, "share/jupyter")
    elif not data:
        base = environ.get("XDG_DATA_HOME") or os.path.join(home, ".local/share")
        data = os.path.join(base, "jupyter")
    return os.path.join(data, "kernels")


def safe_name(text: str) -> str:
    """A name that Jupyter accepts, made from any text.

    :raises Problem: nothing is left of it.
    """
    name = _without_others(text)
    if not name:
        raise Problem(f"{text}: Jupyter has no such letters in names (choose one with --name)")
    return name


def _without_others(text: str) -> str:
    return re.sub(r"[^a-z0-9._]+", "-", text.lower()).strip("-.")


def check_name(name: str) -> None:
    """Check a name that the user chose.

    :raises Problem: Jupyter would not accept it.
    """
    if not _NAME.fullmatch(name) or not name.strip("."):
        raise Problem(
            f"--name {name}: Jupyter takes small letters a-z, digits, `.`, `-` and `_`"
            f" (for example {_without_others(name) or 'my-project'})"
        )


def install(kernels: str, kernel: Kernel) -> str:
    """Write a kernel, over one of the same project; return the path of its file.

    :param kernels: the folder of all kernels.
    :raises Problem: it cannot be written, or its place is taken.
    """
    path = os.path.join(kernels, kernel.name, _FILE)
    present = _read(path)
    if present is None and os.path.lexists(path):
        raise Problem(f"{path} is not from autoenv-hpc (choose another name with --name)")
    if present is not None and present.project != kernel.project:
        raise Problem(
            f"{path} belongs to {present.project} (choose another name with --name,"
            f" or run `autoenv-hpc kernel remove {kernel.name}` first)"
        )
    text = json.dumps(_content(kernel), indent=1, ensure_ascii=False) + "\n"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        data = text.encode(errors="surrogateescape")
        folders.write_atomically(path, data, mode=0o666)  # a group reads it, as far as umask says
    except OSError as error:
        raise Problem(f"{path}: cannot be written: {error.strerror}") from error
    return path


def _content(kernel: Kernel) -> dict[str, Any]:
    start = [kernel.program, "exec", "--project", kernel.project]
    start += ["--site", kernel.site] if kernel.site else []
    start += ["--env", kernel.env] if kernel.env else []
    metadata: dict[str, Any] = {"debugger": True} if kernel.language == "python" else {}
    return {
        "argv": [*start, "--", *kernel.command],
        "display_name": kernel.display_name,
        "language": kernel.language,
        "env": {VARIABLE: kernel.language},
        "interrupt_mode": "signal",
        "metadata": {
            **metadata,
            _MARK: {"project": kernel.project, "env": kernel.env, "site": kernel.site},
        },
    }


def installed(kernels: str) -> Iterator[Kernel]:
    """The kernels in a folder that are ours, by name."""
    with contextlib.suppress(OSError):
        for name in sorted(os.listdir(kernels)):
            kernel = _read(os.path.join(kernels, name, _FILE))
            if kernel is not None:
                yield kernel


def remove(kernels: str, name: str) -> None:
    """Remove a kernel of ours; other files in its folder stay.

    :raises Problem: there is none of this name, or it cannot be removed.
    """
    path = os.path.join(kernels, name, _FILE)
    if _read(path) is None:
        why = "is not from autoenv-hpc" if os.path.lexists(path) else "is no kernel"
        raise Problem(f"{os.path.dirname(path)} {why} (`autoenv-hpc kernel list` shows them)")
    try:
        os.unlink(path)
    except OSError as error:
        raise Problem(f"{path}: cannot be removed: {error.strerror}") from error
    with contextlib.suppress(OSError):  # the user may have put a logo there
        os.rmdir(os.path.dirname(path))


def _read(path: str) -> Kernel | None:
    """The kernel of a file; None if it is not ours."""
    try:
        found = json.loads(files.read(path))
        ours = found["metadata"][_MARK]
        argv = [str(word) for word in found["argv"]]
        return Kernel(
            name=os.path.basename(os.path.dirname(path)),
            display_name=str(found["display_name"]),
            language=str(found["language"]),
            project=str(ours["project"]),
            env=ours["env"],
            site=ours["site"],
            program=argv[0],
            command=tuple(argv[argv.index("--") + 1 :]),
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
