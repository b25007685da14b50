"""`list` and `prune`: which environments there are, and which of them nobody needs."""

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from environments import HERE, THIS
from homes import COMMAND, Home

WITH_VENV = pytest.mark.parametrize("three", ['backend = "venv"\n'], indirect=True, ids=["venv"])


@pytest.fixture
def three(request: pytest.FixtureRequest, home: Home, uv_backend: str, tmp_path: Path) -> Path:
    """Three projects with environments elsewhere; the first project is gone."""
    backend = getattr(request, "param", uv_backend)
    for name in ("gone", "kept", "hand"):
        home.project(f'[venv]\n{THIS}{backend}path = "{tmp_path}/envs/{name}"\n', name)
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", tmp_path / "envs/hand"], check=True
    )
    for name in ("gone", "kept", "hand"):
        home.command("prepare", cwd=home.folder / name)
    shutil.rmtree(home.folder / "gone")
    shutil.rmtree(home.folder / "hand")
    return tmp_path / "envs"


def names(home: Home) -> list[str]:
    """The environments in the list."""
    rows = json.loads(home.command("list", "--json").stdout)
    return [os.path.basename(row["path"]) for row in rows]


@WITH_VENV
def test_the_list_tells_of_each(home: Home, three: Path) -> None:
    rows = json.loads(home.command("list", "--json").stdout)
    assert [os.path.basename(row["path"]) for row in rows] == ["gone", "hand", "kept"]
    kept = rows[2]
    assert kept["project"] == str(home.folder / "kept")
    assert kept["python"].startswith(HERE)
    files = [p for p in (three / "kept").rglob("*") if not p.is_dir() or p.is_symlink()]
    in_links_to_folders = sum(p.is_symlink() and p.is_dir() for p in files)
    assert kept["files"] == len(files) - in_links_to_folders
    assert kept["bytes"] > 1_000_000
    table = home.command("list").stdout.splitlines()
    assert table[0].split()[:3] == ["environment", "project", "site"]
    assert f"{home.folder}/gone (gone)" in table[1]
    assert "MB" in table[1]


@WITH_VENV
def test_prune_removes_what_it_built_for_a_project_that_is_gone(home: Home, three: Path) -> None:
    said = home.command("prune", "--dry-run").stderr
    assert f"{three}/gone: " in said
    assert "hand" not in said
    assert names(home) == ["gone", "hand", "kept"]
    assert "not a terminal, so prune cannot ask" in home.command("prune", status=1).stderr
    home.command("prune", "--yes")
    assert names(home) == ["hand", "kept"]
    assert sorted(os.listdir(three)) == ["hand", "kept"]
    assert "no environments" in home.command("prune").stderr


@pytest.mark.parametrize(("answer", "left"), [("y", 2), ("n", 3), ("", 3)])
def test_it_asks_first(home: Home, three: Path, answer: str, left: int) -> None:
    process, terminal = pty.fork()
    if process == 0:
        os.execve(COMMAND, [COMMAND, "prune"], home.env)
    shown = b""
    while b"[y/N]" not in shown:
        shown += os.read(terminal, 4096)
    os.write(terminal, answer.encode() + b"\n")
    while True:
        try:
            if not os.read(terminal, 4096):
                break
        except OSError:
            break
    os.waitpid(process, 0)
    assert len(names(home)) == left


def test_one_in_use_or_on_a_file_system_that_is_away_is_kept(
    home: Home, three: Path, uv_backend: str
) -> None:
    running = subprocess.Popen([three / "gone/bin/python", "-c", "import time; time.sleep(300)"])
    said = home.command("prune", "--yes").stderr
    running.kill()
    running.wait()
    assert f"kept {three}/gone: process {running.pid} (python " in said
    project = home.project(f'[venv]\n{THIS}{uv_backend}path = "{three}/away"\n', "mounted/project")
    home.command("prepare", cwd=project)
    (home.folder / "mounted").rename(home.folder / "unmounted")
    home.command("prune", "--yes")
    assert names(home) == ["away", "hand", "kept"]


def test_what_is_gone_is_forgotten(home: Home, three: Path) -> None:
    shutil.rmtree(three / "kept")
    assert names(home) == ["gone", "hand"]


def test_nothing_to_list(home: Home) -> None:
    assert home.command("list").stdout == ""
    assert home.command("list", "--json").stdout == "[]\n"
