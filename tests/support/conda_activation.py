"""Prints what `conda shell.posix` and `mamba shell` print for one set of variables.

Sources: conda's conda/activate.py (`_build_activate_stack`, `build_deactivate`, `build_reactivate`,
`_yield_commands`, `PosixActivator`) with conda/base/context.py (`conda_exe_vars_dict`);
mamba's libmamba/src/core/activation.cpp (`PosixActivator::script`). The prompt is the default,
`({default_env}) `, and there is no `--stack`.
"""

import json
import os
import re
from pathlib import Path
from typing import NamedTuple

_UNSET = "***unset***"  # conda/base/constants.py: CONDA_ENV_VARS_UNSET_VAR


class Program(NamedTuple):
    """The program whose text is printed."""

    name: str  # conda, mamba, micromamba
    version: tuple[int, ...]
    root: str

    @property
    def is_mamba(self) -> bool:
        """Whether it behaves as micromamba does; mamba 1 was a wrapper around conda."""
        return self.name != "conda"


class Change(NamedTuple):
    """The steps of an activation, in the order of the text."""

    path: str = ""
    leave: tuple[str, ...] = ()  # scripts
    unset: tuple[str, ...] = ()
    prompt: str | None = None
    export: dict[str, str] = {}
    enter: tuple[str, ...] = ()

    def text(self, program: Program) -> str:
        """The shell code, without escapes, as from conda."""
        # conda 25.7 (#14901): an empty variable, since `unset` "would cause issues … with -u".
        empties = not program.is_mamba and program.version >= (25, 7)
        lines = [f"export PATH='{self.path}'"] if self.path else []
        lines += [f'. "{script}"' for script in self.leave]
        lines += [f"export {name}=''" if empties else f"unset {name}" for name in self.unset]
        lines += [] if self.prompt is None else [f"PS1='{self.prompt}'"]
        lines += [f"export {name}='{value}'" for name, value in self.export.items()]
        lines += [f'. "{script}"' for script in self.enter]
        return "\n".join([*lines, ""])


def activate(program: Program, prefix: str, env: dict[str, str]) -> Change:
    """Add a level, or activate the same prefix again if it is active."""
    level, old = _level(env), env.get("CONDA_PREFIX", "")
    if level and old == prefix:
        return _reactivate(program, prefix, env)
    if program.is_mamba and level and env.get(f"CONDA_PREFIX_{level - 1}") == prefix:
        return deactivate(program, env)
    own = {name: value for name, value in _own(prefix).items() if value != _UNSET}
    saved = {f"__CONDA_SHLVL_{level}_{name}": env[name] for name in own if name in env}
    named = _named(program, prefix, level + 1, env)
    outer = {f"CONDA_PREFIX_{level}": old} if level else {}
    path = _path(program, old if level else "", prefix, env)
    unset, meta = _meta(program)
    if program.is_mamba:
        gone = tuple(_own(old)) if level else ()
        back = _saved(level - 1, gone, env)
        export = {**back, **own, **saved, "PATH": path, **named, **outer}
        unset = gone
    else:
        export = {"PATH": path, **named, **own, **saved, **outer, **meta}
    return Change(
        leave=_scripts(old, "deactivate.d") if level else (),
        unset=unset,
        prompt=_prompt(named["CONDA_PROMPT_MODIFIER"], env),
        export=export,
        enter=_scripts(prefix, "activate.d"),
    )


def deactivate(program: Program, env: dict[str, str]) -> Change:
    """Remove a level, if there is one."""
    level, old = _level(env), env.get("CONDA_PREFIX", "")
    if not old or level < 1:
        return Change()
    unset, meta = _meta(program)
    back = _saved(level - 1, tuple(_own(old)), env)
    gone = tuple(name for name in _own(old) if program.is_mamba or name not in back)
    if program.is_mamba:
        gone += tuple(f"__CONDA_SHLVL_{level - 1}_{name}" for name in back)
    if level == 1:
        named = {"CONDA_SHLVL": "0"}
        unset = ("CONDA_PREFIX", "CONDA_DEFAULT_ENV", "CONDA_PROMPT_MODIFIER", *unset)
        path, enter = _path(program, old, "", env), tuple[str, ...]()
    else:
        new = env[f"CONDA_PREFIX_{level - 1}"]
        named = _named(program, new, level - 1, env) | _own(new)
        unset = (f"CONDA_PREFIX_{level - 1}", *unset)
        path, enter = _path(program, old, new, env), _scripts(new, "activate.d")
    return Change(
        path=path,
        leave=_scripts(old, "deactivate.d"),
        unset=(*unset, *gone),
        prompt=_prompt(named.get("CONDA_PROMPT_MODIFIER", ""), env),
        export={**named, **meta, **back},
        enter=enter,
    )


def _reactivate(program: Program, prefix: str, env: dict[str, str]) -> Change:
    unset, meta = _meta(program)
    named = _named(program, prefix, _level(env), env)
    kept = {name: named[name] for name in ("CONDA_SHLVL", "CONDA_PROMPT_MODIFIER")}
    return Change(
        leave=_scripts(prefix, "deactivate.d"),
        unset=unset,
        prompt=_prompt(named["CONDA_PROMPT_MODIFIER"], env),
        export={"PATH": _path(program, prefix, prefix, env), **kept, **meta},
        enter=_scripts(prefix, "activate.d"),
    )


def _level(env: dict[str, str]) -> int:
    return int(env.get("CONDA_SHLVL", "").strip() or 0)


def _named(program: Program, prefix: str, level: int, env: dict[str, str]) -> dict[str, str]:
    """The four variables that describe the active environment."""
    folder, base = os.path.split(prefix)
    name = base if os.path.basename(folder) == "envs" else prefix
    name = "base" if os.path.realpath(prefix) == os.path.realpath(program.root) else name
    return {
        "CONDA_PREFIX": prefix, "CONDA_SHLVL": str(level), "CONDA_DEFAULT_ENV": name,
        "CONDA_PROMPT_MODIFIER": f"({name}) ",
    }  # fmt: skip


def _meta(program: Program) -> tuple[tuple[str, ...], dict[str, str]]:
    """The variables with which conda's shell function finds conda: to unset, to export."""
    if program.is_mamba:
        return (), {}
    exe = f"{program.root}/bin/conda"
    python = {"CONDA_PYTHON_EXE": f"{program.root}/bin/python"}
    if program.version < (25, 1):
        return (), {"CONDA_EXE": exe, "_CE_M": "", "_CE_CONDA": "", **python}
    new = program.version >= (25, 7)
    more = {"_CONDA_EXE": exe} if new else {}, {"_CONDA_ROOT": program.root} if new else {}
    return ("_CE_M", "_CE_CONDA"), {"CONDA_EXE": exe, **more[0], **python, **more[1]}


def _prompt(modifier: str, env: dict[str, str]) -> str | None:
    prompt = env.get("PS1", "")
    if "POWERLINE_COMMAND" in prompt:
        return None
    if env.get("CONDA_PROMPT_MODIFIER"):
        prompt = re.sub(re.escape(env["CONDA_PROMPT_MODIFIER"]), "", prompt)
    return modifier + prompt.replace("'", "'\"'\"'")


def _path(program: Program, old: str, new: str, env: dict[str, str]) -> str:
    """PATH with one prefix replaced by another: conda keeps the place, mamba prepends."""
    entries = env.get("PATH", "/usr/bin").split(":")
    place = 0
    if old and f"{old}/bin" in entries:
        place = 0 if program.is_mamba else entries.index(f"{old}/bin")
        entries.remove(f"{old}/bin")
    if not old and not any(entry.endswith("condabin") for entry in entries):
        entries.insert(0, f"{program.root}/condabin")
    return ":".join([*entries[:place], *([f"{new}/bin"] if new else []), *entries[place:]])


def _scripts(prefix: str, kind: str) -> tuple[str, ...]:
    found = sorted(map(str, Path(prefix, "etc/conda", kind).glob("*.sh")))
    return tuple(found if kind == "activate.d" else found[::-1])


def _own(prefix: str) -> dict[str, str]:
    """The environment's own variables: those of its packages, then those of environment.yml."""
    found: dict[str, str] = {}
    for path in sorted(Path(prefix, "etc/conda/env_vars.d").glob("*")):
        found |= json.loads(path.read_text())
    state = Path(prefix, "conda-meta/state")
    return found | (json.loads(state.read_text()).get("env_vars", {}) if state.exists() else {})


def _saved(level: int, names: tuple[str, ...], env: dict[str, str]) -> dict[str, str]:
    found = {name: env.get(f"__CONDA_SHLVL_{level}_{name}") for name in names}
    return {name: value for name, value in found.items() if value}
