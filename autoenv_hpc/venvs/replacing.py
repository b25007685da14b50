"""The rebuild of an environment next to the old one."""

import glob
import os
import shutil
import time

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import VenvError
from autoenv_hpc.system import search_path
from autoenv_hpc.venvs import cleanup, lease, matching, record, relocation
from autoenv_hpc.venvs.building import SETTLING_TIME, behind_link, build_at, build_failure
from autoenv_hpc.venvs.types import Installer, Progress, VenvRequest


def rebuild(
    request: VenvRequest, installer: Installer, environ: Env, progress: Progress
) -> str | None:
    """Build a new environment next to the old one, then swap them.

    :returns: the new path of the old one, if this tool did not build it and so keeps it.
    :raises VenvError: the build failed; the old environment is unchanged.
    """
    with lease.hold(request.path, progress) as hold:
        request = behind_link(request)
        path = request.path
        cleanup.tidy(path)
        if not record.exists(path) or record.is_unfinished(path):
            build_at(request, path, installer, environ, hold)
            return None
        if not record.is_ours(path) and not matching.is_venv(path):
            raise matching.not_a_venv(request, "pyvenv.cfg")
        new = relocation.sibling_path(path)
        if os.path.islink(new) or record.exists(new):
            raise VenvError(f"{new} already exists, and a rebuild needs this path (move it)")
        build_at(request, new, installer, environ, hold)
        _keep_shims(path, new)
        backup = None if record.is_ours(path) else _backup_path(path)
        try:
            if backup:
                os.rename(path, backup)
                os.rename(new, path)
            else:
                relocation.swap(path, new)
                cleanup.discard(new)
        except OSError as error:
            raise build_failure(path, error) from error
        time.sleep(SETTLING_TIME)
        return backup


def _keep_shims(path: str, new: str) -> None:
    """Take along the shims in the old environment, which editors know by their path."""
    for python in glob.glob(f"{glob.escape(path)}/*/python"):
        if search_path.is_shim(python):
            folder = os.path.dirname(python)
            shutil.copytree(folder, os.path.join(new, os.path.basename(folder)), dirs_exist_ok=True)


def _backup_path(path: str) -> str:
    """An unused path for an environment that this tool did not build."""
    day = time.strftime("%Y%m%d")
    name, number = f"{path}.old-{day}", 1
    while os.path.lexists(name):
        number += 1
        name = f"{path}.old-{day}-{number}"
    return name
