"""A project as one shell or job sees it."""

import os
from typing import NamedTuple

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import Problem, TrustError
from autoenv_hpc.guards import Guards, modified
from autoenv_hpc.project import config, layers, parsed, sites, trust
from autoenv_hpc.system import files
from autoenv_hpc.system.digests import digest
from autoenv_hpc.system.folders import Folders


class Project(NamedTuple):
    """One configuration, merged for this site, with everything that decided the result."""

    root: str
    file: str
    config: config.Config
    site: sites.Site
    origin: str  # a digest of the configuration and its site
    guards: Guards


class Governing(NamedTuple):
    """The project that governs a folder, why a nearer one does not, and the guards of both."""

    project: Project | None
    problems: tuple[Problem, ...]
    guards: Guards


class Untrusted(TrustError):  # noqa: N818 - named like its base class
    """The user has not allowed a configuration, or has denied it."""

    def __init__(self, message: str, guards: Guards) -> None:
        super().__init__(message)
        self.guards = guards


def find(start: str, folders: Folders, settings: config.Settings) -> str | None:
    """The configuration file that governs a folder."""
    return config.find(start, folders.home, settings.ceilings)


def load(  # noqa: PLR0913 - three are the user's choices
    file: str,
    outside: Env,
    folders: Folders,
    settings: config.Settings,
    *,
    site: str | None = None,
    env: str | None = None,
    data: bytes | None = None,
) -> Project:
    """Read one configuration, if it is allowed, and merge it for this site.

    :param outside: the variables without an active project, whose own do not identify the site.
    :param site: the site, if the user names one; `env` is a named environment, likewise.
    :param data: the content, if the caller has read it.
    :raises Untrusted: it is not allowed.
    :raises ConfigError: it is not valid, or excludes this site.
    """
    then = modified(file)  # before it is read
    data = read(file) if data is None else data
    verdict = trust.judge(file, data, settings.trust, folders.state)
    guards = Guards.on_text(file, data, then) | settings.guards | verdict.guards
    if verdict.word != "allowed":
        raise Untrusted(_untrusted(file, verdict), guards)
    document = parsed.parse(data, file, folders.cache)
    site_here = sites.detect(
        outside,
        settings.matches | document.matches,
        site,
        _fqdn,
        known=document.sites | settings.sites,
        node=os.uname().nodename,
    )
    settled = layers.select(document, settings, site_here.name, env)
    origin = digest([file, settled, site_here.name])
    root = os.path.dirname(file)
    return Project(root, file, settled, site_here, origin, guards | site_here.guards)


def governing(root: str, outside: Env, folders: Folders) -> Governing:
    """The project that governs a folder with a configuration; projects not allowed are skipped."""
    settings = config.settings(outside, folders)
    problems: list[Problem] = []
    guards = Guards()
    file: str | None = os.path.join(root, config.FILE_NAME)
    while file:
        try:
            project = load(file, outside, folders, settings)
        except Untrusted as error:
            problems.append(error)
            guards |= error.guards
            file = find(os.path.dirname(os.path.dirname(file)), folders, settings)
        else:
            return Governing(project, tuple(problems), guards | project.guards)
    return Governing(None, tuple(problems), guards)


def read(file: str) -> bytes:
    """The bytes of a configuration.

    :raises Problem: it cannot be read.
    """
    try:
        return files.read(file)
    except OSError as error:
        raise Problem(f"{file}: cannot be read: {error.strerror}") from error


def _untrusted(file: str, verdict: trust.Verdict) -> str:
    if verdict.word == "denied":
        return f"{file} is denied (run `autoenv-hpc allow` to allow it again)"
    because = f"; {verdict.reason}" if verdict.reason else ""
    return f"{file} is new or was edited: read it, then run `autoenv-hpc allow`{because}"


def _fqdn() -> str:
    """The full host name, as from `socket.getfqdn`, whose import takes a tenth of a start."""
    name = os.uname().nodename
    if "." in name:
        return name
    from _socket import gethostbyaddr  # noqa: PLC0415 - only where the host's name decides

    try:
        # bytes: a string would import the codec for international names
        first, others, _ = gethostbyaddr(os.fsencode(name))  # type: ignore[arg-type]
    except OSError:
        return name
    return next((full for full in (first, *others) if "." in full), first)
