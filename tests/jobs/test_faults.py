"""Whatever call fails, and wherever a process is killed: the next try works, and nothing is lost.

`make test` takes a few faults of each action, `make proof FAULTS=1` all of them.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from faults import Fault, Snapshot, faults, strace
from homes import COMMAND, Home

TEXT = '[env]\nCOLOUR = "blue"\n[paths]\nPATH = { prepend = ["bin"] }\n'
SHOW = ("/bin/sh", "-c", 'echo "$COLOUR"')

ACTIONS = {
    "allow": ["allow"],
    "deny": ["deny"],
    "init": ["init", "--force"],
    "exec": ["exec", "--fresh", "--", *SHOW],
    "enter": ["__shell", "2", "bash", "look", "ROOT", ""],
    "cache clear": ["cache", "clear"],
}


def run(home: Home, root: Path, words: list[str], fault: Fault) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        strace(words, fault.words), env=home.env, cwd=root, check=False, text=True,
        capture_output=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.faults
@pytest.mark.parametrize("stored", ["nothing stored", "all stored"])
@pytest.mark.parametrize("action", ACTIONS)
def test_no_fault_does_harm(home: Home, action: str, stored: str, tmp_path: Path) -> None:
    other = home.project('[env]\nCOLOUR = "green"\n', "other")
    home.command("prepare", cwd=other)
    root = home.project(TEXT, "p")
    os.utime(root / ".hpcenv.toml", (1, 1))
    if stored == "all stored":
        home.command("prepare", cwd=root)
    words = [COMMAND, *(str(root) if word == "ROOT" else word for word in ACTIONS[action])]
    before = Snapshot(home.folder, tmp_path / "saved")
    found = faults(words, home.env, root, tmp_path / "log", home.folder)
    for fault in found:
        before.restore()
        done = run(home, root, words, fault)
        assert "Traceback" not in done.stderr, fault
        assert "Exception ignored" not in done.stderr, fault
        assert done.stderr.count("\n") <= 2, (fault, done.stderr)
        if fault.kind == "KILL":
            pass
        elif action == "exec":
            assert (done.returncode, done.stdout) == (0, "blue\n"), (fault, done.stderr)
        elif action == "enter":
            is_lost = "stdout: the output is lost" in done.stderr  # that was the call
            assert "COLOUR='blue'" in done.stdout or is_lost, (fault, done.stderr)
        elif done.returncode:
            assert done.stderr.startswith("autoenv-hpc: "), fault
        # Nothing of another project is lost, and the next try works.
        assert home.command("exec", "-C", str(other), "--", *SHOW).stdout == "green\n", fault
        again = home.attempt("exec", "--", *SHOW, cwd=root)
        denied_or_new = action in ("deny", "init") and again.returncode in (0, 125)
        assert again.stdout == "blue\n" or denied_or_new, (fault, again.stderr)
        home.command(*words[1:], cwd=root)
        home.command("allow", str(root))
        text = (root / ".hpcenv.toml").read_text()
        assert text == TEXT or action == "init", fault
    sys.stdout.write(f"{action}, {stored}: {len(found)} faults\n")
