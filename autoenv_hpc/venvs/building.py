"""Building: in place, or beside an old environment that is then swapped out; under the lock."""

import contextlib
import errno
import os
import shutil
import time
from collections.abc import Set as AbstractSet

from autoenv_hpc import jobs
from autoenv_hpc.environment import Env
from autoenv_hpc.errors import VenvError
from autoenv_hpc.venvs import (
    Before,
    Command,
    Progress,
    Spec,
    Tool,
    Wishes,
    children,
    contents,
    lease,
    matching,
    record,
    relocation,
    requirements,
)

_ROOM = 1_000_000  # bytes; with less, a build has failed for want of them
_SETTLED = (
    0.06  # seconds; younger files are not trusted to stay as they are, so it could not be stored
)


def build(spec: Spec, tool: Tool, environ: Env, progress: Progress) -> None:
    """Build where the environment shall be, under its lock; an old build of ours may be half there.

    :raises VenvError: it failed; then nothing of it is left.
    """
    tidy(spec.path)
    if not record.exists(spec.path) or record.is_unfinished(spec.path):
        _build(spec, spec.path, tool, environ, progress)


def rebuild(spec: Spec, tool: Tool, environ: Env, progress: Progress) -> str | None:
    """Build anew beside the old one, and swap it in at the end.

    :returns: where the old one is now, if it was not ours to remove.
    :raises VenvError: it failed; the old one is there as it was.
    """
    path = os.path.realpath(spec.path) if os.path.islink(spec.path) else spec.path
    with lease.held(spec.path, progress):
        spec = spec._replace(path=path)
        tidy(path)
        if not record.exists(path) or record.is_unfinished(path):
            _build(spec, path, tool, environ, progress)
            return None
        if not record.is_ours(path) and not matching.is_environment(path):
            raise matching.no_environment(spec)
        new = relocation.beside(path)
        if record.exists(new):
            raise VenvError(f"{new} is in the way (move it)")
        _build(spec, new, tool, environ, progress)
        kept = None if record.is_ours(path) else _free(path)
        try:
            if kept:
                os.rename(path, kept)
                os.rename(new, path)
            else:
                relocation.swap(path, new)
                discard(new)
        except OSError as error:
            raise _failed(path, error) from error
        time.sleep(_SETTLED)
        return kept


def update(spec: Spec, tool: Tool, progress: Progress) -> None:
    """Install what is asked for since the build, and take away what went, under the lock.

    :raises VenvError: it failed; the record still says what is missing.
    """
    with lease.held(spec.path, progress):
        kept = record.read(spec.path)
        known = kept.get("wishes", {})
        before = Before(tuple(known.get("packages", ())), tuple(kept.get("installed", ())))
        wishes, there = spec.wishes, contents.installed(spec.path).keys()
        for command in tool.install(spec.path, wishes):
            _run(command, spec, spec.path, progress)
        ours = {*before.installed, *(contents.installed(spec.path).keys() - there)}
        for command in tool.remove(spec.path, wishes, before):
            _run(command, spec, spec.path, progress)
        if kept:  # what was made by hand has no record, and gets none
            record.write(spec.path, {**kept, **_contents(spec.path, wishes, ours)})
            time.sleep(_SETTLED)


def tidy(path: str) -> None:
    """Finish, or remove, what killed builds have left beside a path."""
    new = relocation.beside(path)
    if record.is_ours(new):
        if not record.exists(path) and not record.is_unfinished(new):
            os.rename(new, path)  # it was about to be
        else:
            discard(new)
    for folder in (path, new):
        shutil.rmtree(relocation.trash(folder), ignore_errors=True)


def discard(path: str) -> None:
    """Remove what a build of ours has left, behind a link too; the mark goes last.

    It goes aside first: whoever writes there still does not get into the next one.
    """
    real = os.path.realpath(path)
    aside = relocation.trash(real)
    shutil.rmtree(aside, ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        try:
            os.rename(real, aside)
        except OSError:  # a mount point, say
            for name in os.listdir(real):
                whole = os.path.join(real, name)
                if os.path.isdir(whole) and not os.path.islink(whole):
                    shutil.rmtree(whole, ignore_errors=True)
                else:
                    os.unlink(whole)
    shutil.rmtree(aside, ignore_errors=True)
    record.unmark(path)


def _build(spec: Spec, where: str, tool: Tool, environ: Env, progress: Progress) -> None:
    """Build at `where`: the path itself, or beside it, to take its place."""
    described = " on Python " + tool.facts["python"] if "python" in tool.facts else ""
    progress(f"building {spec.path}{described}")
    try:
        if record.is_unfinished(where):
            discard(where)
        who = {"host": os.uname().nodename, "process": os.getpid(), "job": jobs.number(environ)}
        record.begin(where, who)
        for command in (*tool.create(where), *tool.install(where, spec.wishes)):
            _run(command, spec, where, progress)
        if where != spec.path:
            relocation.relocate(where, where, spec.path)
        ours = contents.installed(where).keys()
        known = {**_facts(spec, tool, environ), **_contents(where, spec.wishes, ours)}
        record.finish(where, known)
        time.sleep(_SETTLED)
    except (OSError, VenvError) as error:
        failure = _failed(spec.path, error)  # told before there is room again
        with contextlib.suppress(OSError):
            discard(where)
        raise failure from error
    except BaseException:
        with contextlib.suppress(OSError):
            discard(where)
        raise


def _run(command: Command, spec: Spec, where: str, progress: Progress) -> None:
    """Run one command, and tell how far it is where it says how much there is to do."""
    before = len(contents.installed(where))  # by the time that a line is read, there may be more

    def passed_on(line: str) -> None:
        total = contents.announced(line)
        progress(line, total, lambda: len(contents.installed(where)) - before)

    children.follow(command.words, command.env, command.folder or spec.root, passed_on)


def _facts(spec: Spec, tool: Tool, environ: Env) -> record.Record:
    return {
        "project": spec.root,
        "config": spec.config_file,
        "site": spec.site,
        "backend": spec.backend,
        **tool.facts,
        "system-site-packages": spec.system_site_packages,
        "modules": [name for name in environ.get("LOADEDMODULES", "").split(":") if name],
        "built": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _contents(path: str, wishes: Wishes, ours: AbstractSet[str]) -> record.Record:
    """What was asked for, and which packages came in for it: those that the user adds stay his."""
    return {
        "wishes": {
            "fingerprint": requirements.fingerprint(wishes),
            "packages": list(wishes.packages),
            "requirements": list(wishes.requirements),
        },
        "installed": sorted(contents.installed(path).keys() & ours),
    }


def _failed(path: str, error: OSError | VenvError) -> VenvError:
    said = [str(error)]
    if isinstance(error, OSError):
        said = [error.strerror or str(error)]
    with contextlib.suppress(OSError):  # `venv` and others swallow what pip said of it
        if shutil.disk_usage(os.path.dirname(path)).free < _ROOM:
            said.append(os.strerror(errno.ENOSPC))
    return VenvError(f"cannot build {path}: {children.explained(said, 1)}")


def _free(path: str) -> str:
    """A name for an environment that is not ours to remove."""
    day = time.strftime("%Y%m%d")
    name, number = f"{path}.old-{day}", 1
    while os.path.lexists(name):
        number += 1
        name = f"{path}.old-{day}-{number}"
    return name
