"""The templates in path values."""

import os
import re
from collections.abc import Callable, Mapping

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import ConfigError

Field = str | None | Callable[[], str]

_PART = re.compile(
    r"\{\{|\}\}|\{(?P<field>[^{}]*)\}|\$\$|\$(?:\{(?P<braced>[^{}]*)\}|(?P<plain>[A-Za-z_]\w*))|[{}$]",
    re.ASCII,
)
_HOME = re.compile(r"~(?P<user>[^/]*)")


def expand(
    template: str, *, fields: Mapping[str, Field], environ: Env, home: str, place: str
) -> str:
    """Expand a template; `{{`, `}}` and `$$` stand for the characters themselves.

    :param fields: values by name; a callable is called only if the template uses its field.
    :param home: what `~` stands for.
    :param place: the file and key, for messages.
    :raises ConfigError: a variable is not set, or a field is unknown.
    """

    def value(match: re.Match[str]) -> str:
        if match["field"] is not None:
            return _field(match["field"], fields, place)
        name = match["braced"] or match["plain"]
        if name:
            if not environ.get(name):
                state = "empty" if name in environ else "not set"
                raise ConfigError(f"{place}: ${name} is {state} (set it, or write the path out)")
            return environ[name]
        if match[0] in ("{{", "}}", "$$"):
            return match[0][0]
        raise ConfigError(
            f"{place}: stray {match[0]!r} in {template!r} (write it twice for the character itself)"
        )

    tilde = _HOME.match(template)
    start = _home(tilde["user"], home, place) if tilde else ""
    return start + _PART.sub(value, template[tilde.end() if tilde else 0 :])


def looks_like_path(text: str) -> bool:
    """Whether a plain text has a part that a path value would expand."""
    return bool(re.match(r"~[\w-]*/", text) or re.search(r"\$\{?[A-Za-z_]|\{[a-z]+\}", text))


def pattern(template: str, environ: Env, home: str) -> str | None:
    """A pattern for glob(3) of all that a template may become, whatever its fields stand for.

    :returns: None if it needs a variable that is not set.
    """
    tilde = _HOME.match(template)
    start = os.path.expanduser(f"~{tilde['user']}") if tilde and tilde["user"] else home
    import glob  # noqa: PLC0415 - only for a path value

    parts, at = [glob.escape(start)] if tilde else [], tilde.end() if tilde else 0
    for match in _PART.finditer(template, at):
        parts.append(glob.escape(template[at : match.start()]))
        at = match.end()
        name = match["braced"] or match["plain"]
        if name and not environ.get(name):
            return None
        if name:
            parts.append(glob.escape(environ[name]))
        else:
            parts.append("*" if match["field"] is not None else match[0][0])
    return "".join([*parts, glob.escape(template[at:])])


def variables(template: str) -> set[str]:
    """The variables that a template reads."""
    found = {m["braced"] or m["plain"] for m in _PART.finditer(template)} - {None, ""}
    if template.startswith("~"):
        found.add("HOME")
    return found


def _field(name: str, fields: Mapping[str, Field], place: str) -> str:
    if name not in fields:
        known = ", ".join(f"{{{field}}}" for field in fields) or "none here"
        raise ConfigError(f"{place}: unknown field {{{name}}} (known: {known})")
    value = fields[name]
    if callable(value):
        value = value()
    if not value:
        remedy = " (set AUTOENV_HPC_SITE, or give the site a match)" if name == "site" else ""
        raise ConfigError(f"{place}: {{{name}}} is not known here{remedy}")
    return value


def _home(user: str, home: str, place: str) -> str:
    if not user:
        return home
    path = os.path.expanduser(f"~{user}")
    if path.startswith("~"):
        raise ConfigError(f"{place}: no user {user}")
    return path
