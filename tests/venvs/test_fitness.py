"""An environment that is damaged, moved or copied is refused, and one that works is not."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from environments import FOUND, THIS, prefix, refused
from homes import Home
from sessions import Shell


@pytest.fixture
def built(home: Home, uv_backend: str) -> Path:
    """A project with an environment."""
    root = home.project(f"[venv]\n{THIS}{uv_backend}", "p")
    home.command("prepare", cwd=root)
    return root


def by_hand(folder: Path) -> None:
    """Make an environment without this tool."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)


@pytest.mark.parametrize(
    ("gone", "said", "stored"),
    [
        ("bin/python", "bin/python is gone", True),
        ("bin", "bin/python is gone", False),
        ("lib", "its folder for packages is gone", False),
        ("pyvenv.cfg", "pyvenv.cfg is gone", True),
    ],
)
def test_one_that_lost_files_is_refused_and_marked_in_the_list(
    home: Home, built: Path, gone: str, said: str, stored: bool
) -> None:
    if not stored:
        home.command("cache", "clear")
    path = built / ".venv" / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    told = refused(home, built)
    assert f"{built}/.venv is damaged: {said}" in told
    assert f"autoenv-hpc rebuild -C {built}" in told
    assert f"{said})" in home.command("list").stdout
    assert json.loads(home.command("list", "--json").stdout)[0]["problem"] == said
    home.command("rebuild", cwd=built)
    assert prefix(home, built) == f"{built}/.venv"
    assert json.loads(home.command("list", "--json").stdout)[0]["problem"] is None


def test_one_whose_base_interpreter_is_gone_is_refused(home: Home, built: Path) -> None:
    python = built / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/sw/python/3.9/bin/python3.9")
    assert "bin/python leads to /sw/python/3.9/bin/python3.9, which is gone" in refused(home, built)


@pytest.mark.parametrize("backend", ["venv", "existing"])
def test_one_made_by_hand_that_lost_its_python_is_refused(home: Home, backend: str) -> None:
    root = home.project(f'[venv]\n{THIS}backend = "{backend}"\n', "p")
    by_hand(root / ".venv")
    assert prefix(home, root) == f"{root}/.venv"
    (root / ".venv/bin/python").unlink()
    assert "bin/python is gone" in refused(home, root)


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize(("how", "move"), [("copied", shutil.copytree), ("moved", os.rename)])
def test_one_that_was_moved_or_copied_is_refused(
    home: Home, uv_backend: str, ours: bool, how: str, move: Callable[..., object]
) -> None:
    root = home.project(f"[venv]\n{THIS}{uv_backend}", "p")
    by_hand(root / ".venv") if not ours else home.command("prepare", cwd=root)
    there = home.folder / "q"
    move(root, there, **({"symlinks": True} if how == "copied" else {}))
    home.command("allow", str(there))
    said = refused(home, there)
    assert f"{there}/.venv was {how}: it was built as {root}/.venv" in said
    assert f"autoenv-hpc rebuild -C {there}" in said
    home.command("sync", cwd=there, status=1)
    home.command("rebuild", cwd=there)
    assert prefix(home, there) == f"{there}/.venv"
    if how == "copied":
        assert prefix(home, root) == f"{root}/.venv"


def test_links_to_the_same_folder_do_not_matter(
    home: Home, uv_backend: str, tmp_path: Path
) -> None:
    (tmp_path / "disk/q").mkdir(parents=True)
    (home.folder / "p").symlink_to(tmp_path / "disk/q")
    root = home.project(f"[venv]\n{THIS}{uv_backend}", "p")
    home.command("prepare", cwd=root)
    for folder in (root, tmp_path / "disk/q"):
        home.command("allow", str(folder))
        home.command("exec", "-C", str(folder), "--", "true")
    (tmp_path / "second").symlink_to(tmp_path / "disk")
    home.command("allow", str(tmp_path / "second/q"))
    home.command("exec", "-C", str(tmp_path / "second/q"), "--", "true")


@pytest.mark.parametrize("inherits", ["true", "false"])
@pytest.mark.parametrize("version", [v for v in FOUND if v == (2, 7)])
def test_one_of_virtualenv_before_20_is_accepted(
    home: Home, venv_tools: Path, version: tuple[int, int], inherits: str
) -> None:
    home.env["PATH"] = f"{venv_tools}:{home.env['PATH']}"
    root = home.project(
        f'[venv]\nbackend = "virtualenv"\npython = "{FOUND[version]}"\nsystem-site-packages = {inherits}\n', "p",
    )  # fmt: skip
    home.command("prepare", cwd=root)
    as_before_20(root / ".venv", FOUND[version], inherits == "true")
    assert prefix(home, root) == f"{root}/.venv"
    other = {"true": "false", "false": "true"}[inherits]
    config = (root / ".hpcenv.toml").read_text()
    home.project(config.replace(inherits, other), "p")
    assert f"system-site-packages = {other}" in refused(home, root)


def as_before_20(folder: Path, python: Path, inherits: bool) -> None:
    """Give an environment the files that virtualenv 16 writes instead of `pyvenv.cfg`."""
    (folder / "pyvenv.cfg").unlink()
    library = next(folder.glob("lib/python*"))
    for file in library.glob("site.py*"):
        file.unlink()
    (library / "orig-prefix.txt").write_text(str(python.parent.parent))
    if not inherits:
        (library / "no-global-site-packages.txt").write_text("")
    (folder / "bin/python").unlink()
    shutil.copy(python, folder / "bin/python")
    for entry in (python.parent.parent / f"lib/{library.name}").iterdir():
        if not (library / entry.name).exists() and entry.name != "site-packages":
            (library / entry.name).symlink_to(entry)


@pytest.mark.parametrize("shell", ["bash"])
def test_a_shell_tries_again_once_it_is_mended(home: Home, built: Path, shell: str) -> None:
    (built / ".venv/bin/python").unlink()
    here: Shell = home.shell(shell)
    assert "is damaged" in here.run(f"cd {built}")
    assert "VIRTUAL_ENV" not in here.env()
    here.run("autoenv-hpc rebuild")
    assert here.env()["VIRTUAL_ENV"] == f"{built}/.venv"


def test_what_may_not_be_changed_is_not_called_outdated(
    home: Home, built: Path, tmp_path: Path
) -> None:
    config = f'[venv]\nbackend = "existing"\npath = "{built}/.venv"\npackages = ["seaborn"]\n'
    for sync in ("notify", "auto"):
        other = home.project(f'{config}sync = "{sync}"\n', "other")
        done = home.command("exec", "-C", str(other), "--", "true")
        assert done.stderr == ""
    assert home.command("status", cwd=other).stdout.find("sync") < 0
