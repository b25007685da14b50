"""Many at once on one missing environment, one of them killed: one environment, whole, no rest.

`BUILDERS=50 BUILDER_ROUNDS=10 make test PYTEST=tests/test_builders.py` goes further than usual.
"""

import itertools
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from environments import THIS, wheels
from homes import COMMAND, Home

from autoenv_hpc.venvs import record

NUMBER = int(os.environ.get("BUILDERS", "6"))
ROUNDS = int(os.environ.get("BUILDER_ROUNDS", "1"))
WORDS = (COMMAND, "exec", "--", "python", "-c", "import sys, seaborn; print(sys.prefix)")
# `exec` takes turns on a node, and the lock decides between nodes; `prepare` goes by the lock alone.
PREPARED = ("sh", "-c", f'"{COMMAND}" prepare >/dev/null && exec "$@"', "sh", *WORDS)
# The system call, its file, and which of these calls is the one at which the builder gets SIGKILL.
AT_CALL = {
    "locking": ("openat", "..venv.autoenv-hpc.lock", 1),
    "marking": ("fsync", None, 1),
    "recording": ("fsync", None, 2),
    "unmarking": ("unlink", "..venv.autoenv-hpc.building", 1),
    "unlocking": ("unlink", "..venv.autoenv-hpc.lock", 1),
}
# What is there when the builder gets it.
AT_SIGHT = {"creating": ".venv/bin", "installing": ".venv/bin/pip"}
Small = Callable[..., subprocess.CompletedProcess[str]]
PHASES = (*AT_CALL, *AT_SIGHT, "waiting")


def until(seen: Callable[[], object], process: subprocess.Popen[bytes]) -> None:
    """Wait for something that a running process does; its end is the end of waiting."""
    for _ in range(6000):
        if seen() or process.poll() is not None:
            return
        time.sleep(0.01)


def victim(root: Path, env: dict[str, str], phase: str) -> subprocess.Popen[bytes]:
    """The first builder, which will not live to see the environment."""
    words = [*WORDS]
    if phase in AT_CALL:
        call, name, number = AT_CALL[phase]
        kill = f"inject={call}:signal=SIGKILL:when={number}"
        place = ["-P", str(root / name)] if name else []
        words = [
            "strace",
            "-qq",
            "-o",
            "/dev/null",
            *place,
            "-e",
            f"trace={call}",
            "-e",
            kill,
            *words,
        ]
    process = subprocess.Popen(words, cwd=root, env=env, stdout=-1, stderr=-1)
    if phase in AT_SIGHT:
        until((root / AT_SIGHT[phase]).exists, process)
        process.kill()
        process.wait()  # what is dead and not yet waited for is taken for alive, for a whole lease
    return process


@pytest.mark.parametrize("phase", PHASES)
def test_one_killed_in_each_phase(home: Home, wheelhouse: Path, phase: str) -> None:
    root = home.project(f'[venv]\n{THIS}packages = ["seaborn"]\n{wheels(wheelhouse)}', "p")
    for _ in range(ROUNDS):
        first = victim(root, home.env, phase)
        until((root / "..venv.autoenv-hpc.lock").exists, first)
        others = [
            subprocess.Popen(words, cwd=root, env=home.env, stdout=-1, stderr=-1, text=True)
            for words in itertools.islice(itertools.cycle((PREPARED, WORDS)), NUMBER)
        ]
        if phase == "waiting":
            until((root / ".venv").exists, first)
            others.pop().kill()
        said = [process.communicate() for process in others]
        assert [process.returncode for process in others] == [0] * len(others), said
        assert {out for out, _ in said} == {f"{root}/.venv\n"}
        first.communicate()
        assert first.returncode == (0 if phase == "waiting" else -signal.SIGKILL)
        assert sorted(os.listdir(root)) == [".hpcenv.toml", ".venv"]
        assert record.read(str(root / ".venv"))["installed"] == ["pip", "seaborn", "setuptools"]
        built = sum("building" in err for _, err in said)
        assert built == (0 if phase in ("waiting", "unlocking") else 1)
        shutil.rmtree(root / ".venv")


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """A file system of a few megabytes, mounted in a user namespace of the command's own."""

    def run(
        home: Home, root: Path, *words: str, size: str, then: str = "true"
    ) -> subprocess.CompletedProcess[str]:
        line = f'mount -t tmpfs -o size={size} none {tmp_path}/small && {then} && exec "$@"'
        (tmp_path / "small").mkdir(exist_ok=True)
        inside = ["unshare", "--map-root-user", "--mount", "sh", "-c", line, "sh"]
        return subprocess.run(
            [*inside, *words], cwd=root, env=home.env, capture_output=True, text=True, check=False
        )

    return run


def test_a_disk_that_is_full_is_said_and_nothing_is_left(
    home: Home, tmp_path: Path, small: Small
) -> None:
    root = home.project(f'[venv]\n{THIS}path = "{tmp_path}/small/env"\n', "p")
    after = f'"{COMMAND}" exec -- true; echo "status $?"; ls -A {tmp_path}/small'
    done = small(home, root, "sh", "-c", after, size="3M")
    assert done.stdout == "status 125\n"
    assert f"cannot build {tmp_path}/small/env: " in done.stderr
    assert "no space left: delete files, or set path in [venv]" in done.stderr
    # not even room for the lock
    full = f"cat /dev/zero > {tmp_path}/small/full 2>/dev/null; true"
    done = small(home, root, "sh", "-c", after, size="64k", then=f"{{ {full}; }}")
    assert done.stdout == "status 125\nfull\n"
    assert "no space" in done.stderr


def test_a_rebuild_without_room_leaves_the_old_one(
    home: Home, tmp_path: Path, small: Small
) -> None:
    root = home.project(f'[venv]\n{THIS}path = "{tmp_path}/small/env"\n', "p")
    lines = (
        f'set -e; "{COMMAND}" prepare; touch {tmp_path}/small/env/old; ! "{COMMAND}" rebuild;'
        f' ls -A {tmp_path}/small; ls {tmp_path}/small/env/old; "{COMMAND}" exec -- python -c "print(1)"'
    )
    done = small(home, root, "sh", "-c", lines, size="30M")
    assert done.stdout == f"env\n{tmp_path}/small/env/old\n1\n", done.stderr
    assert "no space" in done.stderr


@pytest.mark.parametrize("how", ["read-only file system", "no permission"])
def test_where_nothing_may_be_written(home: Home, tmp_path: Path, small: Small, how: str) -> None:
    root = home.project(f'[venv]\n{THIS}path = "{tmp_path}/small/env"\n', "p")
    if how == "no permission":  # also for root, in a namespace without the capability
        then = f"chmod 555 {tmp_path}/small"
        drop = [
            "setpriv",
            "--bounding-set=-all",
            "--inh-caps=-all",
            "--securebits=+noroot,+noroot_locked",
        ]
    else:
        then, drop = f"mount -o remount,ro {tmp_path}/small", []
    words = (
        *drop,
        "sh",
        "-c",
        f'"{COMMAND}" exec -- true; echo "status $?"; ls -A {tmp_path}/small',
    )
    done = small(home, root, *words, size="50M", then=then)
    assert done.stdout == "status 125\n", done.stderr
    assert f"cannot build {tmp_path}/small/env: " in done.stderr
    assert "this folder is not writable: set path in [venv]" in done.stderr
