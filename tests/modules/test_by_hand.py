"""What entering loads is what `module load` gives, whatever a user can type after it."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from homes import MODULE_TOOLS, Home

EVERY_TOOL = pytest.mark.parametrize("tool", MODULE_TOOLS)
# Variables of the shells themselves, of exec, and Lmod's table, which contains times.
_APART = ("_", "SHLVL", "PWD", "OLDPWD", "_ModuleTable", "AUTOENV_HPC_")


def by_hand(home: Home, typed: str, **more: str) -> dict[str, str]:
    """The environment after these lines in a shell that has `module`."""
    done = subprocess.run(
        ["/bin/bash", "--norc", "--noprofile", "-c", f"{typed}\n/usr/bin/env -0"], check=False,
        capture_output=True, text=True, env={**home.env, **more}, cwd=home.folder,
    )  # fmt: skip
    return _variables(done.stdout)


def inside(home: Home, root: Path, **more: str) -> dict[str, str]:
    """The environment of a command in the project."""
    done = home.command("exec", "-C", str(root), "--", "/usr/bin/env", "-0", env=more)
    return _variables(done.stdout)


def _variables(text: str) -> dict[str, str]:
    pairs = (field.split("=", 1) for field in text.split("\0") if "=" in field)
    return {name: value for name, value in pairs if not name.startswith(_APART)}


def write_modules(folder: Path, files: Mapping[str, str]) -> Path:
    """Write modulefiles and rc files by name; return the folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.parametrize("tool", ["modules"])
@pytest.mark.parametrize("runtime", [None, "/tcl/lib"])
def test_variables_that_are_kept_from_the_tool_come_back(
    cluster: Home, tool: str, runtime: str | None
) -> None:
    cluster.env["MODULES_RUN_QUARANTINE"] = "LD_LIBRARY_PATH LD_PRELOAD 1bad"
    cluster.env["LD_LIBRARY_PATH"] = "/mine/lib:/it's mine"
    if runtime:
        cluster.env["MODULES_RUNENV_LD_LIBRARY_PATH"] = runtime
    tree = write_modules(
        cluster.folder / "modules",
        {
            "q/1": "#%Module\nprepend-path LD_LIBRARY_PATH /opt/q/lib\nsetenv SEEN $env(LD_LIBRARY_PATH)\n"
        },
    )
    cluster.env["MODULEPATH"] = str(tree)
    root = cluster.project('modules = ["q/1"]')
    expected = by_hand(cluster, "module load q/1")
    assert expected["LD_LIBRARY_PATH"] == "/opt/q/lib:/mine/lib:/it's mine"
    assert inside(cluster, root) == expected
    assert "LD_PRELOAD" not in expected
