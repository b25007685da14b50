"""The schema of a configuration."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, get_args

from autoenv_hpc.project import choices, reserved_names

Path = tuple[str | int, ...]


class Fault(NamedTuple):
    """One fault, and the key that has it."""

    path: Path
    text: str


class Check(NamedTuple):
    """A kind of value: the faults that one has, and the same rule in JSON Schema (draft-07)."""

    faults: Callable[[Path, Any], Iterator[Fault]]
    json: Mapping[str, Any]
    keys: Mapping[str, "Check"] = {}  # those of a table
    each: "Check | None" = None  # the values of a table whose keys are names


_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z", re.ASCII)
# A colon is part of a range only, as lists of modules are divided by it.
_MODULE = re.compile(r"[^:;&|@]+(@[^;&|]*)?\Z")
# What belongs to the name before it: `foo @1.5: +mpi -static ~x toolset=gnu`.
_SPECIFIER = re.compile(r"(@[^;&|]*|[+~-]\w[^;&|]*|\w[\w.-]*=[^;&|]*)\Z")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_AGE = re.compile(r"(\d+)([smhd]?)\Z", re.ASCII)
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}

_SEVERAL_NAMES = re.compile(r"^\s*[A-Za-z][A-Za-z0-9_.-]*(\s+[A-Za-z][A-Za-z0-9_.-]*)+\s*$")
_SEVERAL_OPTIONS = re.compile(r"^\s*--?[A-Za-z][A-Za-z-]*(\s+--?[A-Za-z][A-Za-z-]*)+\s*$")

# Search paths that the user or the site has filled already; one value would replace all entries.
SEARCH_PATHS = frozenset(
    (
        "PATH",
        "LD_LIBRARY_PATH",
        "LD_RUN_PATH",
        "LIBRARY_PATH",
        "CPATH",
        "C_INCLUDE_PATH",
        "CPLUS_INCLUDE_PATH",
        "PYTHONPATH",
        "PERL5LIB",
        "R_LIBS",
        "R_LIBS_SITE",
        "CLASSPATH",
        "MANPATH",
        "INFOPATH",
        "PKG_CONFIG_PATH",
        "ACLOCAL_PATH",
        "CMAKE_PREFIX_PATH",
        "CMAKE_MODULE_PATH",
        "XDG_DATA_DIRS",
        "XDG_CONFIG_DIRS",
    )
)


def json_schema(*, above: bool = False) -> dict[str, Any]:
    """The schema in JSON Schema (draft-07), for editors; it checks the same as `faults`.

    What JSON Schema cannot say is left out: `default-env` names one of `[envs]`.
    """
    return dict(_table(_ABOVE if above else _PROJECT).json)


def faults(data: Mapping[str, object], *, above: bool) -> list[Fault]:
    """All faults of a parsed configuration.

    :param above: whether it is the user's or the system's file, not a project's.
    """
    keys = _ABOVE if above else _PROJECT
    found = list(_table(keys).faults((), data))
    if not above:
        for key in _ABOVE.keys() - _PROJECT.keys():
            for i, fault in enumerate(found):
                if fault.path == (key,):
                    found[i] = Fault(
                        (key,),
                        "only a config.toml may contain it, the user's or the site's"
                        " (move it to ~/.config/autoenv-hpc/config.toml)",
                    )
    names = data.get("envs")
    default = data.get("default-env")
    if isinstance(default, str) and not (isinstance(names, dict) and default in names):
        known = names if isinstance(names, dict) else {}
        hint = _suggestion(default, known) or " (add that table, or change the name)"
        found.append(Fault(("default-env",), f"no [envs.{default}]{hint}"))
    return found


def seconds(age: object) -> int:
    """A duration in seconds, from a number or a text like `90s`, `30m`, `12h`, `7d`."""
    match = _AGE.match(str(age))
    return int(match[1]) * _SECONDS[match[2]] if match else 0


def _suggestion(word: str, known: Mapping[str, object]) -> str:
    """` (did you mean …?)` if a known word is similar, else nothing."""
    import difflib  # noqa: PLC0415 - only a fault needs similar words

    folded = word.lower().replace("_", "-")
    close = difflib.get_close_matches(folded, list(known), 1, 0.6)
    return f" (did you mean {close[0]}?)" if close else ""


def _kind(value: object) -> str:
    kinds = {
        bool: "true or false", str: "a string", int: "an integer", float: "a number",
        list: "a list", dict: "a table",
    }  # fmt: skip
    return kinds.get(type(value), "a date")


def _text(path: Path, value: object) -> Iterator[Fault]:
    if not isinstance(value, str):
        quoted = (
            f' (write "{value}")' if isinstance(value, int | float) and value is not True else ""
        )
        yield Fault(path, f"expected a string, not {_kind(value)}{quoted}")
    elif not value:
        yield Fault(path, "must not be empty")
    elif "\0" in value:
        yield Fault(path, "must not contain a NUL character")


def _line(path: Path, value: object) -> Iterator[Fault]:
    found = list(_text(path, value))
    yield from found
    if isinstance(value, str) and not found and _CONTROL.search(value):
        yield Fault(path, "must be one line without control characters")


def _flag(path: Path, value: object) -> Iterator[Fault]:
    if not isinstance(value, bool):
        yield Fault(path, f"expected true or false, not {_kind(value)}")


def _list_of(item: Check) -> Check:
    def faults(path: Path, value: object) -> Iterator[Fault]:
        if not isinstance(value, list):
            wrapped = f' (write ["{value}"])' if isinstance(value, str) else ""
            yield Fault(path, f"expected a list of strings, not {_kind(value)}{wrapped}")
            return
        for i, inner in enumerate(value):
            yield from item.faults((*path, i), inner)

    return Check(faults, {"type": "array", "items": item.json})


def _module(path: Path, value: object) -> Iterator[Fault]:
    found = list(_line(path, value))
    yield from found
    if isinstance(value, str) and not found:
        name, *more = value.split() or [""]
        if name.startswith(("-", "+")):
            yield Fault(path, f"{value!r} is an option, not a module")
        elif not _MODULE.match(name) or not all(map(_SPECIFIER.match, more)):
            yield Fault(path, f"{value!r} is not a module name (write one string for each module)")


def is_module(name: str) -> bool:
    """Whether the list `modules` can have this entry."""
    return not any(_module((), name))


def _package(path: Path, value: object) -> Iterator[Fault]:
    found = list(_text(path, value))
    yield from found
    if not isinstance(value, str) or found:
        return
    if value.startswith("-"):
        remedy = (
            f"write the line `{value}` into a file of `requirements`"
            if re.match("(-e|--editable)[ =]", value)
            else "options belong in pip-args"
        )
        yield Fault(path, f"{value!r} is an option, not a package ({remedy})")
    elif _SEVERAL_NAMES.match(value):
        yield Fault(path, f"{value!r} is not a package (write one string for each package)")


def _argument(path: Path, value: object) -> Iterator[Fault]:
    found = list(_text(path, value))
    yield from found
    if isinstance(value, str) and not found and _SEVERAL_OPTIONS.match(value):
        words = json.dumps(value.split())[1:-1]
        yield Fault(path, f"{value!r} is more than one option (write {words})")


def _texts_or_text(path: Path, value: object) -> Iterator[Fault]:
    yield from (_TEXT if isinstance(value, str) else _TEXTS).faults(path, value)


def _choice(*words: str) -> Check:
    def faults(path: Path, value: object) -> Iterator[Fault]:
        if value not in words:
            close = _suggestion(value, dict.fromkeys(words)) if isinstance(value, str) else ""
            found = f"{value!r}" if isinstance(value, str) else _kind(value)
            yield Fault(
                path, f"expected {', '.join(words[:-1])} or {words[-1]}, not {found}{close}"
            )

    return Check(faults, {"enum": list(words)})


def _duration(path: Path, value: object) -> Iterator[Fault]:
    if isinstance(value, bool) or not isinstance(value, int | str) or not _AGE.match(str(value)):
        yield Fault(path, 'expected seconds, or a duration like "12h"')


def _variable(path: Path, name: str) -> Iterator[Fault]:
    if not _NAME.match(name):
        yield Fault(path, f"{name!r} is not a variable name")
    elif why := reserved_names.reason(name):
        yield Fault(path, f"{name} cannot be set here: {why}")


def _word(path: Path, name: str) -> Iterator[Fault]:
    if not _WORD.match(name):
        yield Fault(path, f"{name!r} must consist of letters, digits, `_`, `.` and `-`")


def _env_value(path: Path, value: object) -> Iterator[Fault]:
    name = path[-1] if path else ""
    if name in SEARCH_PATHS and (value is not False or name == "PATH"):
        instead = _as_path_edit(name, value)
        yield Fault(path, f"a search path has many entries (write {instead})")
    elif isinstance(value, dict):
        yield from _table(_PATH_VALUE).faults(path, value)
        if not value:
            yield Fault(path, 'expected { path = "…" }, not an empty table')
    elif value is True or not isinstance(value, str | bool):
        remedy = (
            f'write "{value}"'
            if isinstance(value, int | float) and value is not True
            else "false unsets"
        )
        yield Fault(path, f"expected a string or false, not {_kind(value)} ({remedy})")
    elif isinstance(value, str) and "\0" in value:
        yield Fault(path, "must not contain a NUL character")


def _as_path_edit(name: str | int, value: object) -> str:
    """The table `[paths]` that means what a value like `bin:$PATH` means in a shell."""
    if isinstance(value, dict):
        value = value.get("path")
    entries = [entry for entry in str(value or "…").split(":") if entry]
    itself = next((i for i, e in enumerate(entries) if e in (f"${name}", f"${{{name}}}")), None)
    ends = {
        "prepend": entries if itself is None else entries[:itself],
        "append": [] if itself is None else entries[itself + 1 :],
    }
    parts = [
        f"{end} = {json.dumps(found, ensure_ascii=False)}" for end, found in ends.items() if found
    ]
    parts = parts or ['prepend = ["…"]']
    return f"[paths] {name} = {{ {', '.join(parts)} }}"


def _table(keys: Mapping[str, Check]) -> Check:
    def faults(path: Path, value: object) -> Iterator[Fault]:
        if not isinstance(value, dict):
            yield Fault(path, f"expected a table, not {_kind(value)}{_as_table(path, keys, value)}")
            return
        for key, inner in value.items():
            if key in keys:
                yield from keys[key].faults((*path, key), inner)
            else:
                hint = _place(path, key) or _suggestion(key, keys)
                yield Fault((*path, key), f"unknown key{hint}")

    properties = {key: check.json for key, check in keys.items()}
    shape = {"type": "object", "additionalProperties": False, "properties": properties}
    return Check(faults, shape, keys)


def _as_table(path: Path, keys: Mapping[str, Check], value: object) -> str:
    """` (write …)` with the table that a plain value may stand for."""
    first = next(iter(keys), None)
    if len(path) > 1 and first:
        text = json.dumps([value] if first == "prepend" else value, ensure_ascii=False, default=str)
        return f" (write {{ {first} = {text} }})"
    return f" (write [{'.'.join(map(str, path))}] in a line of its own, and its keys below)"


def _place(path: Path, key: str) -> str:
    """` (…)` with the table that a key belongs to, if it is in a wrong one."""
    if path and key in _PROJECT:
        return f" (`{key}` belongs above the first [table])"
    tables = [name for name, keys in _TABLES.items() if key in keys and name not in path]
    return f" (`{key}` belongs in [{tables[0]}])" if tables else ""


def _named(name: Check, each: Check) -> Check:
    def faults(path: Path, value: object) -> Iterator[Fault]:
        if not isinstance(value, dict):
            yield Fault(path, f"expected a table, not {_kind(value)}{_as_table(path, {}, value)}")
            return
        for key, inner in value.items():
            wrong = list(name.faults((*path, key), key))
            yield from wrong or each.faults((*path, key), inner)

    shape = {"type": "object", "propertyNames": name.json, "additionalProperties": each.json}
    return Check(faults, shape, each=each)


def _or_false(check: Check) -> Check:
    def faults(path: Path, value: object) -> Iterator[Fault]:
        if value is not False:
            yield from check.faults(path, value)

    return Check(faults, {"anyOf": [{"const": False}, check.json]})


_TEXT = Check(_text, {"type": "string", "minLength": 1, "pattern": r"^[^\u0000]*$"})
_LINE = Check(
    _line, {"type": "string", "minLength": 1, "pattern": r"^[^\u0000-\u001f\u007f-\u009f]*$"}
)
_FLAG = Check(_flag, {"type": "boolean"})
_TEXTS = _list_of(_TEXT)
_MODULE_PATTERN = (
    r"^(?![+-])[^\s:;&|@\u0000-\u001f]+(@[^;&|\s]*)?(\s+(@|[+~-]\w|\w[\w.-]*=)[^;&|]*)?$"
)
_MODULES = _list_of(Check(_module, {"type": "string", "pattern": _MODULE_PATTERN}))
_DURATION = Check(
    _duration,
    {
        "anyOf": [
            {"type": "integer", "minimum": 0},
            {"type": "string", "pattern": "^[0-9]+[smhd]?$"},
        ]
    },
)
_VARIABLE = Check(
    _variable,
    {
        "pattern": reserved_names.PATTERN,
        "not": {"enum": sorted(reserved_names.RESERVED)},
    },
)
_WORD_NAME = Check(_word, {"pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]*$"})
_PATH_VALUE = {"path": _TEXT}
_ENV_VALUE = Check(
    _env_value,
    {
        "anyOf": [
            {"type": "string", "pattern": r"^[^\u0000]*$"},
            {"const": False},
            {**_table(_PATH_VALUE).json, "required": ["path"]},
        ]
    },
)
_NO_PACKAGE = f"^-|{_SEVERAL_NAMES.pattern}"
_VENV = {
    "path": _TEXT,
    "backend": _choice(*get_args(choices.Backend)),
    "python": _LINE,
    "system-site-packages": _FLAG,
    "prompt": _or_false(_LINE),
    "create": _choice(*get_args(choices.Create)),
    "in-job": _FLAG,
    "requirements": _TEXTS,
    "packages": _list_of(Check(_package, {**_TEXT.json, "not": {"pattern": _NO_PACKAGE}})),
    "pip-args": _list_of(
        Check(_argument, {**_TEXT.json, "not": {"pattern": _SEVERAL_OPTIONS.pattern}})
    ),
    "sync": _choice(*get_args(choices.Sync)),
}
_TABLES: dict[str, dict[str, Check]] = {
    "venv": _VENV,
    "python-path": {"policy": _choice(*get_args(choices.PythonPathPolicy))},
    "cache": {"enabled": _FLAG, "max-age": _DURATION},
    "storage": {
        "home": _choice(*get_args(choices.Tolerance)),
        "conda": _choice(*get_args(choices.Tolerance)),
        "caches": _or_false(_TEXT),
    },
}
_EDIT = _table({"prepend": _TEXTS, "append": _TEXTS})
_ENV = _named(_VARIABLE, _ENV_VALUE)
_UNSET = {name: {"const": False} for name in sorted(SEARCH_PATHS - {"PATH"})} | {"PATH": False}
_SETTINGS = {
    "modules": _MODULES,
    "module-paths": _TEXTS,
    "module-policy": _choice(*get_args(choices.ModulePolicy)),
    "env": _ENV._replace(json={**_ENV.json, "properties": _UNSET}),
    "paths": _named(_VARIABLE, _EDIT),
    **{name: _table(keys) for name, keys in _TABLES.items()},
}
_BASE = {**_SETTINGS, "name": _LINE, "only-sites": _TEXTS, "default-env": _LINE}
_ENVS = _named(_WORD_NAME, _table({**_SETTINGS, "name": _LINE}))
_MATCH = _table({"env": _named(_VARIABLE, _TEXTS), "fqdn": _TEXTS})
_PROJECT = {
    **_BASE,
    "envs": _ENVS,
    "site": _named(_WORD_NAME, _table({**_BASE, "envs": _ENVS, "match": _MATCH})),
}
_CEILING = Check(_texts_or_text, {"anyOf": [_TEXT.json, _TEXTS.json]})
_ABOVE = {
    **_PROJECT,
    "trust": _table({"paths": _TEXTS, "groups": _TEXTS}),
    "search": _table({"ceiling": _CEILING}),
}
