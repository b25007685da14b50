"""A configuration drafted from what is active in this shell."""

import json
import os
from typing import NamedTuple

from autoenv_hpc.activations import active, other_venvs
from autoenv_hpc.context import Context
from autoenv_hpc.environment import Env
from autoenv_hpc.errors import Problem
from autoenv_hpc.modules import bookkeeping, login, requested, scratch_shell, tool
from autoenv_hpc.system.search_path import on_path
from autoenv_hpc.venvs import record


class Draft(NamedTuple):
    """The values of a new configuration, with remarks for the reader."""

    modules: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    venv: dict[str, object] | None = None
    remarks: tuple[str, ...] = ()

    def text(self) -> str:
        """The configuration."""
        lines = [f"# {remark}" for remark in self.remarks]
        if self.modules:
            lines += ["modules = [", *(f"    {_toml(name)}," for name in self.modules), "]"]
        if self.paths:
            lines += ["module-paths = [", *(f"    {_toml(path)}," for path in self.paths), "]"]
        if self.venv is not None:
            values = [f"{key} = {_toml(value)}" for key, value in self.venv.items()]
            lines += [*([""] if lines else []), "[venv]", *values]
        return "\n".join(lines) + "\n"


def from_loaded(context: Context) -> Draft:
    """Draft what is loaded and active in this shell, outside of any project.

    :raises Problem: nothing is.
    """
    env = active.without_project(context.environ)
    at_login = login.login_environment(env)
    names = [name for name in requested.requested(env) if name not in bookkeeping.loaded(at_login)]
    prefix, venv = _venv(env, context.directory)
    if not names and venv is None:
        raise Problem(
            "no module is loaded and no environment is active in this shell"
            " (load and activate what the project needs, then run this again)"
        )
    brought = [name for name in bookkeeping.loaded(env) if name not in names]
    remarks = ["Drafted from the modules and the environment that were active in a shell."]
    if brought:
        remarks.append(f"Left out, since others load them or each login does: {' '.join(brought)}.")
    if prefix and venv is not None and os.path.exists(os.path.join(prefix, "pyvenv.cfg")):
        remarks.append("`autoenv-hpc freeze -o requirements.txt` writes down its packages.")
    return Draft(tuple(names), _added_paths(env, at_login), venv, tuple(remarks))


def _added_paths(env: Env, at_login: Env) -> tuple[str, ...]:
    """The entries of MODULEPATH that neither the login nor a loaded module has added."""
    found = tool.find_tool(env)
    if found is None or not at_login.get("MODULEPATH"):
        return ()
    start = other_venvs.without_venv(env)
    left = scratch_shell.run(start, found, [("purge",)]).env if bookkeeping.loaded(env) else env
    known = at_login["MODULEPATH"].split(":")
    return tuple(path for path in left.get("MODULEPATH", "").split(":") if path not in (*known, ""))


def _venv(env: Env, root: str) -> tuple[str, dict[str, object] | None]:
    prefix = env.get("VIRTUAL_ENV", "")
    cfg = record.pyvenv_cfg(prefix) if prefix else None
    if cfg is not None:
        table: dict[str, object] = {"path": _relative(prefix, root)}
        if cfg.made_by != "venv":
            table["backend"] = cfg.made_by
        python = _python(cfg, other_venvs.without_venv(env))
        if python:
            table["python"] = python
        if cfg.system_site_packages:
            table["system-site-packages"] = True
        return prefix, {k: v for k, v in table.items() if (k, v) != ("path", ".venv")}
    prefix = env.get("CONDA_PREFIX", "")
    if prefix and env.get("CONDA_DEFAULT_ENV") != "base":
        return prefix, {"backend": "conda", "path": _relative(prefix, root)}
    return "", None


def _python(cfg: record.PyvenvCfg, env: Env) -> str | None:
    """The base interpreter's path, unless it is the one that is found without being named."""
    first = next(on_path(("python3", "python"), env, first_folder_only=True), None)
    there = [path for path in record.base_programs(cfg) if os.access(path, os.X_OK)]
    if first and os.path.realpath(first) in map(os.path.realpath, there):
        return None
    return next(iter(there), None)


def _relative(path: str, root: str) -> str:
    real, base = os.path.realpath(path), os.path.realpath(root)
    return os.path.relpath(real, base) if real.startswith(f"{base}/") else path


def _toml(value: object) -> str:
    """A value in TOML, of whose basic strings JSON's are a part."""
    return json.dumps(value, ensure_ascii=False)
