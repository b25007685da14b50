"""Whatever call fails in a build, and wherever it is killed: nothing half is used, and the next works.

`make test` takes a few faults of each action, `make proof FAULTS=1` all of them, those of the
installers too.
"""

import re
import subprocess
from pathlib import Path

import pytest
from environments import THIS, prefix, wheels
from faults import Snapshot, faults, strace
from homes import COMMAND, Home

# A Python that reads no .pth file, no pyvenv.cfg or no module of its own says so before our first line.
_OF_PYTHON = re.compile(
    r"Error processing line|<frozen getpath>|<frozen importlib|Fatal Python error"
)
CODE = ("python", "-c", "import spacy; print(spacy.__version__)")


@pytest.mark.faults
@pytest.mark.parametrize("command", ["prepare", "sync", "rebuild", "freeze"])
def test_no_fault_does_harm(
    home: Home, wheelhouse: Path, venv_tools: Path, tmp_path: Path, command: str
) -> None:
    home.env["PATH"] = f"{venv_tools}:{home.env['PATH']}"
    config = f'[venv]\n{THIS}backend = "uv"\n{wheels(wheelhouse)}'
    root = home.project(f'{config}packages = ["spacy"]\n', "p")
    if command != "prepare":
        home.command("prepare", cwd=root)
    if command == "sync":
        home.project(f'{config}packages = ["spacy", "seaborn"]\n', "p")
    words = [COMMAND, command, *(("-o", "r.txt") if command == "freeze" else ())]
    before = Snapshot(home.folder, tmp_path / "saved")
    for fault in faults(words, home.env, root, tmp_path / "log", home.folder):
        before.restore()
        done = subprocess.run(
            strace(words, fault.words), env=home.env, cwd=root, check=False, text=True,
            capture_output=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert "Traceback" not in done.stderr or _OF_PYTHON.search(done.stderr), fault
        now = home.attempt("exec", "--", *CODE, cwd=root)
        if command != "prepare":  # what was finished is there, or a sync that was killed is said
            assert "building" not in now.stderr, (fault, now.stderr)
            is_told = command == "sync" and "autoenv-hpc sync" in now.stderr
            assert now.stdout == "3.0.6\n" or is_told, (fault, now.stderr)
        else:
            assert now.stdout == "3.0.6\n", (fault, now.stderr)
        home.command(*words[1:], cwd=root)
        assert prefix(home, root) == f"{root}/.venv", fault
        assert home.command("exec", "--", *CODE, cwd=root).stdout == "3.0.6\n", fault
        if command == "freeze":
            assert (root / "r.txt").read_text() == "spacy==3.0.6\n", fault
        left = {path.name for path in root.iterdir()} - {".hpcenv.toml", ".venv", "r.txt"}
        # if the record cannot be read, the environment may be the user's own: it is kept, and named
        kept = {name for name in left if name.startswith("r.txt.") or name in done.stderr}
        assert not left - kept, fault
