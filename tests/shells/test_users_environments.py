"""Environments and prompts that the user sets up by hand, before entering or inside."""

import subprocess
import sys
from pathlib import Path

import pytest
from homes import SHELLS, Home
from sessions import Shell, assert_same

EVERY_SHELL = pytest.mark.parametrize("shell", SHELLS)
PROJECT = """[venv]
packages = []
[env]
COLOUR = "blue"
[paths]
PATH = { prepend = ["bin"] }
"""


@pytest.fixture(scope="module")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two environments, `a` and `b`."""
    folder = tmp_path_factory.mktemp("environments")
    for name in "ab":
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / name], check=True)
    return folder


def source(here: Shell, environment: Path | str) -> None:
    """Activate an environment as its documentation says."""
    here.run(f"source {environment}/bin/activate" + (".fish" if here.name == "fish" else ""))


def prompt(here: Shell) -> str:
    """The prompt that the user sees."""
    if here.name == "fish":
        return here.output("fish_prompt")
    return here.output('printf %s "$PS1"').removesuffix("\n")


def traces(here: Shell, root: Path) -> list[str]:
    """What is left of a project in variables and functions, exported or not."""
    everything = here.output(
        "set -g; functions -a -n" if here.name == "fish" else "typeset -p; typeset -f"
    )
    ignored = ("__autoenv_hpc_", "PWD", "OLDPWD", "HISTFILE", "DIRSTACK", "dirprev", "history")
    return [
        line
        for line in everything.splitlines()
        if (str(root) in line or "(p) " in line) and not any(word in line for word in ignored)
    ]


@EVERY_SHELL
@pytest.mark.parametrize("config", [PROJECT, '[env]\nCOLOUR = "blue"\n'], ids=["venv", "variables"])
@pytest.mark.parametrize("outer", [False, True], ids=["", "outer"])
def test_an_environment_activated_inside_stays_and_can_be_left(
    home: Home, environments: Path, uv_backend: str, shell: str, config: str, outer: bool
) -> None:
    root = home.project(config.replace("packages = []\n", uv_backend), "p")
    # the script exports it
    here = home.shell(shell, "" if shell == "fish" else "export PS1")
    before = here.snapshot()
    if outer:
        source(here, environments / "a")
    here.run("cd p")
    source(here, environments / "b")
    assert here.env()["VIRTUAL_ENV"] == f"{environments}/b"
    assert here.env()["COLOUR"] == "blue"
    here.run("cd ..")
    env = here.env()
    assert env["VIRTUAL_ENV"] == f"{environments}/b"
    assert env["PATH"] == f"{environments}/b/bin:{before['env']['PATH']}"
    shown = prompt(here)
    assert "(b) " in shown
    assert "(p)" not in shown
    assert "(a)" not in shown
    assert traces(here, root) == []
    here.run("deactivate")
    assert_same(before, here.snapshot())


@EVERY_SHELL
def test_an_environment_activated_inside_was_active_outside_at_an_earlier_visit(
    home: Home, environments: Path, shell: str
) -> None:
    root = home.project('[env]\nCOLOUR = "blue"\n', "p")
    here = home.shell(shell, "" if shell == "fish" else "export PS1")
    before = here.snapshot()
    source(here, environments / "a")
    for line in ("cd p", "cd ..", "deactivate", "cd p"):
        here.run(line)
    source(here, environments / "a")
    here.run(f"{'set -gx COLOUR ' if shell == 'fish' else 'export COLOUR='}mine")
    here.run("cd ..")
    assert here.env()["VIRTUAL_ENV"] == f"{environments}/a"
    here.run("deactivate")
    here.run("set -e COLOUR" if shell == "fish" else "unset COLOUR")
    assert_same(before, here.snapshot())
    assert traces(here, root) == []


@EVERY_SHELL
@pytest.mark.parametrize("outer", [False, True], ids=["", "outer"])
def test_the_projects_own_environment_activated_by_hand_goes_with_it(
    home: Home, environments: Path, uv_backend: str, shell: str, outer: bool
) -> None:
    home.project(PROJECT.replace("packages = []\n", uv_backend), "p")
    # the script of the outer environment exports it
    here = home.shell(shell, "export PS1" if outer and shell != "fish" else "")
    start = here.snapshot()
    if outer:
        source(here, environments / "a")
    before = here.snapshot()
    here.run("cd p")
    source(here, ".venv")
    shown = here.run("cd ..")
    assert "left p" in shown
    assert_same(before, here.snapshot())
    if outer:
        here.run("deactivate")
        assert_same(start, here.snapshot())


@EVERY_SHELL
def test_an_environment_activated_and_deactivated_inside_leaves_nothing(
    home: Home, environments: Path, uv_backend: str, shell: str
) -> None:
    home.project(PROJECT.replace("packages = []\n", uv_backend), "p")
    here = home.shell(shell)
    source(here, environments / "a")
    before = here.snapshot()
    here.run("cd p")
    source(here, environments / "b")
    here.run("deactivate")
    assert here.env()["COLOUR"] == "blue"
    shown = here.run("cd ..")
    assert "no such" not in shown
    assert_same(before, here.snapshot())


@pytest.mark.parametrize("shell", ["bash", "zsh"])
@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ('PS1="[T] $PS1"', "[T] {}"),
        ('PS1="$PS1> "', "{}> "),
        (r'PS1="\[\e]633;A\a\]$PS1\[\e]633;B\a\]"', r"\[\e]633;A\a\]{}\[\e]633;B\a\]"),
        ("PS1='new (p) $ '", "new $ "),
        ("PS1='all new> '", "all new> "),
    ],
)
def test_a_prompt_around_ours_keeps_the_users(
    home: Home, shell: str, typed: str, expected: str
) -> None:
    home.project('[env]\nCOLOUR = "blue"\n', "p")
    here = home.shell(shell, "", after="PS1='me (*) %'")
    users = prompt(here)
    here.run("cd p")
    assert prompt(here) == f"(p) {users}"
    here.run(typed)
    here.run("cd ..")
    assert prompt(here) == expected.format(users)
