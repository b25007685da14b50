"""The build of an environment under its lock, in place."""

import contextlib
import errno
import os
import shutil
import time
from collections.abc import Set as AbstractSet

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import VenvError
from autoenv_hpc.system import jobs
from autoenv_hpc.venvs import (
    cleanup,
    contents,
    installers,
    lease,
    record,
    relocation,
    requirements,
)
from autoenv_hpc.venvs.types import (
    Command,
    InstalledBefore,
    Installer,
    Progress,
    Requested,
    VenvRequest,
)

_ROOM = 1_000_000  # bytes; if less is free, a full disk is the likely cause of a failure
SETTLED = 0.06  # seconds; nothing is stored about younger files, which may still change unseen


def build(request: VenvRequest, installer: Installer, environ: Env, progress: Progress) -> None:
    """Build the environment at its path, under the lock that the caller holds.

    :raises VenvError: it failed; nothing of it is left.
    """
    cleanup.tidy(request.path)
    if not record.exists(request.path) or record.is_unfinished(request.path):
        build_at(request, request.path, installer, environ, progress)


def update(request: VenvRequest, installer: Installer, progress: Progress) -> None:
    """Install what was requested since the build and remove what no longer is, under the lock.

    :raises VenvError: it failed; the record still shows what is missing.
    """
    with lease.held(request.path, progress):
        kept = record.read(request.path)
        known = kept.get("wishes", {})
        before = InstalledBefore(tuple(known.get("packages", ())), tuple(kept.get("installed", ())))
        requested, there = request.requested, contents.installed(request.path).keys()
        for command in installer.install(request.path, requested):
            _run(command, request, request.path, progress)
        ours = {*before.installed, *(contents.installed(request.path).keys() - there)}
        for command in installer.remove(request.path, requested, before):
            _run(command, request, request.path, progress)
        if kept:  # an environment that was made by hand has no record, and gets none
            record.write(request.path, {**kept, **_contents(request.path, requested, ours)})
            time.sleep(SETTLED)


def build_at(
    request: VenvRequest, where: str, installer: Installer, environ: Env, progress: Progress
) -> None:
    """Build at `where`, which is the path itself or a place beside it."""
    described = " on Python " + installer.facts["python"] if "python" in installer.facts else ""
    progress(f"building {request.path}{described}")
    try:
        if record.is_unfinished(where):
            cleanup.discard(where)
        who = {"host": os.uname().nodename, "process": os.getpid(), "job": jobs.number(environ)}
        record.begin(where, who)
        for command in (*installer.create(where), *installer.install(where, request.requested)):
            _run(command, request, where, progress)
        if where != request.path:
            relocation.relocate(where, where, request.path)
        ours = contents.installed(where).keys()
        known = {**_facts(request, installer, environ), **_contents(where, request.requested, ours)}
        record.finish(where, known)
        time.sleep(SETTLED)
    except (OSError, VenvError) as error:
        failure = build_failure(request.path, error)  # worded before there is room again
        with contextlib.suppress(OSError):
            cleanup.discard(where)
        raise failure from error
    except BaseException:
        with contextlib.suppress(OSError):
            cleanup.discard(where)
        raise


def _run(command: Command, request: VenvRequest, where: str, progress: Progress) -> None:
    """Run one command and report its progress, if it announces how much there is to do."""
    before = len(contents.installed(where))  # when a line is read, there may be more already

    def passed_on(line: str) -> None:
        total = contents.announced(line)
        progress(line, total, lambda: len(contents.installed(where)) - before)

    installers.follow(command.words, command.env, command.folder or request.owner.root, passed_on)


def _facts(request: VenvRequest, installer: Installer, environ: Env) -> record.Record:
    return {
        "project": request.owner.root,
        "config": request.owner.config_file,
        "site": request.site.name,
        "backend": request.requested.backend,
        **installer.facts,
        "system-site-packages": request.requested.system_site_packages,
        "modules": [name for name in environ.get("LOADEDMODULES", "").split(":") if name],
        "built": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _contents(path: str, requested: Requested, ours: AbstractSet[str]) -> record.Record:
    """What was requested, and which packages came in for it; the user may add others."""
    return {
        "wishes": {
            "fingerprint": requirements.fingerprint(requested),
            "packages": list(requested.packages),
            "requirements": list(requested.requirements),
        },
        "installed": sorted(contents.installed(path).keys() & ours),
    }


def build_failure(path: str, error: OSError | VenvError) -> VenvError:
    """The error for a build that failed."""
    said = [str(error)]
    if isinstance(error, OSError):
        said = [error.strerror or str(error)]
    with contextlib.suppress(OSError):  # `venv` and others hide what pip printed
        if shutil.disk_usage(os.path.dirname(path)).free < _ROOM:
            said.append(os.strerror(errno.ENOSPC))
    return VenvError(f"cannot build {path}: {installers.explained(said, 1)}")
