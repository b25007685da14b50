"""Leaving against odds: interrupted, after a second hook, with variables that are no plain text."""

import shlex
import time
from pathlib import Path

import pytest
from homes import SHELLS, Home
from sessions import Shell, assert_same

EVERY_SHELL = pytest.mark.parametrize("shell", SHELLS)
BLUE = '[env]\nCOLOUR = "blue"\nSHAPE = "round"\n'


def assign(here: Shell, name: str, value: str) -> None:
    """Export a variable."""
    here.run(f"set -gx {name} {value}" if here.name == "fish" else f"export {name}={value}")


@EVERY_SHELL
def test_ctrl_c_while_leaving_says_what_stays_and_the_next_change_leaves(
    home: Home, shell: str, tmp_path: Path
) -> None:
    slow = tmp_path / "slow-python"
    slow.write_text("#!/bin/sh\nsleep 60\n")
    slow.chmod(0o755)
    home.project(BLUE, "p")
    here = home.shell(shell)
    before = here.snapshot()
    here.run("cd p")
    assign(here, "SHAPE", "mine")  # leaving must ask
    assign(here, "AUTOENV_HPC_PYTHON", shlex.quote(str(slow)))
    here.type("cd ..")
    time.sleep(1.5)
    start = time.monotonic()
    shown = here.interrupt() + here.run("true")
    assert time.monotonic() - start < 20
    assert shown.count("p is still active") == 1
    assert "p is still active" not in here.run("true")
    assert here.env()["COLOUR"] == "blue"
    here.run("set -e AUTOENV_HPC_PYTHON" if shell == "fish" else "unset AUTOENV_HPC_PYTHON")
    assert "left p" in here.run("cd /")
    here.run("cd; set -e SHAPE" if shell == "fish" else "cd; unset SHAPE")
    assert_same(before, here.snapshot())


@EVERY_SHELL
def test_what_cannot_be_left_is_tried_again_at_each_change(home: Home, shell: str) -> None:
    home.project(BLUE, "p")
    home.project('[env]\nCOLOUR = "red"\n', "q")
    here = home.shell(shell)
    here.run("cd p")
    assign(here, "SHAPE", "mine")
    assign(here, "AUTOENV_HPC_PYTHON", "/bin/false")
    for folder in ("..", "/", "~/q"):
        assert "p is still active" in here.run(f"cd {folder}")
    assert here.env()["COLOUR"] == "blue"
    here.run("set -e AUTOENV_HPC_PYTHON" if shell == "fish" else "unset AUTOENV_HPC_PYTHON")
    assert "left p" in here.run("cd ..")
    assert "COLOUR" not in here.env()


@EVERY_SHELL
def test_the_state_may_be_unset_inside(home: Home, shell: str) -> None:
    home.project(BLUE, "p")
    here = home.shell(shell)
    before = here.snapshot()
    unset = "set -e AUTOENV_HPC_STATE" if shell == "fish" else "unset AUTOENV_HPC_STATE"
    here.run("cd p")
    here.run(unset)
    assert "left p" in here.run("cd ..")
    assert_same(before, here.snapshot())
    here.run("cd p")
    here.run(unset)
    assign(here, "SHAPE", "mine")
    assert "the project's variables stay" in here.run("cd ..")


@EVERY_SHELL
def test_what_was_deactivated_stays_out_when_the_rc_file_is_sourced_again(
    home: Home, shell: str
) -> None:
    home.project(BLUE, "p")
    here = home.shell(shell)
    here.run("cd p")
    here.run("deactivate")
    rc = {"bash": "~/.bashrc", "zsh": "~/.zshrc", "fish": "~/.config/fish/config.fish"}[shell]
    here.run(f"source {rc}")
    here.run("true")
    assert "COLOUR" not in here.env()
    here.run("autoenv-hpc on")
    assert here.env()["COLOUR"] == "blue"


# As `direnv hook` prints it: at each prompt the whole former values come back or the new ones are set.
DIRENV = """_direnv_hook() {
    if [[ $PWD/ == */p/* && -z ${DIRENV_DIR-} ]]; then
        export DIRENV_DIR=-p DIRENV_OLD=$PATH PATH=/direnv:$PATH
    elif [[ $PWD/ != */p/* && -n ${DIRENV_DIR-} ]]; then
        export PATH=$DIRENV_OLD; unset DIRENV_DIR DIRENV_OLD
    fi
}
"""
HOOKED = {
    "bash": 'PROMPT_COMMAND="_direnv_hook${PROMPT_COMMAND:+;$PROMPT_COMMAND}"',
    "zsh": "typeset -ga precmd_functions chpwd_functions; precmd_functions=(_direnv_hook $precmd_functions); chpwd_functions=(_direnv_hook $chpwd_functions)",
}


@pytest.mark.parametrize("order", ["before", "after"])
@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_direnv_in_the_same_folder(home: Home, shell: str, order: str) -> None:
    home.project('[paths]\nPATH = { prepend = ["bin"] }\n', "p")
    lines = DIRENV + HOOKED[shell]
    here = home.shell(
        shell, lines if order == "before" else "", after=lines if order == "after" else ""
    )
    path = here.env()["PATH"]
    for _ in range(3):
        here.run("cd ~/p")
        inside = here.env()["PATH"].split(":")
        assert {"/direnv", f"{home.folder}/p/bin"} <= set(inside)
        assert len(inside) == len(set(inside))
        here.run("cd ~")
        here.run("true")
        assert here.env()["PATH"] == path


@pytest.mark.parametrize("shell", ["bash", "zsh"])
@pytest.mark.parametrize(
    "typed",
    ["declare -a COLOUR=(a 'b c')", "declare -A COLOUR=([a]='b c')", "declare -i COLOUR=4", "declare -u COLOUR=x"],
)  # fmt: skip
def test_a_variable_of_the_shell_comes_back_with_its_type(
    home: Home, shell: str, typed: str
) -> None:
    home.project(BLUE, "p")
    here = home.shell(shell)
    here.run("cd p")  # stored for a shell without it
    here.run("cd ..")
    here.run(typed)
    before = here.snapshot()
    for _ in range(2):
        here.run("cd p")
        assert here.env()["COLOUR"] == "blue"
        here.run("cd ..")
        assert_same(before, here.snapshot())
    here.run("export COLOUR")
    if "COLOUR" in here.env():  # an array is never exported
        before = here.snapshot()
        shown = here.run("cd p")
        assert "COLOUR is no plain text in this shell" in shown
        here.run("cd ..")
        assert_same(before, here.snapshot())


def test_a_tied_variable_of_zsh_stays_tied(home: Home) -> None:
    home.project('[paths]\nLD_LIBRARY_PATH = { prepend = ["lib"] }\n', "p")
    here = home.shell("zsh", "typeset -T LD_LIBRARY_PATH ld_library_path; ld_library_path=(/a /b)")
    for exported in ("true", "export LD_LIBRARY_PATH"):
        here.run(exported)
        before = here.snapshot()
        for _ in range(2):
            here.run("cd p")
            assert f"{home.folder}/p/lib" in here.env()["LD_LIBRARY_PATH"]
            here.run("cd ..")
            assert_same(before, here.snapshot())
