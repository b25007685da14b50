"""The environment of a project, built if it is missing."""

import os
import shlex

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import VenvError
from autoenv_hpc.guards import Guards
from autoenv_hpc.system import jobs
from autoenv_hpc.venvs import lease, matching, record, registry, requirements
from autoenv_hpc.venvs.backends import backend
from autoenv_hpc.venvs.types import MatchedVenv, Progress, VenvRequest


def ensure(request: VenvRequest, environ: Env, progress: Progress) -> MatchedVenv:
    """The requested environment, built if it is missing.

    :param environ: the variables with the modules loaded; they determine the interpreter.
    :param progress: receives each line of a build.
    :raises VenvError: it cannot be built or does not match; an existing one is unchanged.
    """
    try:
        venv = _match_or_build(request, environ, progress)
    except VenvError as error:  # another try is worth it once the environment changes
        error.guards |= matching.guards(request)
        raise
    registry.register(request, venv)
    return venv


def match(request: VenvRequest, environ: Env) -> MatchedVenv:
    """The existing environment, even if the requirements have changed since its build.

    :raises VenvError: it does not exist or does not match.
    """
    if is_missing(request):
        raise VenvError(f"{request.path} does not exist: {_prepare(request)}")
    return backend(request.requested.backend).match(request, environ)


def build(request: VenvRequest, environ: Env, progress: Progress) -> None:
    """Build a missing environment, unless another process builds it first.

    :raises VenvError: it cannot be built.
    """
    check_requirements(request)
    from autoenv_hpc.venvs import building, cautions  # noqa: PLC0415 - only a build needs them

    environ = cautions.with_caches(request, environ)
    installer = backend(request.requested.backend).installer(request, environ)
    with lease.hold(request.path, progress):
        building.build(request, installer, environ, progress)


def rebuild(request: VenvRequest, environ: Env, progress: Progress) -> str | None:
    """Build a new environment next to the old one, then swap them.

    :returns: the new path of the old one, if this tool did not build it and so keeps it.
    :raises VenvError: the build failed; the old environment is unchanged.
    """
    check_requirements(request)
    from autoenv_hpc.venvs import cautions, replacing  # noqa: PLC0415 - only a build needs them

    environ = cautions.with_caches(request, environ)
    installer = backend(request.requested.backend).installer(request, environ)
    return replacing.rebuild(request, installer, environ, progress)


def sync(request: VenvRequest, environ: Env, progress: Progress) -> None:
    """Install what the configuration requests now.

    :raises VenvError: an installer failed.
    """
    check_requirements(request)
    from autoenv_hpc.venvs import building, cautions  # noqa: PLC0415 - only a change needs them

    environ = cautions.with_caches(request, environ)
    installer = backend(request.requested.backend).installer(request, environ)
    building.update(request, installer, progress)


def warnings_for(request: VenvRequest, environ: Env) -> tuple[str, ...]:
    """The warnings about an environment that was just built or changed."""
    from autoenv_hpc.venvs import cautions  # noqa: PLC0415 - only a build needs it

    return cautions.warnings_for(request, environ)


def is_missing(request: VenvRequest) -> bool:
    """Whether there is no finished environment at the path."""
    return not record.exists(request.path) or record.is_unfinished(request.path)


def is_outdated(request: VenvRequest) -> bool:
    """Whether the request has changed since the build.

    Never for one that was made by hand, or that this tool must not change.
    """
    if request.requested.backend == "existing":
        return False
    recorded = record.read(request.path).get("wishes", {}).get("fingerprint")
    return recorded not in (None, requirements.fingerprint(request.requested))


def check_requirements(request: VenvRequest) -> None:
    """Check that all requirements files exist.

    :raises VenvError: a file does not exist.
    """
    for file in requirements.closure(request.requested.requirements):
        if not os.path.isfile(file):
            raise VenvError(
                f"requirements: no such file: {file} (create it, or change the key in [venv])"
            )


def _match_or_build(request: VenvRequest, environ: Env, progress: Progress) -> MatchedVenv:
    kind = backend(request.requested.backend)
    if request.requested.backend == "existing":
        return kind.match(request, environ)
    if not is_missing(request):
        lease.tidy(request.path)
        return _follow_request(request, kind.match(request, environ), environ, progress)
    _check_may_build(request, environ)
    build(request, environ, progress)
    built = _installed(request, environ)
    notices = (*built.notices, *warnings_for(request, environ))
    return built._replace(built=True, notices=notices)


def _follow_request(
    request: VenvRequest, venv: MatchedVenv, environ: Env, progress: Progress
) -> MatchedVenv:
    """Handle changes of the request since the build, according to the key `sync`."""
    if request.rules.sync == "off" or not is_outdated(request):
        return venv
    if request.rules.sync == "notify":
        notice = (
            f"the requirements of {request.path} have changed since it was built"
            " (`autoenv-hpc sync` installs them)"
        )
        return venv._replace(notices=(*venv.notices, notice))
    sync(request, environ, progress)
    updated = _installed(request, environ)
    return updated._replace(notices=(*updated.notices, *warnings_for(request, environ)))


def _installed(request: VenvRequest, environ: Env) -> MatchedVenv:
    """The environment into which an installer has just put what was requested when it began."""
    venv = backend(request.requested.backend).match(request, environ)
    if not is_outdated(request):
        return venv
    late = Guards(changed=f"the requirements of {request.path} changed while they were installed")
    return venv._replace(guards=venv.guards | late)  # the next entry reports it, or installs them


def _check_may_build(request: VenvRequest, environ: Env) -> None:
    """Check that the configuration allows a build now.

    :raises VenvError: it forbids the build.
    """
    job = jobs.number(environ)
    if request.rules.create == "never":
        reason = 'create = "never"'
    elif job and not request.rules.in_job:
        reason = f"in-job = false (this is job {job})"
    else:
        return
    raise VenvError(
        f"{request.path} does not exist, and {reason} forbids a build: {_prepare(request)}"
    )


def _prepare(request: VenvRequest) -> str:
    """The remedy for a missing environment."""
    return f"run autoenv-hpc prepare -C {shlex.quote(request.owner.root)}"
