"""Warnings about what a site advises against."""

import os
from typing import NamedTuple

from autoenv_hpc.environment import Env
from autoenv_hpc.venvs import importing
from autoenv_hpc.venvs.types import MatchedVenv, VenvRequest


class Size(NamedTuple):
    """The size of a folder, in the units of a quota."""

    bytes: int
    files: int


def folder_size(path: str) -> Size:
    """The size of all files below a folder. A link counts itself, not its target."""
    size = files = 0
    for place, _, names in os.walk(path):
        for name in names:
            try:
                size += os.lstat(os.path.join(place, name)).st_size
            except OSError:  # deleted in the meantime
                continue
            files += 1
    return Size(size, files)


def with_caches(request: VenvRequest, environ: Env) -> Env:
    """The variables, with the installers' caches where the site wants them."""
    if request.site.caches is False:
        # Every pip understands "off"; before 19.0, as in Python 3.6, it takes "1" for a folder.
        return {**environ, "PIP_NO_CACHE_DIR": "off", "UV_NO_CACHE": "1"}
    if not isinstance(request.site.caches, str):
        return environ
    return {
        **environ,
        "PIP_CACHE_DIR": f"{request.site.caches}/pip",
        "UV_CACHE_DIR": f"{request.site.caches}/uv",
        "CONDA_PKGS_DIRS": f"{request.site.caches}/conda",
    }


def warnings_for(
    request: VenvRequest, venv: MatchedVenv, environ: Env, inside: Env
) -> tuple[str, ...]:
    """The warnings about an environment that was just built or changed.

    :param environ: the variables with the modules loaded.
    :param inside: the variables that a command inside gets.
    """
    warnings = []
    home = os.path.realpath(request.folders.home)
    if request.site.warns_of_home and os.path.realpath(request.path).startswith(home + "/"):
        from rich.filesize import decimal  # noqa: PLC0415 - only a message needs it

        size = folder_size(request.path)
        warnings.append(
            f"{request.path} puts {size.files} files and {decimal(size.bytes)} into your home"
            f" folder, but {request.site.name or 'this site'} asks you to keep environments"
            " elsewhere (set path in [venv])"
        )
    if request.site.warns_of_conda and request.requested.backend == "conda":
        warnings.append(
            f"{request.site.name or 'this site'} recommends virtual environments instead of conda"
            ' (set backend = "virtualenv" in [venv])'
        )
    return (*warnings, *importing.faults(request, venv, environ, inside))
