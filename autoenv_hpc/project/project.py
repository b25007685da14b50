"""A project as one shell or job sees it."""

import os
import stat
from collections.abc import Callable, Mapping
from typing import NamedTuple

from autoenv_hpc import verbose
from autoenv_hpc.environment import Env
from autoenv_hpc.errors import ConfigError, Problem, TrustError
from autoenv_hpc.guards import Guards, modified
from autoenv_hpc.project import belongings, config, layers, parsed, sites, trust
from autoenv_hpc.system import files
from autoenv_hpc.system.digests import digest
from autoenv_hpc.system.folders import Folders


class Project(NamedTuple):
    """One configuration, merged for this site, with everything that decided the result."""

    root: str  # the real path of its folder
    file: str
    way: str  # the folder as it was named, perhaps by a link
    config: config.Config
    site: sites.Site
    origin: str  # a digest of the configuration and its site
    guards: Guards
    choice: str = ""  # what the user chose, as options: `shell/autoenv-hpc` writes the same
    is_kernel: bool = False  # whether it is loaded for a notebook's kernel


class Governing(NamedTuple):
    """The project that governs a folder, why a nearer one does not, and the guards of both."""

    project: Project | None
    problems: tuple[Problem, ...]
    guards: Guards


Note = Callable[[str], None]


class Untrusted(TrustError):  # noqa: N818 - named like its base class
    """The user has not allowed a configuration, or has denied it."""

    def __init__(self, message: str, guards: Guards) -> None:
        super().__init__(message)
        self.guards = guards

    def elsewhere(self, root: str) -> "Untrusted":
        """The same for a user who is not in the project, whose folder the remedy must name."""
        import shlex  # noqa: PLC0415 - only for this message

        command = f"autoenv-hpc allow {shlex.quote(root)}"
        return Untrusted(str(self).replace("autoenv-hpc allow", command), self.guards)


def _ignore(_line: str) -> None:
    """Note nothing."""


def find(
    start: str, folders: Folders, settings: config.Settings, note: Note = _ignore
) -> str | None:
    """The configuration file that governs a folder.

    :param note: receives a line for each file that is passed over, since anybody could have put it
        into a folder that every user can write to.
    """
    while file := config.find(start, folders.home, settings.ceilings):
        fault = _passed_over(file)
        if fault is None:
            return file
        note(fault)
        start = os.path.dirname(os.path.dirname(file))
    return None


def judge(
    file: str, data: bytes, environ: Env, folders: Folders, settings: config.Settings
) -> trust.Verdict:
    """The user's decision about a configuration and the files that belong to it."""
    belonging = _belongings(file, data, environ, folders, settings)
    return trust.judge(file, data, settings.trust, folders.state, belonging)


def allow(  # noqa: PLR0913 - the option is the user's
    file: str,
    data: bytes,
    environ: Env,
    folders: Folders,
    settings: config.Settings,
    *,
    force: bool = False,
) -> None:
    """Allow a configuration with the files that belong to it.

    :raises TrustError: it is not safe to allow it, or the decision cannot be kept.
    """
    belonging = _belongings(file, data, environ, folders, settings)
    trust.allow(file, data, folders.state, belonging, force=force)


def load(  # noqa: PLR0913 - four are the user's choices
    file: str,
    outside: Env,
    folders: Folders,
    settings: config.Settings,
    *,
    site: str | None = None,
    env: str | None = None,
    data: bytes | None = None,
    is_kernel: bool = False,
) -> Project:
    """Read one configuration, if it is allowed, and merge it for this site.

    :param outside: the variables without an active project, whose own do not identify the site.
    :param site: the site, if the user names one.
    :param env: the named environment, if the user names one.
    :param data: the content, if the caller has read and judged it.
    :param is_kernel: leave out what a notebook server brings.
    :raises Untrusted: it is not allowed.
    :raises ConfigError: it is not valid, or excludes this site.
    """
    way = os.path.dirname(file)
    root = os.path.realpath(way)
    file = os.path.join(root, config.FILE_NAME)
    then = modified(file)  # before it is read
    content = read(file) if data is None else data
    verdict = judge(file, content, outside, folders, settings)
    guards = Guards.on_text(file, content, then) | settings.guards | verdict.guards
    if verbose.is_on():
        verbose.say(f"{file}: {verdict.word}")
    if way != root:
        guards |= Guards(links={way: root})
    if data is None and verdict.word != "allowed":
        raise Untrusted(_untrusted(file, verdict), guards)
    document = parsed.parse(content, file, folders.cache)
    site_here = sites.detect(
        outside,
        settings.matches | document.matches,
        site,
        _fqdn,
        known=document.sites | settings.sites,
        node=os.uname().nodename,
    )
    chosen = (f"--site={site} " if site else "") + (f"--env={env}" if env else "")
    choice = f"--kernel {chosen}" if is_kernel else chosen
    if not env:
        env = outside.get("AUTOENV_HPC_ENV") or None
        guards |= Guards.on_variables(["AUTOENV_HPC_ENV"], outside)
    settled = layers.select(document, settings, site_here, env)
    origin = digest([file, settled, site_here.tables])
    guards |= site_here.guards
    return Project(root, file, way, settled, site_here, origin, guards, choice, is_kernel)


def governing(root: str, outside: Env, folders: Folders, env: str | None = None) -> Governing:
    """The project that governs a folder with a configuration; projects not allowed are skipped.

    :param env: the named environment of the project in this very folder, if one is chosen.
    """
    settings = config.settings(outside, folders)
    problems: list[Problem] = [Problem(notice) for notice in settings.notices]
    guards = Guards()
    nearest = os.path.join(root, config.FILE_NAME)
    fault = _passed_over(nearest)
    file: str | None = nearest
    if fault:
        problems.append(Problem(fault))
        guards |= Guards.on_files((nearest,))
        file = find(os.path.dirname(root), folders, settings)
    while file:
        try:
            chosen = env if file == nearest else None
            project = load(file, outside, folders, settings, env=chosen)
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
        remedy = " (run `chmod u+r` on it)" if isinstance(error, PermissionError) else ""
        raise Problem(f"{file}: cannot be read: {error.strerror}{remedy}") from error


def _passed_over(file: str) -> str | None:
    """Why a configuration does not count, whatever the user says; None if it does."""
    try:
        status, folder = os.lstat(file), os.stat(os.path.dirname(file))
    except OSError:
        return None
    if folder.st_mode & stat.S_IWOTH and status.st_uid not in (0, os.getuid()):
        return f"{file} is passed over: another user put it there, as everybody can"
    return None


def _belongings(
    file: str, data: bytes, environ: Env, folders: Folders, settings: config.Settings
) -> Mapping[str, str]:
    try:
        document = parsed.parse(data, file, folders.cache)
    except ConfigError:
        return {}  # entering reports it
    root = os.path.realpath(os.path.dirname(file))
    return belongings.belongings((document, *settings.documents), root, environ, folders.home)


def _untrusted(file: str, verdict: trust.Verdict) -> str:
    if verdict.word == "denied":
        return f"{file} is denied (run `autoenv-hpc allow` to allow it again)"
    if verdict.edited:
        return (
            f"{file} was allowed with another {verdict.edited}: read that, then run"
            " `autoenv-hpc allow`"
        )
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
