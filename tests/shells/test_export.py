"""`export`: the environment as a file, for a node that has neither this tool nor modules."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from homes import COMMAND, MODULE_TOOLS, Home

CONFIG = """
modules = ["python/3.9.5", "samtools/1.12"]
[venv]
[env]
ODD = "it's $HOME `x` \\\\ \\"q\\" # ; é"
GOES = false
[paths]
PYTHONPATH = { append = ["lib"] }
"""
RUN = {"bash": ["bash", "--norc", "-c"], "zsh": ["zsh", "-f", "-c"], "fish": ["fish", "-N", "-c"]}


@pytest.mark.parametrize("tool", MODULE_TOOLS)
@pytest.mark.parametrize("shell", RUN)
def test_sourced_from_a_file_it_is_the_environment(
    cluster: Home, tool: str, shell: str, tmp_path: Path
) -> None:
    root = cluster.project(CONFIG)
    file = tmp_path / "environment"
    file.write_text(cluster.command("export", "--format", shell, cwd=root).stdout)
    there = json.loads(cluster.command("export", "--format", "json", "-C", str(root)).stdout)["set"]
    bare = {"PATH": "/elsewhere:/usr/bin:/bin", "HOME": "/", "GOES": "x", "PYTHONPATH": "/mine"}
    out = subprocess.run(
        [*RUN[shell], f"source {file}; command env -0"],
        env=bare,
        capture_output=True,
        text=True,
        check=True,
    )
    env = dict(field.split("=", 1) for field in out.stdout.split("\0") if "=" in field)
    assert out.stderr == ""
    software = there["PATH"].split(":")
    assert (
        env["PATH"]
        == ":".join(software[: software.index("/usr/local/bin")]) + ":/elsewhere:/usr/bin:/bin"
    )
    for name in ("ODD", "VIRTUAL_ENV", "SAMTOOLS_ROOT", "LOADEDMODULES", "AUTOENV_HPC_ROOT"):
        assert env[name] == there[name]
    assert env["ODD"] == 'it\'s $HOME `x` \\ "q" # ; é'
    assert "AUTOENV_HPC_STATE" not in env
    head = file.read_text().splitlines()[:3]
    assert ".hpcenv.toml" in head[0]
    assert "python/3.9.5 samtools/1.12" in head[2]


@pytest.mark.parametrize("shell", RUN)
def test_it_refuses_on_another_architecture(home: Home, shell: str, tmp_path: Path) -> None:
    root = home.project('[env]\nCOLOUR = "blue"\n', "p")
    text = home.command("export", "--format", shell, cwd=root).stdout
    file = tmp_path / "environment"
    file.write_text(text.replace(os.uname().machine, "vax"))
    done = subprocess.run(
        [*RUN[shell], f"source {file}; echo $COLOUR"],
        env={"PATH": "/usr/bin:/bin", "HOME": "/"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "another architecture" in done.stderr
    assert "blue" not in done.stdout


def test_as_data(home: Home) -> None:
    root = home.project("[env]\nA = '''x \"y\" $z \\\\ w'''\nB = false\n", "p")
    found = json.loads(home.command("export", "--format", "json", cwd=root, B="1").stdout)
    assert (found["set"]["A"], found["unset"], found["name"]) == ('x "y" $z \\\\ w', ["B"], "p")
    lines = home.command("export", "--format", "dotenv", cwd=root, B="1").stdout.splitlines()
    assert 'A="x \\"y\\" \\$z \\\\\\\\ w"' in lines
    assert "# unset B" in lines
    several = home.project('[env]\nA = "x\\ny"\n', "q")
    assert (
        "several lines"
        in home.command("export", "--format", "dotenv", cwd=several, status=1).stderr
    )


@pytest.mark.parametrize("wrong", ["untrusted", "unknown option", "no Python", "killed"])
@pytest.mark.parametrize("shell", [*RUN, "sh"])
def test_if_it_fails_a_script_ends_and_a_terminal_stays(
    home: Home, shell: str, wrong: str, tmp_path: Path
) -> None:
    root = home.project('[env]\nCOLOUR = "blue"\n', "p", allow=wrong != "untrusted")
    killer = tmp_path / "python"
    killer.write_text("#!/bin/sh\nkill -9 $$\n")
    killer.chmod(0o755)
    python = {"no Python": "/bin/false", "killed": str(killer)}.get(wrong)
    env = home.env | ({"AUTOENV_HPC_PYTHON": python} if python else {})
    options = ["--wrong"] if wrong == "unknown option" else []
    options += ["--format", "fish"] if shell == "fish" else []
    words = f"{COMMAND} export {' '.join(options)}"
    line = f"{words} | source" if shell == "fish" else f'eval "$({words})"'
    run = RUN.get(shell, ["sh", "-c"])
    inner = f"function f; {line}; end; f" if shell == "fish" else f"f() {{ {line}; }}; f"
    for script in (line, inner, f"set -e; {line}" if shell != "fish" else line):
        done = subprocess.run(
            [*run, f"{script}; echo went on"], cwd=root, env=env, capture_output=True, text=True, check=False
        )  # fmt: skip
        assert (done.stdout, done.returncode) == ("", 125), done.stderr
    terminal = [run[0], *run[1:-1], "-i", "-c", f"{line}; echo status $pipestatus[2]$status"]
    if shell != "fish":
        terminal[-1] = f"{line}; echo status $?"
    done = subprocess.run(
        terminal, cwd=root, env=env, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    assert "status 125" in done.stdout


@pytest.mark.parametrize("form", ["json", "dotenv"])
def test_if_it_fails_there_are_no_data(home: Home, form: str) -> None:
    root = home.project("", "p", allow=False)
    assert home.command("export", f"--format={form}", cwd=root, status=1).stdout == ""
