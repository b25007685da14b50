"""`exec` inside an active project, as in a job that inherits the environment of its shell."""

import os
import shutil
from pathlib import Path

import pytest
from homes import COMMAND, SHELLS, Home
from sessions import PLAIN, TICK, assert_same
from trees import Tree

NO_PYTHON = "AUTOENV_HPC_PYTHON=/bin/false"


def nested(home: Home, root: Path, between: str, *words: str, outside: str = "") -> str:
    """What a command prints in an `exec` inside another, with some commands between the two."""
    inner = " ".join(f"'{word}'" for word in (COMMAND, "exec", "--", *words))
    line = f"{between}\n{inner}"
    env = dict(pair.split("=", 1) for pair in outside.split())
    return home.command("exec", "--", "/bin/sh", "-c", line, cwd=root, env=env).stdout


def test_what_is_unchanged_needs_no_python(home: Home) -> None:
    root = home.project('[env]\nOURS = "1"\n', "p")
    home.command("prepare", cwd=root)
    assert nested(home, root, f"export {NO_PYTHON}", "printenv", "OURS") == "1\n"


@pytest.mark.parametrize("outside", ["", "OURS=1", "OURS=0"])
def test_a_variable_that_was_changed_by_hand_is_the_projects_again(
    home: Home, outside: str
) -> None:
    root = home.project('[env]\nOURS = "1"\n', "p")
    for _ in range(2):
        assert nested(home, root, "export OURS=2", "printenv", "OURS", outside=outside) == "1\n"
        assert nested(home, root, "unset OURS", "printenv", "OURS", outside=outside) == "1\n"


def test_an_environment_that_is_gone_is_not_entered(home: Home, uv_backend: str) -> None:
    root = home.project(f"[venv]\n{uv_backend}", "p")
    home.command("prepare", cwd=root)
    show = ("python", "-c", "import sys; print(sys.prefix)")
    assert nested(home, root, ":", *show) == f"{root}/.venv\n"
    assert nested(home, root, "rm -r .venv", *show) == f"{root}/.venv\n"
    (root / ".hpcenv.toml").write_text(f'[venv]\ncreate = "never"\n{uv_backend}')
    home.command("allow", cwd=root)
    shutil.copytree(root / ".venv", root / "kept", symlinks=True)
    said = home.attempt(
        *("exec", "--", "/bin/sh", "-c", f"rm -r .venv; '{COMMAND}' exec -- echo ran; echo $?"),
        cwd=root,
    )
    assert said.stdout == "125\n", said.stderr


@pytest.mark.parametrize("tool", ["lmod", "modules"])
def test_what_a_module_asked_is_asked_again(cluster: Home, tool: str, tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree", "lua" if tool == "lmod" else "tcl")
    cluster.env["MODULEPATH"] = str(tree.folder)
    file = tree.module("lib/1.0", ("setenv", "LIB", "1"))
    with file.open("a") as text:
        text.write(
            'setenv("ANSWER", os.getenv("MODE") or "none")\n'
            if tool == "lmod"
            else 'setenv ANSWER [expr {[info exists env(MODE)] ? $env(MODE) : "none"}]\n'
        )
    os.utime(file, (1, 1))
    root = cluster.project('modules = ["lib/1.0"]\n', "p")
    assert nested(cluster, root, ":", "printenv", "ANSWER") == "none\n"
    assert nested(cluster, root, f"export {NO_PYTHON}", "printenv", "ANSWER") == "none\n"
    assert nested(cluster, root, "export MODE=fast", "printenv", "ANSWER") == "fast\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_in_a_job_hands_all_on_to_srun_and_gives_the_setting_back(
    home: Home, shell: str
) -> None:
    for name in "pq":
        home.project(f'[env]\nOURS = "{name}"\n', name)
    setting = {"SLURM_EXPORT_ENV": "PATH,HOME"}
    here = home.shell(shell, env=setting)
    before = here.snapshot()
    for _ in range(2):  # at first compiled, then replayed
        for name in "pq":
            here.run(f"cd ~/{name}")
            inside = here.env()
            assert (inside["OURS"], inside["SLURM_EXPORT_ENV"]) == (name, "ALL")
        here.run("cd ~")
        assert_same(here.snapshot(), before)
    # a shell inside, which inherited the project, and what the user sets there
    command = " ".join(PLAIN[shell])
    hook = (
        f'eval "$({COMMAND} hook {shell})"' if shell != "fish" else f"{COMMAND} hook fish | source"
    )
    line = f"{hook}; {TICK[shell]}; cd /; {TICK[shell]}; printenv SLURM_EXPORT_ENV"
    for enter in (f"cd ~/p; {shell}", f"{COMMAND} exec -C ~/p -- {shell}"):
        said = here.run(f"{enter} {command} -c '{line}'")
        assert "PATH,HOME" in said, said
        here.run("cd ~")
    here.run("cd ~/p")
    here.run("set -gx SLURM_EXPORT_ENV MINE" if shell == "fish" else "export SLURM_EXPORT_ENV=MINE")
    here.run("cd ~")
    left = here.env()
    assert left["SLURM_EXPORT_ENV"] == "MINE"
    assert "AUTOENV_HPC_SLURM_EXPORT_ENV" not in left
