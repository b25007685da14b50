"""The programs on a search path."""

import os
from collections.abc import Iterator

from autoenv_hpc.environment import Env
from autoenv_hpc.system import files

SHIM = "# autoenv-hpc: a shim"  # its second line; shell/autoenv-hpc knows it too


def on_path(
    names: tuple[str, ...], environ: Env, *, first_folder_only: bool = False
) -> Iterator[str]:
    """The programs with these names, folder by folder; the folders of modules come first.

    A shim is none of them: what it runs is found behind it.
    """
    for folder in environ.get("PATH", os.defpath).split(":"):
        matches = [p for name in names if is_program(p := os.path.join(folder or ".", name))]
        yield from matches
        if matches and first_folder_only:
            return


def is_program(path: str) -> bool:
    """Whether a file may be executed, and is no shim."""
    return os.path.isfile(path) and os.access(path, os.X_OK) and not is_shim(path)


def is_shim(path: str) -> bool:
    """Whether `autoenv-hpc shim` has written this file."""
    try:
        return b"\n%b\n" % SHIM.encode() in files.read_head(path, 64)
    except OSError:
        return False
