"""`list` and `prune`: which environments there are, and which of them nobody needs."""

import json
import os
import pty
import shutil
import subprocess
import sys

import pytest
from conftest import COMMAND
from test_venvs import HERE, THIS

WITH_VENV = pytest.mark.parametrize("three", ['backend = "venv"\n'], indirect=True, ids=["venv"])


@pytest.fixture
def three(request, house, quick, tmp_path):
    """Three projects with environments elsewhere; the first project is gone."""
    backend = getattr(request, "param", quick)
    for name in ("gone", "kept", "hand"):
        house.project(f'[venv]\n{THIS}{backend}path = "{tmp_path}/envs/{name}"\n', name)
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", tmp_path / "envs/hand"], check=True
    )
    for name in ("gone", "kept", "hand"):
        house.command("prepare", cwd=house.home / name)
    shutil.rmtree(house.home / "gone")
    shutil.rmtree(house.home / "hand")
    return tmp_path / "envs"


def names(house) -> list[str]:
    """The environments in the list."""
    rows = json.loads(house.command("list", "--json").stdout)
    return [os.path.basename(row["path"]) for row in rows]


@WITH_VENV
def test_the_list_tells_of_each(house, three):
    rows = json.loads(house.command("list", "--json").stdout)
    assert [os.path.basename(row["path"]) for row in rows] == ["gone", "hand", "kept"]
    kept = rows[2]
    assert kept["project"] == str(house.home / "kept")
    assert kept["python"].startswith(HERE)
    files = [p for p in (three / "kept").rglob("*") if not p.is_dir() or p.is_symlink()]
    in_links_to_folders = sum(p.is_symlink() and p.is_dir() for p in files)
    assert kept["files"] == len(files) - in_links_to_folders
    assert kept["bytes"] > 1_000_000
    table = house.command("list").stdout.splitlines()
    assert table[0].split()[:3] == ["environment", "project", "site"]
    assert f"{house.home}/gone (gone)" in table[1]
    assert "MB" in table[1]


@WITH_VENV
def test_prune_removes_what_it_built_for_a_project_that_is_gone(house, three):
    said = house.command("prune", "--dry-run").stderr
    assert f"{three}/gone: " in said
    assert "hand" not in said
    assert names(house) == ["gone", "hand", "kept"]
    assert "nobody is here to be asked" in house.command("prune", status=1).stderr
    house.command("prune", "--yes")
    assert names(house) == ["hand", "kept"]
    assert sorted(os.listdir(three)) == ["hand", "kept"]
    assert "no environments" in house.command("prune").stderr


@pytest.mark.parametrize(("answer", "left"), [("y", 2), ("n", 3), ("", 3)])
def test_it_asks_first(house, three, answer, left):
    process, terminal = pty.fork()
    if process == 0:
        os.execve(COMMAND, [COMMAND, "prune"], house.env)
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
    assert len(names(house)) == left


def test_one_in_use_or_on_a_file_system_that_is_away_is_kept(house, three, quick):
    running = subprocess.Popen([three / "gone/bin/python", "-c", "import time; time.sleep(300)"])
    said = house.command("prune", "--yes").stderr
    running.kill()
    running.wait()
    assert f"{three}/gone is kept: process {running.pid} (python " in said
    project = house.project(f'[venv]\n{THIS}{quick}path = "{three}/away"\n', "mounted/project")
    house.command("prepare", cwd=project)
    (house.home / "mounted").rename(house.home / "unmounted")
    house.command("prune", "--yes")
    assert names(house) == ["away", "hand", "kept"]


def test_what_is_gone_is_forgotten(house, three):
    shutil.rmtree(three / "kept")
    assert names(house) == ["gone", "hand"]


def test_nothing_to_list(house):
    assert house.command("list").stdout == ""
    assert house.command("list", "--json").stdout == "[]\n"
