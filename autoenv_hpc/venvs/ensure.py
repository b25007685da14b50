"""The environment of a project, built if it is missing."""

import os
import shlex

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import VenvError
from autoenv_hpc.system import jobs
from autoenv_hpc.venvs import lease, record, registry, requirements
from autoenv_hpc.venvs.backends import backend
from autoenv_hpc.venvs.types import MatchedVenv, Progress, VenvRequest


def ensure(request: VenvRequest, environ: Env, progress: Progress) -> MatchedVenv:
    """The requested environment, built if it is missing.

    :param environ: the variables with the modules loaded; their interpreter is the one to match.
    :param progress: receives each line of a build.
    :raises VenvError: there is none; what existed before still exists.
    """
    venv = _match_or_build(request, environ, progress)
    registry.register(request, venv)
    return venv


def match(request: VenvRequest, environ: Env) -> MatchedVenv:
    """The existing environment, whatever has been requested since it was built.

    :raises VenvError: there is none, or another one.
    """
    if is_missing(request):
        where = shlex.quote(request.owner.root)
        raise VenvError(f"{request.path} is not there: run autoenv-hpc prepare -C {where}")
    return backend(request.requested.backend).match(request, environ)


def build(request: VenvRequest, environ: Env, progress: Progress) -> None:
    """Build what is missing; another process may be faster.

    :raises VenvError: it cannot be built.
    """
    check_requirements(request)
    from autoenv_hpc.venvs import building, cautions  # noqa: PLC0415 - only a build needs them

    quiet = cautions.with_caches(request, environ)
    installer = backend(request.requested.backend).installer(request, quiet)
    with lease.held(request.path, progress):
        building.build(request, installer, quiet, progress)


def rebuild(request: VenvRequest, environ: Env, progress: Progress) -> str | None:
    """Build again beside the old one, and swap.

    :returns: where the old one is now, if it was not ours to remove.
    :raises VenvError: it cannot be built; the old one is there as it was.
    """
    check_requirements(request)
    from autoenv_hpc.venvs import cautions, replacing  # noqa: PLC0415 - only a build needs them

    quiet = cautions.with_caches(request, environ)
    installer = backend(request.requested.backend).installer(request, quiet)
    return replacing.rebuild(request, installer, quiet, progress)


def sync(request: VenvRequest, environ: Env, progress: Progress) -> None:
    """Install what is asked for now.

    :raises VenvError: it cannot be installed.
    """
    check_requirements(request)
    from autoenv_hpc.venvs import building, cautions  # noqa: PLC0415 - only a change needs them

    quiet = cautions.with_caches(request, environ)
    installer = backend(request.requested.backend).installer(request, quiet)
    building.update(request, installer, progress)


def warnings_for(request: VenvRequest, environ: Env) -> tuple[str, ...]:
    """The warnings about an environment that was just built or changed."""
    from autoenv_hpc.venvs import cautions  # noqa: PLC0415 - only a build needs it

    return cautions.warnings_for(request, environ)


def is_missing(request: VenvRequest) -> bool:
    """Whether there is no finished environment at the path."""
    return not record.exists(request.path) or record.is_unfinished(request.path)


def is_outdated(request: VenvRequest) -> bool:
    """Whether the request changed since the build. One made by hand is never outdated."""
    known = record.read(request.path).get("wishes", {}).get("fingerprint")
    return known not in (None, requirements.fingerprint(request.requested))


def check_requirements(request: VenvRequest) -> None:
    """Check that all requirements files can be read.

    :raises VenvError: a file is not there.
    """
    for file in requirements.closure(request.requested.requirements):
        if not os.path.isfile(file):
            raise VenvError(f"requirements: no such file: {file}")


def _match_or_build(request: VenvRequest, environ: Env, progress: Progress) -> MatchedVenv:
    kind = backend(request.requested.backend)
    if request.requested.backend == "existing":
        venv = kind.match(request, environ)
        return venv if is_missing(request) else _follow_request(request, venv, environ, progress)
    if not is_missing(request):
        lease.tidy(request.path)
        return _follow_request(request, kind.match(request, environ), environ, progress)
    _check_may_build(request, environ)
    build(request, environ, progress)
    built = kind.match(request, environ)
    notices = (*built.notices, *warnings_for(request, environ))
    return built._replace(built=True, notices=notices)


def _follow_request(
    request: VenvRequest, venv: MatchedVenv, environ: Env, progress: Progress
) -> MatchedVenv:
    """Follow changes of the request since the build, as `sync` says."""
    if request.rules.sync == "off" or not is_outdated(request):
        return venv
    if request.rules.sync == "notify":
        notice = (
            f"what {request.path} should contain has changed since it was built"
            " (`autoenv-hpc sync` installs it)"
        )
        return venv._replace(notices=(*venv.notices, notice))
    sync(request, environ, progress)
    updated = backend(request.requested.backend).match(request, environ)
    return updated._replace(notices=(*updated.notices, *warnings_for(request, environ)))


def _check_may_build(request: VenvRequest, environ: Env) -> None:
    """Check that the configuration allows a build here.

    :raises VenvError: it does not.
    """
    job = jobs.number(environ)
    if request.rules.create == "never":
        why = 'create = "never"'
    elif job and not request.rules.in_job:
        why = f"in-job = false (this is job {job})"
    else:
        return
    where = shlex.quote(request.owner.root)
    raise VenvError(f"{request.path} is not there, and {why}: run autoenv-hpc prepare -C {where}")
