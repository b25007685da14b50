"""The environment of a project, built if it is missing."""

import contextlib
import os
import shlex
from collections.abc import Iterator

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import VenvError
from autoenv_hpc.guards import Guards
from autoenv_hpc.system import jobs
from autoenv_hpc.venvs import contents, lease, matching, record, registry, requirements
from autoenv_hpc.venvs.backends import backend
from autoenv_hpc.venvs.types import Installer, MatchedVenv, Progress, VenvRequest

_SHOWN = 3  # packages in one message


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
    from autoenv_hpc.venvs import building  # noqa: PLC0415 - only a build needs it

    installer, environ = _installer(request, environ)
    with _problems_of(request), lease.hold(request.path, progress) as hold:
        building.build(request, installer, environ, hold)


def rebuild(request: VenvRequest, environ: Env, progress: Progress) -> str | None:
    """Build a new environment next to the old one, then swap them.

    :returns: the new path of the old one, if this tool did not build it and so keeps it.
    :raises VenvError: the build failed; the old environment is unchanged.
    """
    check_requirements(request)
    from autoenv_hpc.venvs import replacing  # noqa: PLC0415 - only a build needs it

    installer, environ = _installer(request, environ)
    with _problems_of(request):
        return replacing.rebuild(request, installer, environ, progress)


def sync(
    request: VenvRequest, environ: Env, progress: Progress, *, only_if_outdated: bool = False
) -> None:
    """Install what the configuration requests now.

    Build anew if an earlier installation was killed and left parts of packages behind.

    :param only_if_outdated: not if another process has just done it.
    :raises VenvError: an installer failed.
    """
    check_requirements(request)
    from autoenv_hpc.venvs import building  # noqa: PLC0415 - only a change needs it

    installer, _ = _installer(request, environ)
    with _problems_of(request), lease.hold(request.path, progress) as hold:
        if only_if_outdated and not is_outdated(request):
            return
        incomplete = _incomplete(request)
        if not incomplete:
            building.update(request, installer, hold)
    if incomplete:
        by_hand = contents.installed(request.path).keys() - {
            *record.read(request.path).get("installed", ()), *incomplete,
        }  # fmt: skip
        if by_hand:
            raise VenvError(
                f"{_interrupted(request, incomplete)}: {', '.join(sorted(by_hand))} came by hand"
                f" and would be lost{matching.remedy(request)}"
            )
        rebuild(request, environ, progress)


def _installer(request: VenvRequest, environ: Env) -> tuple[Installer, Env]:
    """The installer, and the variables with the caches where the site wants them."""
    from autoenv_hpc.venvs import cautions  # noqa: PLC0415 - only a change needs it

    environ = cautions.with_caches(request, environ)
    return backend(request.requested.backend).installer(request, environ), environ


@contextlib.contextmanager
def _problems_of(request: VenvRequest) -> Iterator[None]:
    """Report what the file system refuses, for example a full disk, as a problem."""
    try:
        yield
    except OSError as error:
        from autoenv_hpc.venvs import building  # noqa: PLC0415 - only a failure needs it

        raise building.build_failure(request.path, error) from error


def warnings_for(request: VenvRequest, environ: Env) -> tuple[str, ...]:
    """The warnings about an environment that was just built or changed.

    :raises VenvError: it does not match.
    """
    from autoenv_hpc.venvs import cautions  # noqa: PLC0415 - only a build needs it

    venv = match(request, environ)
    activated = backend(venv.backend).activate(venv, environ)
    return cautions.warnings_for(request, venv, environ, request.inside(activated.env, venv))


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


_NOT_FOR_PIP = {  # by the end of the name
    ".yml": 'set backend = "conda" in [venv]',
    ".yaml": 'set backend = "conda" in [venv]',
    ".toml": 'write packages = ["."] in [venv] to install the project itself',
    ".py": 'write packages = ["."] in [venv] to install the project itself',
}


def check_requirements(request: VenvRequest) -> None:
    """Check that all requirements files exist.

    :raises VenvError: a file does not exist.
    """
    if request.requested.backend != "conda":
        for file in request.requested.requirements:
            if remedy := _NOT_FOR_PIP.get(os.path.splitext(file)[1]):
                raise VenvError(f"{file} is not a requirements file of pip ({remedy})")
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
        _check_unchanging(request, progress)
        return _follow_request(request, kind.match(request, environ), environ, progress)
    _check_may_build(request, environ)
    with contextlib.suppress(lease.Lost):  # whoever took over has built it, or does it now
        build(request, environ, progress)
    while is_missing(request):
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
    with contextlib.suppress(lease.Lost):  # whoever took over has done it
        sync(request, environ, progress, only_if_outdated=True)
    _check_unchanging(request, progress)
    updated = _installed(request, environ)
    return updated._replace(notices=(*updated.notices, *warnings_for(request, environ)))


def _installed(request: VenvRequest, environ: Env) -> MatchedVenv:
    """The environment into which an installer has just put what was requested when it began."""
    venv = backend(request.requested.backend).match(request, environ)
    if not is_outdated(request):
        return venv
    late = Guards(changed=f"the requirements of {request.path} changed while they were installed")
    return venv._replace(guards=venv.guards | late)  # the next entry reports it, or installs them


def _check_unchanging(request: VenvRequest, progress: Progress) -> None:
    """Wait for an installation that is under way, and check what a killed one has left.

    :raises VenvError: it has left parts of packages.
    """
    if record.is_changing(request.path):
        with lease.hold(request.path, progress):
            pass
        incomplete = _incomplete(request)
        if incomplete and request.rules.sync != "auto":
            raise VenvError(
                f"{_interrupted(request, incomplete)}: run autoenv-hpc sync"
                f" -C {shlex.quote(request.owner.root)}"
            )


def _incomplete(request: VenvRequest) -> list[str]:
    """The packages of which a killed installation has left parts. The caller has the lock."""
    if not record.is_changing(request.path):
        return []
    if request.requested.backend == "conda":  # its packages hold more than Python's
        return ["packages"]
    return contents.incomplete(request.path, record.read(request.path).get("installed", ()))


def _interrupted(request: VenvRequest, incomplete: list[str]) -> str:
    more = len(incomplete) - _SHOWN
    names = ", ".join(incomplete[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
    return f"{request.path}: an installation was interrupted and may have left parts of {names}"


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
