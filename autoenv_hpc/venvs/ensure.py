"""The environment of a project: found and matched, or built under a lock and then recorded."""

import contextlib
import json
import os
import shlex
import shutil
import time
from collections.abc import Iterator

from autoenv_hpc import jobs
from autoenv_hpc.environment import Env, with_entries
from autoenv_hpc.errors import VenvError
from autoenv_hpc.folders import write_atomically
from autoenv_hpc.state import digest
from autoenv_hpc.venvs import Environment, Interpreter, Progress, Spec, builders, children, existing
from autoenv_hpc.venvs.interpreters import find_interpreter

_LEASE = 30.0  # seconds without a sign of life after which another may take over
_POLL = 0.2
_SETTLED = (
    0.06  # seconds; younger files are not trusted to stay as they are, so it could not be stored
)
# pip without the folder that it is started in: a `pip.py` or `argparse.py` there must not count.
_PIP = "import runpy, sys; del sys.path[0]; runpy.run_module('pip', None, '__main__', True)"


def ensure(spec: Spec, environ: Env, progress: Progress) -> Environment:
    """The environment that is asked for, built if it is missing.

    :param environ: the environment with the modules loaded; its interpreter is the one to match.
    :param progress: told each line of a build.
    :raises VenvError: it cannot be had; what was there before is there still.
    """
    if spec.backend in ("uv", "conda"):
        raise VenvError(
            f'backend = "{spec.backend}" is not there yet (venv, virtualenv and existing are)'
        )
    if spec.backend == "existing":
        return existing.foreign(spec)
    needed = find_interpreter(spec.python, environ)
    if existing.exists(spec.path) and not existing.is_unfinished(spec.path):
        return _synced(spec, existing.matched(spec, needed), environ, progress)
    _may_build(spec, environ)
    for file in spec.requirements:
        if not os.path.isfile(file):
            raise VenvError(f"requirements: no such file: {file}")
    command = builders.command(spec, needed, environ)
    with _alone(spec, progress):
        if existing.exists(spec.path) and not existing.is_unfinished(spec.path):
            return existing.matched(spec, needed)  # another one has built it meanwhile
        _build(spec, needed, command, environ, progress)
    return existing.matched(spec, needed)._replace(built=True)


def _may_build(spec: Spec, environ: Env) -> None:
    job = jobs.number(environ)
    if spec.create == "never":
        why = 'create = "never"'
    elif job and not spec.in_job:
        why = f"in-job = false (this is job {job})"
    else:
        return
    where = shlex.quote(spec.root)
    raise VenvError(f"{spec.path} is not there, and {why}: run (cd {where} && autoenv-hpc prepare)")


def _build(
    spec: Spec, needed: Interpreter, command: list[str], environ: Env, progress: Progress
) -> None:
    """Build in place: an environment contains its own path."""
    progress(f"building {spec.path} on Python {needed.full}")
    marker = os.path.join(spec.path, existing.MARKER)
    try:
        _clear(spec.path)  # empty, or what is left of a build of ours
        os.makedirs(spec.path, exist_ok=True)
        with open(marker, "w", encoding="utf-8") as file:
            json.dump(_who(environ), file)
        quiet = {
            name: value for name, value in environ.items() if name not in ("PYTHONHOME", "PIP_USER")
        }
        children.follow(command, quiet, "/", progress)
        _install(spec, quiet, progress)
        record = {
            "format": 1,
            "project": spec.root,
            "backend": spec.backend,
            "python": needed.full,
            "base-prefix": needed.base_prefix,
            "machine": needed.machine,
            "system-site-packages": spec.system_site_packages,
            "packages": _wishes(spec),
            "modules": [name for name in environ.get("LOADEDMODULES", "").split(":") if name],
            "built": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        data = json.dumps(record, indent=2).encode() + b"\n"
        write_atomically(os.path.join(spec.path, existing.RECORD), data, mode=0o666)
        os.unlink(marker)
        time.sleep(_SETTLED)
    except BaseException as error:
        _remove(spec.path)
        if isinstance(error, VenvError):
            raise VenvError(f"cannot build {spec.path}: {error}") from error
        if isinstance(error, OSError):
            raise VenvError(
                f"cannot build {spec.path}: {children.explained([error.strerror or str(error)], 1)}"
            ) from error
        raise


def _synced(spec: Spec, environment: Environment, environ: Env, progress: Progress) -> Environment:
    """Follow what the configuration asks for since the build, as `sync` says."""
    found = existing.read(spec.path)
    record = found.record if found else {}
    if spec.sync == "off" or record.get("packages") in (None, _wishes(spec)):
        return environment
    if spec.sync == "notify":
        notice = (
            f"what {spec.path} should contain has changed since it was built"
            ' (sync = "auto" in [venv] follows)'
        )
        return environment._replace(notices=(notice,))
    with _alone(spec, progress):
        _install(spec, environ, progress)
        data = json.dumps({**record, "packages": _wishes(spec)}, indent=2).encode() + b"\n"
        write_atomically(os.path.join(spec.path, existing.RECORD), data, mode=0o666)
    return environment


def _install(spec: Spec, environ: Env, progress: Progress) -> None:
    if not (spec.packages or spec.requirements):
        return
    env = {
        **environ,
        "VIRTUAL_ENV": spec.path,
        "PATH": with_entries(environ.get("PATH"), prepend=[f"{spec.path}/bin"]),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_PROGRESS_BAR": "off",
    }
    files = [word for file in spec.requirements for word in ("-r", file)]
    pip = [f"{spec.path}/bin/python", "-c", _PIP, "install"]
    children.follow([*pip, *spec.pip_args, *spec.packages, *files], env, spec.root, progress)


def _wishes(spec: Spec) -> str:
    """A digest of what shall be installed."""
    contents = []
    for file in spec.requirements:
        try:
            with open(file, encoding="utf-8", errors="surrogateescape") as stream:
                contents.append(stream.read())
        except OSError:
            contents.append("")
    return digest([spec.packages, spec.pip_args, contents])


def _clear(path: str) -> None:
    if existing.is_unfinished(path):
        _remove(path)


def _remove(path: str) -> None:
    """Remove what a build of ours has left, behind a link too."""
    shutil.rmtree(os.path.realpath(path), ignore_errors=True)


@contextlib.contextmanager
def _alone(spec: Spec, progress: Progress) -> Iterator[None]:
    """Hold the lock of this path, on this node and on all others.

    A lease with a heartbeat, in a file: `flock` alone is not enough on NFS and Lustre. It is
    named beside the environment, so that all who could build there see it.
    """
    from filelock import SoftFileLease, Timeout  # noqa: PLC0415 - only a build needs it

    folder, name = os.path.split(spec.path)
    try:
        os.makedirs(folder, exist_ok=True)
        lease = SoftFileLease(
            os.path.join(folder, f".{name}.autoenv-hpc.lock"),
            lease_duration=_LEASE,
            poll_interval=_POLL,
        )
        try:
            lease.acquire(timeout=0)
        except Timeout:
            progress(f"waiting for {_builder(spec.path)}, which builds {spec.path}")
            lease.acquire()
    except OSError as error:
        said = children.explained([f"{error.strerror or error}"], 1)
        raise VenvError(f"cannot build {spec.path}: {said}") from error
    try:
        yield
    finally:
        lease.release()


def _who(environ: Env) -> dict[str, object]:
    return {"host": os.uname().nodename, "process": os.getpid(), "job": jobs.number(environ)}


def _builder(path: str) -> str:
    try:
        with open(os.path.join(path, existing.MARKER), encoding="utf-8") as file:
            who = json.load(file)
        job = f", job {who['job']}" if who["job"] else ""
        return f"process {who['process']} on {who['host']}{job}"
    except (OSError, ValueError, KeyError):
        return "another process"
