"""The deactivation of an environment that the user activated by hand."""

import os

from autoenv_hpc.environment import Env, without_entry


def without_venv(env: Env) -> Env:
    """The variables without an active virtual or conda environment."""
    result = dict(env)
    prefix = result.pop("VIRTUAL_ENV", "")
    if prefix:
        result.pop("VIRTUAL_ENV_PROMPT", None)
        _drop(result, prefix)
    levels = [n for n in env if n == "CONDA_PREFIX" or n.startswith("CONDA_PREFIX_")]
    for name in levels:
        if name == "CONDA_PREFIX" or name.removeprefix("CONDA_PREFIX_").isdigit():
            _drop(result, result.pop(name))
    if levels:
        for name in ("CONDA_DEFAULT_ENV", "CONDA_PROMPT_MODIFIER"):
            result.pop(name, None)
    if levels or "CONDA_SHLVL" in env:  # a process can inherit it without the others
        result["CONDA_SHLVL"] = "0"
    return result


def prompts(env: Env) -> tuple[str, ...]:
    """The texts that the environment may have added to the prompt, the likeliest first."""
    texts = [env["CONDA_PROMPT_MODIFIER"]] if env.get("CONDA_PROMPT_MODIFIER") else []
    prefix = env.get("VIRTUAL_ENV", "")
    names = (env.get("VIRTUAL_ENV_PROMPT", ""), os.path.basename(prefix))
    texts += [name if name.startswith("(") else f"({name}) " for name in names if name]
    return tuple(dict.fromkeys(texts))


def _drop(env: Env, prefix: str) -> None:
    if "PATH" in env:
        env["PATH"] = without_entry(env["PATH"], os.path.join(prefix, "bin"))
