"""`exec` starts programs of each kind as env(1) does, at the first call and at later ones."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from homes import CHECKOUT, COMMAND, Home

# The header of a program for a machine that never runs these tests: a VAX.
FOREIGN = b"\x7fELF\1\1\1" + bytes(9) + b"\2\0\x4b\0\1\0\0\0" + bytes(200)
FILES = {
    "text": b'echo "$0" "$@" $OURS; exit 3\n',
    "empty": b"",
    "script": b'#! /bin/sh -e \necho "$0" "$-" "$@"\n',
    "by-env": b'#!/usr/bin/env bash\necho "$0" "$@"\n',
    "long": b"#" * 300 + b"\necho $0\n",
    "missing": b"#!/no/such -x\n",
    "return": b"#!/bin/sh\r\n",
    "foreign": FOREIGN,
    "foreign-script": b"#!./foreign\n",
    "binary": b"\1\2\0abc",
    "loop": b"#!./loop\n",
}
SAID = {
    "./missing": (127, "./missing: its first line names '/no/such -x', which cannot be executed here"),
    "./return": (127, "./return: its first line names '/bin/sh\\r', which cannot be executed here"),
    "./foreign": (126, "./foreign: it is no program for this kind of machine"),
    "./foreign-script": (126, "./foreign-script: its first line names './foreign', which cannot be executed here"),
    "./binary": (126, "./binary: it is no program for this kind of machine"),
    "./folder": (126, "./folder: Permission denied"),
    "./plain": (126, "./plain: Permission denied"),
    "./none": (127, "./none: No such file or directory (in {root}, where CMD starts)"),
    "qqqqqq": (127, "qqqqqq: not found on the PATH of the project p (is its module in the list?)"),
}  # fmt: skip
AS_ENV = ("./text", "text", "./empty", "./script", "script", "./by-env", "./long", "../p/script")


@pytest.fixture
def root(home: Home) -> Path:
    """A project with programs of each kind."""
    root = home.project('[env]\nOURS = "1"\n', "p")
    for name, content in FILES.items():
        (root / name).write_bytes(content)
        (root / name).chmod(0o755)
    (root / "plain").write_text("#!/bin/sh\n")
    (root / "folder").mkdir()
    home.env["PATH"] += ":.:/none"
    return root


def results(home: Home, root: Path, *words: str) -> list[tuple[int, str, str]]:
    """The status and output of two calls, of which the first finds nothing stored."""
    shutil.rmtree(home.folder / ".cache", ignore_errors=True)
    calls = [home.attempt("exec", "--", *words, cwd=root) for _ in range(2)]
    return [(done.returncode, done.stdout, done.stderr) for done in calls]


@pytest.mark.parametrize("program", AS_ENV)
def test_a_program_starts_as_by_env(home: Home, root: Path, program: str) -> None:
    done = subprocess.run(
        ["/usr/bin/env", "OURS=1", program, "a b"], cwd=root, env=home.env,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    expected = (done.returncode, done.stdout, done.stderr)
    assert results(home, root, program, "a b") == [expected] * 2


def test_what_cannot_start_says_why_in_one_line(home: Home, root: Path) -> None:
    for program, (status, line) in SAID.items():
        assert (
            results(home, root, program)
            == [(status, "", f"autoenv-hpc: {line.format(root=root)}\n")] * 2
        )
    status, _, said = results(home, root, "./loop")[0]
    assert (status, said.count("\n")) == (126, 1)


def installed(folder: Path, interpreter: bytes) -> Path:
    """An installation whose own Python is this file; returns its command."""
    version = f"python3.{sys.version_info.minor}"
    packages = folder / "lib" / version / "site-packages"
    packages.mkdir(parents=True)
    for part in ("autoenv_hpc", "shell"):
        (packages / part).symlink_to(CHECKOUT / part)
    (folder / "bin").mkdir()
    (folder / "bin" / version).write_bytes(interpreter)
    (folder / "bin" / version).chmod(0o755)
    (folder / "bin/python3").symlink_to(version)
    return Path(shutil.copy(COMMAND, folder / "bin/autoenv-hpc"))


@pytest.mark.parametrize("interpreter", [FOREIGN, b"\0", b"#!/no/such/python\n"])
def test_where_its_own_python_does_not_run_another_takes_over(
    home: Home, tmp_path: Path, interpreter: bytes
) -> None:
    root = home.project('[env]\nOURS = "1"\n', "p")
    command = installed(tmp_path / "installed", interpreter)
    text = command.read_text()
    assert "${PATH-} /usr/local/bin /usr/bin" in text
    command.write_text(text.replace("${PATH-} /usr/local/bin /usr/bin", "${PATH-}"))
    other = tmp_path / "other"
    other.mkdir()
    (other / "python3.14").write_bytes(FOREIGN)
    (other / "python3.14").chmod(0o755)
    words = [str(command), "exec", "--", "/usr/bin/printenv", "OURS"]
    for path, status, out in ((other, 125, ""), (f"{other}:{tmp_path}/real", 0, "1\n")):
        if status == 0:
            (tmp_path / "real").mkdir()
            (tmp_path / "real/python3").symlink_to(os.path.realpath(sys.executable))
        env = home.env | {"PATH": str(path), "AUTOENV_HPC_PYTHON": str(other / "python3.14")}
        done = subprocess.run(
            words, cwd=root, env=env, capture_output=True, text=True, check=False
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (status, out), done.stderr
        assert done.stderr.count("\n") == (1 if status else 0), done.stderr
        assert "no Python 3.11 or later runs" in done.stderr or not status
