"""A configuration drafted from the recipes of batch scripts."""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from autoenv_hpc.printable import printable
from autoenv_hpc.scripts.recipe import Note, Recipe, Venv

Table = dict[str, Any]


class Script(NamedTuple):
    """A script that was read."""

    path: str
    text: str
    recipe: Recipe


class Draft(NamedTuple):
    """A configuration, and what a reader of it should know."""

    text: str
    messages: tuple[str, ...]  # one line each


def draft(scripts: Sequence[Script]) -> Draft:
    """Draft one configuration for all scripts; where they differ, each has a named environment."""
    variants = _variants(scripts)
    tables = {name: _tables(users[0].recipe) for name, users in variants.items()}
    common = _common(list(tables.values()))
    messages = []
    if len(tables) > 1:
        common["default-env"] = next(iter(tables))
        messages = [f"[envs.{name}] is for {_listed(users)}" for name, users in variants.items()]
    messages += [_remark(script, note) for script in scripts for note in script.recipe.notes]
    first = f"Drafted from {_listed(scripts)}."
    lines = [f"# {printable(message)}" for message in (first, *messages)]
    lines += _toml(common)
    if len(tables) > 1:
        for name, table in tables.items():
            lines += _toml(_without(table, common), ("envs", name))
    return Draft("\n".join(lines) + "\n", tuple(messages))


def replaced(scripts: Sequence[Script]) -> list[str]:
    """The scripts as they could become: one line instead of those that the configuration replaces.

    A script whose named environment is not the default one names it.
    """
    variants = _variants(scripts)
    default = next(iter(variants))
    words = {s.path: "" if n == default else f" --env {n}" for n, u in variants.items() for s in u}
    return [_with_line(s, f'eval "$(autoenv-hpc export{words[s.path]})"') for s in scripts]


def _with_line(script: Script, line: str) -> str:
    lines, taken = script.text.split("\n"), script.recipe.taken
    if not taken:
        return script.text
    kept = [text for i, text in enumerate(lines, 1) if i not in taken]
    at = sum(i not in taken for i in range(1, taken[0]))
    return "\n".join([*kept[:at], line, *kept[at:]])


def _variants(scripts: Sequence[Script]) -> dict[str, list[Script]]:
    """The scripts by their environments, each named after the first script that has it."""
    named: dict[str, str] = {}
    result: dict[str, list[Script]] = {}
    for name, script in zip(_names(scripts), scripts, strict=True):
        key = json.dumps(_tables(script.recipe), sort_keys=True)
        result.setdefault(named.setdefault(key, name), []).append(script)
    return result


def _listed(scripts: Sequence[Script]) -> str:
    return ", ".join(os.path.basename(script.path) for script in scripts)


def _names(scripts: Sequence[Script]) -> list[str]:
    """A name for each script that a table can have."""
    found: list[str] = []
    for script in scripts:
        stem = os.path.basename(script.path).partition(".")[0]
        name = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in stem)
        name = name.lstrip("-_") or "script"
        while name in found:
            name += "-2"
        found.append(name)
    return found


def _tables(recipe: Recipe) -> Table:
    """The values of a configuration, without defaults."""
    paths = {n: {k: v for k, v in edit.items() if v} for n, edit in recipe.paths.items()}
    table: Table = {
        "modules": list(recipe.modules),
        "module-paths": list(recipe.module_paths),
        "module-policy": recipe.policy if recipe.policy != "keep" else None,
        "venv": _venv(recipe, recipe.venvs[0]) if recipe.venvs else None,
        "env": dict(recipe.env),
        "paths": paths,
    }
    return {key: value for key, value in table.items() if value}


def _venv(recipe: Recipe, venv: Venv) -> Table:
    table: Table = {
        "path": venv.path,
        "backend": venv.backend if venv.backend != "venv" else None,
        "python": recipe.python,
        "system-site-packages": recipe.system_site_packages or None,
        "requirements": list(recipe.requirements),
        "packages": list(recipe.packages),
        "pip-args": list(recipe.pip_args),
    }
    return {key: value for key, value in table.items() if value}


def _common(tables: list[Table]) -> Table:
    """What all tables have alike, key by key."""
    first, *others = tables
    return {key: value for key, value in first.items() if all(o.get(key) == value for o in others)}


def _without(table: Table, common: Table) -> Table:
    return {key: value for key, value in table.items() if key not in common}


def _remark(script: Script, note: Note) -> str:
    return f"{os.path.basename(script.path)}:{note.line}: {note.text}: {note.why}"


def _toml(table: Mapping[str, Any], path: tuple[str, ...] = ()) -> list[str]:
    """The lines of a table: its values, then the tables in it."""
    inner = {k: v for k, v in table.items() if isinstance(v, dict) and len(path) + k.count(".") < 4}  # noqa: PLR2004
    plain = {k: v for k, v in table.items() if k not in inner}
    lines = [f"[{'.'.join(path)}]"] if path and (plain or not inner) else []
    for key, value in plain.items():
        lines.append(f"{_key(key)} = {_value(value)}")
    lines = ["", *lines] if path and lines else lines
    for key, value in inner.items():
        if path[-1:] == ("paths",) or key == "paths":
            lines += ["", f"[{'.'.join((*path, key))}]"]
            lines += [f"{_key(name)} = {_value(edit)}" for name, edit in value.items()]
        else:
            lines += _toml(value, (*path, key))
    return lines


def _key(key: str) -> str:
    is_bare = key.isascii() and all(c.isalnum() or c in "-_" for c in key)
    return key if is_bare else _text(key)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list) and len(value) > 3:  # noqa: PLR2004 - more do not fit a line
        return "[\n" + "".join(f"    {_value(item)},\n" for item in value) + "]"
    return _text(value)


def _text(value: object) -> str:
    """The value as JSON, which TOML reads alike but for one character that it forbids."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
