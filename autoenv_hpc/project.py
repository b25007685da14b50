"""A project as one shell or job sees it: its file found, trusted, read, settled for the site."""

import os
from typing import NamedTuple

from autoenv_hpc import config, documents, folders, sites, state, trust
from autoenv_hpc.environment import Env, undone
from autoenv_hpc.errors import Problem, TrustError


class Project(NamedTuple):
    """One configuration with everything that decided what it means here."""

    root: str
    file: str
    config: config.Config
    site: sites.Site
    origin: str  # a digest of all of it
    watched: tuple[str, ...]  # files whose change may change it
    records: tuple[str, ...] = ()  # files without which it would not be trusted


class Governing(NamedTuple):
    """Which project governs a folder, and why a nearer one does not."""

    project: Project | None
    problems: tuple[Problem, ...]
    watched: tuple[str, ...]


class Untrusted(TrustError):  # noqa: N818 - as its family
    """A configuration that its user has not allowed, or has denied."""

    def __init__(self, message: str, watched: tuple[str, ...]) -> None:
        super().__init__(message)
        self.watched = watched


def find(start: str, environ: Env, settings: config.Settings) -> str | None:
    """The configuration file that governs a folder."""
    return config.find(start, folders.home(environ), settings.ceilings)


def load(  # noqa: PLR0913 - three of them are what the user may choose
    file: str,
    environ: Env,
    settings: config.Settings,
    *,
    site: str | None = None,
    env: str | None = None,
    data: bytes | None = None,
) -> Project:
    """Read one configuration, if it is trusted, and settle it.

    :param site: the site, if the user names one; `env`, likewise, a named environment.
    :param data: the content, where the caller read it already and says that it is allowed.
    :raises Untrusted: it is not allowed.
    :raises ConfigError: it is not valid, or not meant for this site.
    """
    watched: tuple[str, ...] = (file, *settings.files)
    records: tuple[str, ...] = ()
    if data is None:
        data = read(file)
        verdict = trust.judge(file, data, settings.trust, environ)
        watched += verdict.watched
        if verdict.word != trust.ALLOWED:
            raise Untrusted(_untrusted(file, verdict), watched)
        records = (verdict.record,) if verdict.record else ()
    document = documents.parse(data, file, environ)
    active = state.active(environ)  # what it exports says nothing of where we are
    detected = sites.detect(
        undone(active.change, environ) if active else environ,
        settings.matches | document.matches,
        site,
        _fqdn,
        known=document.sites | settings.sites,
    )
    settled = config.select(document, settings, detected.name, env)
    origin = state.digest([file, settled, detected.name])
    return Project(os.path.dirname(file), file, settled, detected, origin, watched, records)


def governing(root: str, environ: Env) -> Governing:
    """The project that governs a folder in which a configuration is; an untrusted one does not."""
    settings = config.settings(environ)
    problems: list[Problem] = []
    watched: list[str] = []
    file: str | None = os.path.join(root, config.FILE_NAME)
    while file:
        try:
            project = load(file, environ, settings)
        except Untrusted as error:
            problems.append(error)
            watched += error.watched
            file = find(os.path.dirname(os.path.dirname(file)), environ, settings)
        else:
            return Governing(project, tuple(problems), (*watched, *project.watched))
    return Governing(None, tuple(problems), tuple(watched))


def read(file: str) -> bytes:
    """The bytes of a configuration.

    :raises Problem: it cannot be read.
    """
    try:
        with open(file, "rb") as stream:
            return stream.read()
    except OSError as error:
        raise Problem(f"{file}: cannot be read: {error.strerror}") from error


def _untrusted(file: str, verdict: trust.Verdict) -> str:
    if verdict.word == trust.DENIED:
        return f"{file} is denied (`autoenv-hpc allow` takes that back)"
    because = f"; {verdict.reason}" if verdict.reason else ""
    return f"{file} is new or was edited: read it, then run `autoenv-hpc allow`{because}"


def _fqdn() -> str:
    """The full name as `socket.getfqdn` finds it; importing that costs a tenth of a start."""
    name = os.uname().nodename
    if "." in name:
        return name
    from _socket import gethostbyaddr  # noqa: PLC0415 - only where the host's name may tell

    try:
        # bytes: a text would import the codec for international names
        first, others, _ = gethostbyaddr(os.fsencode(name))  # type: ignore[arg-type]
    except OSError:
        return name
    return next((full for full in (first, *others) if "." in full), first)
