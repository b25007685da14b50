"""The programs on a search path."""

import os
from collections.abc import Iterator

from autoenv_hpc.environment import Env


def on_path(
    names: tuple[str, ...], environ: Env, *, first_folder_only: bool = False
) -> Iterator[str]:
    """The programs with these names, folder by folder; the folders of modules come first."""
    for folder in environ.get("PATH", os.defpath).split(":"):
        matches = [p for name in names if _is_program(p := os.path.join(folder or ".", name))]
        yield from matches
        if matches and first_folder_only:
            return


def _is_program(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)
