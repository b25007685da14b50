"""The environments that the user activates by hand, before entering a project or inside it."""

import os
import re

from autoenv_hpc.environment import Env, Variables, without_entry

# What bin/activate keeps for `deactivate`, and conda for `conda deactivate`. In fish and with conda
# these variables are exported.
_SAVED = re.compile(r"(?:_OLD_VIRTUAL_|_OLD_(?=PKG_)|__CONDA_SHLVL_(\d+)_)(\w+)\Z")
_LEVEL = re.compile(r"CONDA_(PREFIX|STACKED)_(\d+)\Z")
CONDA = ("CONDA_PREFIX", "CONDA_DEFAULT_ENV", "CONDA_PROMPT_MODIFIER")
_VENV = ("VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT", "_OLD_FISH_PROMPT_OVERRIDE")


def without_venv(env: Variables) -> Env:
    """The variables without an active virtual or conda environment."""
    return without_conda(without_virtualenv(env))


def without_virtualenv(env: Variables) -> Env:
    """The variables without an active virtual environment."""
    prefix = env.get("VIRTUAL_ENV")
    if not prefix:
        return {name: value for name, value in env.items() if name != "VIRTUAL_ENV"}
    result = {name: value for name, value in env.items() if not is_virtualenvs(name)}
    return without_bins(result, [prefix])


def without_conda(env: Variables) -> Env:
    """The variables without an active conda environment."""
    prefixes = conda_stack(env)
    result = {name: value for name, value in env.items() if not is_condas(name)}
    if prefixes or "CONDA_SHLVL" in env:  # a process can inherit it without the others
        result["CONDA_SHLVL"] = "0"
    return without_bins(result, prefixes)


def is_virtualenvs(name: str) -> bool:
    """Whether the variable describes the active virtual environment."""
    return name in _VENV or is_saved_by_script(name)


def is_saved_by_script(name: str) -> bool:
    """Whether a bin/activate saves a value in this variable."""
    return name.startswith("_OLD_") and _SAVED.match(name) is not None


def is_condas(name: str) -> bool:
    """Whether the variable describes the active conda environments."""
    return name in CONDA or name == "CONDA_SHLVL" or _LEVEL.match(name) is not None


def saved_variable(name: str) -> str:
    """The variable whose value this one keeps until an environment is deactivated, or nothing."""
    match = _SAVED.match(name)
    return match[2] if match else ""


def conda_stack(env: Variables) -> list[str]:
    """The prefixes of the active conda environments, the last activated at the end."""
    levels = sorted((int(m[2]), n) for n in env if (m := _LEVEL.match(n)) and m[1] == "PREFIX")
    names = [name for _, name in levels] + ["CONDA_PREFIX"]
    return [env[name] for name in names if env.get(name)]


def with_conda_stack(env: Variables, prefixes: list[str]) -> Env:
    """The variables with these conda environments, of which the last one is active already."""
    shift = len(prefixes) - int(env.get("CONDA_SHLVL") or 0)
    result: Env = {}
    for name, value in env.items():
        saved = _SAVED.match(name)
        if saved and saved[1]:
            level = int(saved[1]) + shift
            if level >= 0:
                result[f"__CONDA_SHLVL_{level}_{saved[2]}"] = value
        elif not _LEVEL.match(name):
            result[name] = value
    result |= {f"CONDA_PREFIX_{level}": prefix for level, prefix in enumerate(prefixes[:-1], 1)}
    return {**result, "CONDA_PREFIX": prefixes[-1], "CONDA_SHLVL": str(len(prefixes))}


def prompts(env: Variables) -> tuple[str, ...]:
    """The texts that the environment may have added to the prompt, the likeliest first."""
    texts = [env["CONDA_PROMPT_MODIFIER"]] if env.get("CONDA_PROMPT_MODIFIER") else []
    prefix = env.get("VIRTUAL_ENV", "")
    names = (env.get("VIRTUAL_ENV_PROMPT", ""), os.path.basename(prefix))
    texts += [name if name.startswith("(") else f"({name}) " for name in names if name]
    return tuple(dict.fromkeys(texts))


def without_bins(env: Env, prefixes: list[str]) -> Env:
    """The variables without the programs of some environments."""
    path = env.get("PATH")
    if path is None or not prefixes:
        return env
    for prefix in prefixes:
        path = without_entry(path, os.path.join(prefix, "bin"))
    return {**env, "PATH": path}
