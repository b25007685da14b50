"""The build of an environment in place, under its lock."""

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

_MIN_FREE = 1_000_000  # bytes; below this, a full disk is the likely cause of a failure
SETTLING_TIME = 0.06  # seconds; a younger file can change but keep its modification time


def build(request: VenvRequest, installer: Installer, environ: Env, progress: Progress) -> None:
    """Build the environment at its path. The caller holds the lock.

    :raises VenvError: the build failed; the unfinished environment is removed.
    """
    cleanup.tidy(request.path)
    if not record.exists(request.path) or record.is_unfinished(request.path):
        build_at(request, request.path, installer, environ, progress)


def update(request: VenvRequest, installer: Installer, progress: Progress) -> None:
    """Install what is newly requested and remove what no longer is, under the lock.

    :raises VenvError: an installer failed; the record is unchanged, so the environment remains
        outdated.
    """
    with lease.hold(request.path, progress):
        old = record.read(request.path)
        packages = old.get("wishes", {}).get("packages", ())
        before = InstalledBefore(tuple(packages), tuple(old.get("installed", ())))
        requested, present = request.requested, contents.installed(request.path).keys()
        wishes = _wishes(requested)
        for command in installer.install(request.path, requested):
            _run(command, request, request.path, progress)
        ours = {*before.installed, *(contents.installed(request.path).keys() - present)}
        for command in installer.remove(request.path, requested, before):
            _run(command, request, request.path, progress)
        if old:  # an environment that was made by hand has no record, and gets none
            record.write(request.path, {**old, **wishes, **_installed(request.path, ours)})
            time.sleep(SETTLING_TIME)


def build_at(
    request: VenvRequest, target: str, installer: Installer, environ: Env, progress: Progress
) -> None:
    """Build at `target`: the requested path, or one next to it.

    :raises VenvError: the build failed; nothing is left at `target`.
    """
    python = f" on Python {installer.facts['python']}" if "python" in installer.facts else ""
    progress(f"building {request.path}{python}")
    try:
        if record.is_unfinished(target):
            cleanup.discard(target)
        process = {"host": os.uname().nodename, "process": os.getpid(), "job": jobs.number(environ)}
        record.begin(target, process)
        wishes = _wishes(request.requested)
        for command in (*installer.create(target), *installer.install(target, request.requested)):
            _run(command, request, target, progress)
        if target != request.path:
            relocation.relocate(target, target, request.path)
        ours = contents.installed(target).keys()
        facts = _facts(request, installer, environ)
        record.finish(target, {**facts, **wishes, **_installed(target, ours)})
        time.sleep(SETTLING_TIME)
    except (OSError, VenvError) as error:
        failure = build_failure(request.path, error)  # before the removal frees disk space
        with contextlib.suppress(OSError):
            cleanup.discard(target)
        raise failure from error
    except BaseException:
        with contextlib.suppress(OSError):
            cleanup.discard(target)
        raise


def _run(command: Command, request: VenvRequest, target: str, progress: Progress) -> None:
    """Run one command and report its progress, with a count if it announces a total."""
    before = len(contents.installed(target))  # counted now: packages may arrive before their line

    def report(line: str) -> None:
        total = contents.announced_count(line)
        progress(line, total, lambda: len(contents.installed(target)) - before)

    installers.follow(command.words, command.env, command.folder or request.owner.root, report)


def _facts(request: VenvRequest, installer: Installer, environ: Env) -> record.Record:
    return {
        "path": request.path,
        "project": request.owner.root,
        "config": request.owner.config_file,
        "site": request.site.name,
        "backend": request.requested.backend,
        **installer.facts,
        "system-site-packages": request.requested.system_site_packages,
        "modules": [name for name in environ.get("LOADEDMODULES", "").split(":") if name],
        "built": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _wishes(requested: Requested) -> record.Record:
    """The part of the record about the request.

    It is taken before the installers run: a file that is edited meanwhile is not what they read.
    """
    return {
        "wishes": {
            "fingerprint": requirements.fingerprint(requested),
            "packages": list(requested.packages),
            "requirements": list(requested.requirements),
        }
    }


def _installed(path: str, ours: AbstractSet[str]) -> record.Record:
    """The part of the record about the contents, without packages that the user added."""
    return {"installed": sorted(contents.installed(path).keys() & ours)}


def build_failure(path: str, error: OSError | VenvError) -> VenvError:
    """The error for a build that failed."""
    lines = [str(error)]
    if isinstance(error, OSError):
        lines = [error.strerror or str(error)]
    with contextlib.suppress(OSError):  # `venv` and others hide what pip printed
        if shutil.disk_usage(os.path.dirname(path)).free < _MIN_FREE:
            lines.append(os.strerror(errno.ENOSPC))
    return VenvError(f"cannot build {path}: {installers.explanation(lines, 1)}")
