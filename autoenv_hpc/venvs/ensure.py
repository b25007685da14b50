"""The environment of a project: found and matched, or built; and what it should contain by now."""

import os
import shlex

from autoenv_hpc import jobs, registry
from autoenv_hpc.environment import Env
from autoenv_hpc.errors import VenvError
from autoenv_hpc.venvs import Environment, Progress, Spec, backend, lease, record, requirements


def ensure(spec: Spec, environ: Env, progress: Progress) -> Environment:
    """The environment that is asked for, built if it is missing.

    :param environ: the environment with the modules loaded; its interpreter is the one to match.
    :param progress: told each line of a build.
    :raises VenvError: it cannot be had; what was there before is there still.
    """
    found = _had(spec, environ, progress)
    registry.note(spec, found, environ)
    return found


def _had(spec: Spec, environ: Env, progress: Progress) -> Environment:
    kind = backend(spec.backend)
    if record.exists(spec.path) and not record.is_unfinished(spec.path):
        if spec.backend != "existing":
            lease.tidy(spec.path)
        return _synced(spec, kind.match(spec, environ), environ, progress)
    if spec.backend == "existing":
        return kind.match(spec, environ)
    _may_build(spec, environ)
    build(spec, environ, progress)
    made = kind.match(spec, environ)
    return made._replace(built=True, notices=(*made.notices, *cautions(spec, environ)))


def build(spec: Spec, environ: Env, progress: Progress) -> None:
    """Build what is missing; another process may be faster.

    :raises VenvError: it cannot be built.
    """
    check_requirements(spec)
    from autoenv_hpc.venvs import building, care  # noqa: PLC0415 - only a build needs them

    quiet = care.cached(spec, environ)
    tool = backend(spec.backend).tool(spec, quiet)
    with lease.held(spec.path, progress):
        building.build(spec, tool, quiet, progress)


def rebuild(spec: Spec, environ: Env, progress: Progress) -> str | None:
    """Build anew beside the old one, and swap.

    :returns: where the old one is now, if it was not ours to remove.
    :raises VenvError: it cannot be built; the old one is there as it was.
    """
    check_requirements(spec)
    from autoenv_hpc.venvs import building, care  # noqa: PLC0415 - only a build needs them

    quiet = care.cached(spec, environ)
    return building.rebuild(spec, backend(spec.backend).tool(spec, quiet), quiet, progress)


def match(spec: Spec, environ: Env) -> Environment:
    """The environment that is there, whatever has been asked for since.

    :raises VenvError: there is none, or another one.
    """
    if not record.exists(spec.path) or record.is_unfinished(spec.path):
        where = shlex.quote(spec.root)
        raise VenvError(f"{spec.path} is not there: run autoenv-hpc prepare -C {where}")
    return backend(spec.backend).match(spec, environ)


def check_requirements(spec: Spec) -> None:
    """See that all that is to be installed can be read.

    :raises VenvError: a file is not there.
    """
    for file in requirements.closure(spec.wishes.requirements):
        if not os.path.isfile(file):
            raise VenvError(f"requirements: no such file: {file}")


def is_outdated(spec: Spec) -> bool:
    """Whether something else is asked for than when it was built; one made by hand never is."""
    known = record.read(spec.path).get("wishes", {}).get("fingerprint")
    return known not in (None, requirements.fingerprint(spec.wishes))


def _synced(spec: Spec, environment: Environment, environ: Env, progress: Progress) -> Environment:
    """Follow what the configuration asks for since the build, as `sync` says."""
    if spec.sync == "off" or not is_outdated(spec):
        return environment
    if spec.sync == "notify":
        notice = (
            f"what {spec.path} should contain has changed since it was built"
            " (`autoenv-hpc sync` installs it)"
        )
        return environment._replace(notices=(*environment.notices, notice))
    sync(spec, environ, progress)
    return environment._replace(notices=(*environment.notices, *cautions(spec, environ)))


def sync(spec: Spec, environ: Env, progress: Progress) -> None:
    """Install what is asked for by now.

    :raises VenvError: it cannot be installed.
    """
    check_requirements(spec)
    from autoenv_hpc.venvs import building, care  # noqa: PLC0415 - only a change needs them

    quiet = care.cached(spec, environ)
    building.update(spec, backend(spec.backend).tool(spec, quiet), progress)


def cautions(spec: Spec, environ: Env) -> tuple[str, ...]:
    """What the user should know of an environment that was just built or changed."""
    from autoenv_hpc.venvs import care  # noqa: PLC0415 - only a build needs it

    return care.cautions(spec, environ)


def _may_build(spec: Spec, environ: Env) -> None:
    job = jobs.number(environ)
    if spec.create == "never":
        why = 'create = "never"'
    elif job and not spec.in_job:
        why = f"in-job = false (this is job {job})"
    else:
        return
    where = shlex.quote(spec.root)
    raise VenvError(f"{spec.path} is not there, and {why}: run autoenv-hpc prepare -C {where}")
