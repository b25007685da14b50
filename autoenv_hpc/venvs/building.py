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
from autoenv_hpc.venvs import cleanup, contents, installers, record, relocation, requirements
from autoenv_hpc.venvs.build_log import Log
from autoenv_hpc.venvs.lease import Hold, Lost
from autoenv_hpc.venvs.types import (
    Command,
    InstalledBefore,
    Installer,
    Requested,
    VenvRequest,
)

_MIN_FREE = 1_000_000  # bytes; below this, a full disk is the likely cause of a failure
SETTLING_TIME = 0.06  # seconds; a younger file can change but keep its modification time


def build(request: VenvRequest, installer: Installer, environ: Env, hold: Hold) -> None:
    """Build the environment at its path, or behind the link there.

    :raises VenvError: the build failed; the unfinished environment is removed.
    """
    request = behind_link(request)
    cleanup.tidy(request.path)
    if not record.exists(request.path) or record.is_unfinished(request.path):
        build_at(request, request.path, installer, environ, hold)


def update(request: VenvRequest, installer: Installer, hold: Hold) -> None:
    """Install what is newly requested and remove what no longer is.

    :raises VenvError: an installer failed; the environment remains outdated.
    """
    old, log = record.read(request.path), Log(request)
    packages = old.get("wishes", {}).get("packages", ())
    before = InstalledBefore(tuple(packages), tuple(old.get("installed", ())))
    requested, present = request.requested, contents.installed(request.path).keys()
    hold.progress(f"updating {request.path}")
    try:
        wishes = _wishes(requested)
        if old:  # an environment that was made by hand has no record, and gets none
            record.begin_change(request.path, old)
        for command in installer.install(request.path, requested):
            _run(command, request, request.path, hold, log)
        ours = {*before.installed, *(contents.installed(request.path).keys() - present)}
        for command in installer.remove(request.path, requested, before):
            _run(command, request, request.path, hold, log)
        if old:
            installed = _installed(request.path, ours)
            record.write(request.path, {**old, "wishes": wishes, "installed": installed})
            time.sleep(SETTLING_TIME)
    except Lost:
        raise
    except (OSError, VenvError) as error:
        if old and not hold.is_lost():
            with contextlib.suppress(OSError):
                _note_failure(request, old, before)
        raise build_failure(request.path, error, log, "update") from error
    except KeyboardInterrupt:
        text = f"interrupted: {request.path} may be incomplete (`autoenv-hpc sync` completes it)"
        raise KeyboardInterrupt(text) from None
    finally:
        log.close()


def _note_failure(request: VenvRequest, old: record.Record, before: InstalledBefore) -> None:
    """Note that the installation failed. If it left parts of packages, it counts as killed."""
    is_conda = request.requested.backend == "conda"  # its packages hold more than Python's
    if is_conda or not contents.incomplete(request.path, before.installed):
        record.write(request.path, {**old, "wishes": {**old["wishes"], "fingerprint": ""}})


def build_at(
    request: VenvRequest, target: str, installer: Installer, environ: Env, hold: Hold
) -> None:
    """Build at `target`: the requested path, or one next to it.

    :raises VenvError: the build failed; nothing is left at `target`.
    :raises Lost: another process builds there; what it has is unchanged.
    """
    python = f" on Python {installer.facts['python']}" if "python" in installer.facts else ""
    hold.progress(f"building {request.path}{python}")
    if record.is_unfinished(target) and not record.is_own_mark(target):
        raise VenvError(
            f"{record.mark_path(target)} says that another user's build did not finish"
            " (remove it if nobody builds there)"
        )
    log = Log(request)
    try:
        if record.is_unfinished(target):
            cleanup.discard(target)
        process = {"host": os.uname().nodename, "process": os.getpid(), "job": jobs.number(environ)}
        record.begin(target, {**process, "kept": os.path.isdir(target)})
        wishes = _wishes(request.requested)
        for command in (*installer.create(target), *installer.install(target, request.requested)):
            _run(command, request, target, hold, log)
        if target != request.path:
            relocation.relocate(target, target, request.path)
        installed = _installed(target, contents.installed(target).keys())
        hold.check()
        facts = _facts(request, installer, environ)
        record.finish(target, {**facts, "wishes": wishes, "installed": installed})
        time.sleep(SETTLING_TIME)
    except Lost:
        raise
    except (OSError, VenvError) as error:
        failure = build_failure(request.path, error, log)  # before the removal frees disk space
        _give_up(target, hold)
        raise failure from error
    except KeyboardInterrupt:
        _give_up(target, hold)
        old = "the old environment stays" if target != request.path else "it is not built"
        text = f"interrupted: {request.path}: {old} (in a shell, `autoenv-hpc reload` tries again)"
        raise KeyboardInterrupt(text) from None
    except BaseException:
        _give_up(target, hold)
        raise
    finally:
        log.close()


def behind_link(request: VenvRequest) -> VenvRequest:
    """The same request for the folder behind the link at the path, if there is a link."""
    if os.path.islink(request.path):
        return request._replace(path=os.path.realpath(request.path))
    return request


def _give_up(target: str, hold: Hold) -> None:
    """Remove an unfinished environment, unless another process has taken over."""
    with contextlib.suppress(OSError):
        if not hold.is_lost():
            cleanup.discard(target)


def _run(command: Command, request: VenvRequest, target: str, hold: Hold, log: Log) -> None:
    """Run one command and report its progress, with a count if it announces a total.

    :raises Lost: another process has taken over in the meantime.
    """
    before = len(contents.installed(target))  # counted now: packages may arrive before their line

    def report(line: str) -> None:
        total = contents.announced_count(line)
        hold.progress(line, total, lambda: len(contents.installed(target)) - before)

    hold.check()
    try:
        installers.follow(command, request.owner.root, report, log, hold.is_lost)
    finally:
        hold.check()


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
    """What is requested, as it is before an installer reads it: files may change meanwhile."""
    return {
        "fingerprint": requirements.fingerprint(requested),
        "packages": list(requested.packages),
        "requirements": list(requested.requirements),
    }


def _installed(path: str, ours: AbstractSet[str]) -> list[str]:
    """The packages in the environment without those that the user added."""
    return sorted(contents.installed(path).keys() & ours)


def build_failure(
    path: str, error: OSError | VenvError, log: Log | None = None, action: str = "build"
) -> VenvError:
    """The error for a build or an update that failed."""
    lines = [str(error)]
    if isinstance(error, OSError):
        lines = [error.strerror or str(error)]
    with contextlib.suppress(OSError):  # `venv` and others hide what pip printed
        if shutil.disk_usage(os.path.dirname(path)).free < _MIN_FREE:
            lines.append(os.strerror(errno.ENOSPC))
    place = f" (the whole output is in {log.path})" if log and log.path else ""
    return VenvError(f"cannot {action} {path}: {installers.explanation(lines, 1)}{place}")
