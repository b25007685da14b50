"""Requirements: noticed when they change, installed by `sync`, pinned by `freeze`."""

import subprocess
import sys

import pytest
from conftest import SHELLS
from test_rebuild import wheels
from test_venvs import THIS

LIST = ("python", "-m", "pip", "list", "--disable-pip-version-check")
BACKENDS = ("venv", "virtualenv", "uv")


@pytest.fixture
def project(house, makers, wheelhouse):
    """Writes a project's configuration for a backend and gives its folder."""
    house.env["PATH"] = f"{makers}:{house.env['PATH']}"

    def write(backend: str, lines: str):
        config = f'[venv]\n{THIS}backend = "{backend}"\n{wheels(wheelhouse)}{lines}'
        return house.project(config, "p")

    return write


def contents(house, root) -> dict[str, str]:
    """Name and version of what is in the environment, without what is there from the start."""
    out = house.command("freeze", cwd=root).stdout
    return dict(line.split("==") for line in out.splitlines())


@pytest.mark.parametrize("backend", BACKENDS)
def test_sync_installs_the_difference(house, project, backend):
    root = project(backend, 'requirements = ["r.txt"]\npackages = ["numpy"]\n')
    (root / "r.txt").write_text("spacy\n")
    house.command("prepare", cwd=root)
    assert contents(house, root) == {"numpy": "1.15.4", "spacy": "3.0.6"}
    (root / "r.txt").write_text("-r more.txt\n")
    (root / "more.txt").write_text("seaborn  # of another file\n")
    said = house.command("exec", "-C", str(root), "--", "true").stderr
    assert "has changed since it was built (`autoenv-hpc sync` installs it)" in said
    house.command("sync", cwd=root)
    assert house.command("exec", "-C", str(root), "--", "true").stderr == ""
    now = {"numpy": "1.15.4", "seaborn": "0.11.2"}
    # pip cannot tell what else needs a package
    assert contents(house, root) == (now if backend == "uv" else now | {"spacy": "3.0.6"})
    (root / "more.txt").write_text("seaborn\nmatplotlib\n")
    assert "has changed" in house.command("exec", "-C", str(root), "--", "true").stderr


def test_what_the_user_installed_stays(house, project, makers, wheelhouse):
    root = project("uv", 'packages = ["numpy", "spacy"]\n')
    house.command("prepare", cwd=root)
    by_hand = [makers / "uv", "pip", "install", "-q", "--no-index", "-f", wheelhouse, "seaborn"]
    subprocess.run(
        by_hand, check=True, env={**house.env, "VIRTUAL_ENV": str(root / ".venv")}, cwd=root
    )
    project("uv", 'packages = ["numpy"]\n')
    house.command("sync", cwd=root)
    assert contents(house, root) == {"numpy": "1.15.4", "seaborn": "0.11.2"}
    project("uv", "")
    house.command("sync", cwd=root)
    assert contents(house, root) == {"seaborn": "0.11.2"}


@pytest.mark.parametrize("shell", SHELLS)
def test_a_change_is_noticed_at_the_next_entry(house, project, shell):
    root = project("uv", 'requirements = ["r.txt"]\n')
    (root / "r.txt").write_text("spacy\n")
    house.command("prepare", cwd=root)
    here = house.shell(shell)
    assert "has changed" not in here.run("cd ~/p")
    here.run("echo seaborn >> r.txt")
    here.run("cd ~")
    assert "autoenv-hpc sync" in here.run("cd ~/p")
    here.run("autoenv-hpc sync")
    here.run("cd ~")
    assert "has changed" not in here.run("cd ~/p")
    assert here.output("python -c 'import seaborn; print(1)'") == "1\n"


def test_following_by_itself_or_not_at_all(house, project):
    root = project("uv", 'packages = ["spacy"]\n')
    house.command("prepare", cwd=root)
    project("uv", 'packages = ["spacy", "numpy"]\nsync = "off"\n')
    assert house.command("exec", "-C", str(root), "--", "true").stderr == ""
    assert "numpy" not in contents(house, root)
    project("uv", 'packages = ["spacy", "numpy"]\nsync = "auto"\n')
    house.command("exec", "-C", str(root), "--", "python", "-c", "import numpy")


def test_one_made_by_hand_is_installed_into_and_gets_no_record(house, project):
    root = project("venv", 'packages = ["spacy"]\n')
    subprocess.run([sys.executable, "-m", "venv", root / ".venv"], check=True)
    house.command("sync", cwd=root)
    assert contents(house, root) == {"spacy": "3.0.6"}
    assert not (root / ".venv/.autoenv-hpc.json").exists()


@pytest.mark.parametrize("backend", BACKENDS)
def test_frozen_and_rebuilt_it_lists_the_same(house, project, backend):
    root = project(backend, 'packages = ["numpy", "spacy", "matplotlib"]\n')
    house.command("prepare", cwd=root)
    before = contents(house, root)
    listed = house.attempt("exec", "-C", str(root), "--", *LIST).stdout
    said = house.command("freeze", "-o", "requirements.txt", cwd=root).stderr
    assert said == f"autoenv-hpc: wrote {root}/requirements.txt\n"
    text = (root / "requirements.txt").read_text()
    assert text == "matplotlib==2.2.2\nnumpy==1.15.4\nspacy==3.0.6\n"
    project(backend, 'requirements = ["requirements.txt"]\n')
    house.command("rebuild", cwd=root)
    assert contents(house, root) == before
    assert house.attempt("exec", "-C", str(root), "--", *LIST).stdout == listed


@pytest.mark.parametrize("tool", ["lmod"])
@pytest.mark.parametrize("tree", ["hierarchy"])
@pytest.mark.parametrize("toolchain", ["10.3.0", "12.3.0"])  # by PYTHONPATH; by EBPYTHONPREFIXES
def test_what_comes_from_modules_is_named_and_not_pinned(cluster, tool, tree, toolchain):
    modules = {
        "10.3.0": '"OpenMPI/4.1.1", "Python/3.9.5", "SciPy-bundle/2021.05"',
        "12.3.0": '"OpenMPI/4.1.5", "Python/3.11.3", "SciPy-bundle/2023.07"',
    }[toolchain]
    root = cluster.project(
        f'modules = ["GCC/{toolchain}", {modules}]\n[venv]\nsystem-site-packages = true\npackages = ["seaborn"]\n',
        "p",
    )
    cluster.command("prepare", cwd=root)
    done = cluster.command("freeze", cwd=root)
    assert done.stdout == "seaborn==0.11.2\n"
    assert "the modules bring them: " in done.stderr
    for package in ("numpy 1.20.3", "scipy 1.6.3", "pandas 1.2.4"):
        assert package in done.stderr


def test_a_file_that_cannot_be_written(house, project, tmp_path):
    root = project("uv", "")
    house.command("prepare", cwd=root)
    (tmp_path / "file").write_text("")
    said = house.command("freeze", "-o", f"{tmp_path}/file/r.txt", cwd=root, status=1).stderr
    assert "cannot be written" in said


@pytest.mark.parametrize("command", ["sync", "rebuild", "freeze"])
def test_a_project_without_an_environment(house, command):
    root = house.project('[env]\nA = "1"\n', "p")
    said = house.command(command, cwd=root, status=1).stderr
    assert "there is no [venv] table" in said


@pytest.mark.parametrize("command", ["sync", "rebuild"])
def test_what_is_somebody_elses_is_not_touched(house, tmp_path, command):
    theirs = tmp_path / "theirs"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", theirs], check=True)
    root = house.project(
        f'[venv]\nbackend = "existing"\npath = "{theirs}"\npackages = ["spacy"]\n', "p"
    )
    assert "is not ours to" in house.command(command, cwd=root, status=1).stderr
