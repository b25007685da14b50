"""The rebuild of an environment beside the old one."""

import os
import time

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import VenvError
from autoenv_hpc.venvs import cleanup, lease, matching, record, relocation
from autoenv_hpc.venvs.building import SETTLED, build_at, build_failure
from autoenv_hpc.venvs.types import Installer, Progress, VenvRequest


def rebuild(
    request: VenvRequest, installer: Installer, environ: Env, progress: Progress
) -> str | None:
    """Build a new environment beside the old one, and swap them at the end.

    :returns: where the old one is now, if it was not ours to remove.
    :raises VenvError: it failed; the old one is there as it was.
    """
    path = os.path.realpath(request.path) if os.path.islink(request.path) else request.path
    with lease.held(request.path, progress):
        request = request._replace(path=path)
        cleanup.tidy(path)
        if not record.exists(path) or record.is_unfinished(path):
            build_at(request, path, installer, environ, progress)
            return None
        if not record.is_ours(path) and not matching.is_environment(path):
            raise matching.no_environment(request)
        new = relocation.beside(path)
        if record.exists(new):
            raise VenvError(f"{new} is in the way (move it)")
        build_at(request, new, installer, environ, progress)
        kept = None if record.is_ours(path) else _free(path)
        try:
            if kept:
                os.rename(path, kept)
                os.rename(new, path)
            else:
                relocation.swap(path, new)
                cleanup.discard(new)
        except OSError as error:
            raise build_failure(path, error) from error
        time.sleep(SETTLED)
        return kept


def _free(path: str) -> str:
    """A name for an environment that is not ours to remove."""
    day = time.strftime("%Y%m%d")
    name, number = f"{path}.old-{day}", 1
    while os.path.lexists(name):
        number += 1
        name = f"{path}.old-{day}-{number}"
    return name
