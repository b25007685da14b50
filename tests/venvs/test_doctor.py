"""`doctor` in a project: what it finds, and that it changes nothing."""

import json
import os
import shutil
from pathlib import Path

import pytest
from environments import THIS
from homes import Home


def ids(home: Home, root: Path, status: int = 0) -> dict[str, str]:
    found = json.loads(home.command("doctor", "--json", cwd=root, status=status).stdout)
    return {finding["id"]: finding["severity"] for finding in found if finding["id"] != "F11"}


def test_the_environment_of_a_project(home: Home, uv_backend: str) -> None:
    root = home.project(f"[venv]\n{uv_backend}{THIS}", "p")
    assert ids(home, root) == {"F20": "info"}
    home.command("prepare", cwd=root)
    before = sorted(os.listdir(root))
    assert ids(home, root) == {}
    assert home.command("doctor", cwd=root).stdout == "nothing found\n"
    assert sorted(os.listdir(root)) == before
    package = next((root / ".venv/lib").glob("python3*/site-packages")) / "gone-1.0.dist-info"
    package.mkdir()
    assert ids(home, root, status=1) == {"F21": "high"}
    package.rmdir()
    shutil.rmtree(root / ".venv/bin")
    assert ids(home, root, status=1) == {"F2": "high"}
    said = home.command("doctor", cwd=root, status=1).stdout
    assert f"help: autoenv-hpc rebuild -C {root}" in said


def test_a_file_that_is_not_allowed_or_not_valid(home: Home) -> None:
    root = home.project("modlues = 1\n", "p", allow=False)
    assert "help: autoenv-hpc allow" in home.command("doctor", cwd=root, status=1).stdout
    home.command("allow", cwd=root)
    assert "modlues: unknown key" in home.command("doctor", cwd=root, status=1).stdout
    assert home.command("doctor").stdout == "nothing found\n"


@pytest.mark.parametrize("tool", ["lmod"])
@pytest.mark.parametrize("tree", ["flat"])
def test_modules_and_the_home_folder(cluster: Home, tool: str, tree: str) -> None:
    root = cluster.project('modules = ["samtools"]\n', "p")
    (cluster.folder / ".bashrc").write_text("a=1\n# >>> conda initialize >>>\n")
    shown = cluster.command("doctor", cwd=root, LMOD_CMD_X=":").stdout
    assert f"{cluster.folder}/.bashrc:2: F11 low" in shown
    assert ids(cluster, root) == {"F29": "low"}
    cluster.project('modules = ["samtools/9"]\n', "p")
    said = cluster.command("doctor", cwd=root, status=1).stdout
    assert f"{root}/.hpcenv.toml:1: F26 high: cannot load samtools/9" in said
    assert "did you mean samtools/1.12" in said


def test_a_kernel_that_starts_without_the_modules(home: Home, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "pyvenv.cfg").write_text("home = /sw/python/3.9.5/bin\nversion = 3.9.5\n")
    kernel = tmp_path / "jupyter/kernels/mine/kernel.json"
    kernel.parent.mkdir(parents=True)
    kernel.write_text(json.dumps({"argv": [f"{venv}/bin/python", "-m", "ipykernel_launcher"]}))
    shown = home.command("doctor", JUPYTER_DATA_DIR=str(tmp_path / "jupyter")).stdout
    assert f"{kernel}: F23 medium" in shown
    assert "help: autoenv-hpc kernel install\n" in shown
