"""The progress of a build: a bar on a terminal that leaves no trace, plain lines in a log."""

import os
import pty
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from environments import THIS, wheels
from homes import COMMAND, Home

from autoenv_hpc.progress import Bar


def on_a_terminal(home: Home, root: Path, *words: str, program: str = COMMAND, **more: str) -> str:
    """What a command shows on a terminal of 90 columns."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(root)
        env = home.env | {"TERM": "xterm-256color", "COLUMNS": "90", "LINES": "20"} | more
        os.execve(program, [program, *words], env)
    shown = to_the_end(terminal)
    os.waitpid(process, 0)
    return shown


def to_the_end(terminal: int) -> str:
    """What a terminal shows until nobody has it open; it comes in pieces."""
    shown = b""
    while True:
        try:
            data = os.read(terminal, 4096)
        except OSError:
            break
        if not data:
            break
        shown += data
    return shown.decode()


def test_a_bar_on_a_terminal(home: Home, wheelhouse: Path) -> None:
    config = f'[venv]\n{THIS}packages = ["seaborn", "spacy", "numpy"]\n{wheels(wheelhouse)}'
    root = home.project(config, "p")
    shown = on_a_terminal(home, root, "prepare")
    assert "building" in shown
    assert re.search(r"[0-3]/3", shown), "how far"
    assert re.search(r"0:00:0\d", shown), "how long"
    last = re.split(r"\x1b\[2K", shown)[-1]
    assert last.replace("\x1b[2m", "").replace("\x1b[0m", "").endswith("(Python 3.11)\r\n")
    assert "Collecting" not in last
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h"), "the cursor is back"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_inside_once_the_bar_is_wiped(
    home: Home, wheelhouse: Path, tmp_path: Path, shell: str
) -> None:
    root = home.project(f'[venv]\n{THIS}packages = ["seaborn"]\n{wheels(wheelhouse)}', "p")
    code = tmp_path / "code"
    ask = f'"$0" __shell 2 {shell} look "$1" "" fine > "$2"'
    shown = on_a_terminal(home, root, "-c", ask, COMMAND, str(root), str(code), program="/bin/sh")
    assert re.search(r"[01]/1", shown), "a bar"
    assert "VIRTUAL_ENV" in code.read_text()


def test_how_far_it_is_shows_however_soon_it_is_done() -> None:
    ours, theirs = pty.openpty()
    there = 0
    with open(theirs, "w") as terminal:
        bar = Bar(terminal)
        bar.show("building", None, None)
        bar.show("installing", 3, lambda: there)
        there = 3
        bar.wipe()
    shown = to_the_end(ours)
    os.close(ours)
    counts = re.findall(r"\d/3", shown)
    assert (counts[0], counts[-1]) == ("0/3", "3/3")


def test_silence_if_that_is_asked_for(home: Home, wheelhouse: Path) -> None:
    root = home.project(f"[venv]\n{THIS}{wheels(wheelhouse)}", "p")
    assert on_a_terminal(home, root, "prepare", AUTOENV_HPC_QUIET="1") == ""
    shutil.rmtree(root / ".venv")
    plain = on_a_terminal(home, root, "prepare", TERM="dumb")
    assert "\x1b" not in plain
    assert "building" in plain


def test_plain_lines_in_a_log(home: Home, wheelhouse: Path) -> None:
    root = home.project(f'[venv]\n{THIS}packages = ["seaborn"]\n{wheels(wheelhouse)}', "p")
    done = subprocess.run(
        [COMMAND, "prepare"], cwd=root, env=home.env, capture_output=True, text=True, check=True
    )
    lines = done.stderr.splitlines()
    assert all(line.startswith("autoenv-hpc: ") for line in lines)
    assert "autoenv-hpc: Installing collected packages: seaborn" in lines
    assert "\x1b" not in done.stderr
    assert done.stdout == ""
