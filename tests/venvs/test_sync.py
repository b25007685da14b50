"""Requirements: noticed when they change, installed by `sync`, pinned by `freeze`."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from environments import THIS, wheels
from homes import SHELLS, Home

LIST = ("python", "-m", "pip", "list", "--disable-pip-version-check")
BACKENDS = ("venv", "virtualenv", "uv")
Project = Callable[[str, str], Path]  # of a backend and further lines


@pytest.fixture
def project(home: Home, venv_tools: Path, wheelhouse: Path) -> Project:
    """Writes a project's configuration for a backend and gives its folder."""
    home.env["PATH"] = f"{venv_tools}:{home.env['PATH']}"

    def write(backend: str, lines: str) -> Path:
        config = f'[venv]\n{THIS}backend = "{backend}"\n{wheels(wheelhouse)}{lines}'
        return home.project(config, "p")

    return write


def contents(home: Home, root: Path) -> dict[str, str]:
    """Name and version of what is in the environment, without what is there from the start."""
    out = home.command("freeze", cwd=root).stdout
    return dict(line.split("==") for line in out.splitlines())


@pytest.mark.parametrize("backend", BACKENDS)
def test_sync_installs_the_difference(home: Home, project: Project, backend: str) -> None:
    root = project(backend, 'requirements = ["r.txt"]\npackages = ["numpy"]\n')
    (root / "r.txt").write_text("spacy\n")
    home.command("prepare", cwd=root)
    assert contents(home, root) == {"numpy": "1.15.4", "spacy": "3.0.6"}
    (root / "r.txt").write_text("-r more.txt\n")
    (root / "more.txt").write_text("seaborn  # of another file\n")
    said = home.command("exec", "-C", str(root), "--", "true").stderr
    assert "have changed since it was built (`autoenv-hpc sync` installs them)" in said
    home.command("sync", cwd=root)
    assert home.command("exec", "-C", str(root), "--", "true").stderr == ""
    now = {"numpy": "1.15.4", "seaborn": "0.11.2"}
    # pip cannot tell what else needs a package
    assert contents(home, root) == (now if backend == "uv" else now | {"spacy": "3.0.6"})
    (root / "more.txt").write_text("seaborn\nmatplotlib\n")
    assert "have changed" in home.command("exec", "-C", str(root), "--", "true").stderr


_EDITING_BACKEND = """
import zipfile
def build_wheel(folder, settings=None, metadata=None):
    open("../r.txt", "a").write("spacy\\n")
    with zipfile.ZipFile(f"{folder}/slow-1-py3-none-any.whl", "w") as wheel:
        info = "slow-1.dist-info/"
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: slow\\nVersion: 1\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "")
    return "slow-1-py3-none-any.whl"
"""


@pytest.mark.parametrize("step", ["prepare", "sync"])
def test_requirements_that_change_while_they_are_installed_are_not_yet_installed(
    home: Home, project: Project, step: str
) -> None:
    home.env["PIP_NO_BUILD_ISOLATION"] = "0"  # pip's spelling of "no isolation"
    root = project("venv", 'requirements = ["r.txt"]\n')
    (root / "slow").mkdir()
    (root / "slow/pyproject.toml").write_text(
        '[project]\nname = "slow"\nversion = "1"\n'
        '[build-system]\nrequires = []\nbuild-backend = "b"\nbackend-path = ["."]\n'
    )
    (root / "slow/b.py").write_text(_EDITING_BACKEND)
    if step == "sync":
        (root / "r.txt").write_text("numpy\n")
        home.command("prepare", cwd=root)
    (root / "r.txt").write_text("./slow\n")
    home.command(step, cwd=root)
    fresh = home.command("exec", "--fresh", "--", "true", cwd=root).stderr
    assert "have changed since it was built" in fresh


def test_what_the_user_installed_stays(
    home: Home, project: Project, venv_tools: Path, wheelhouse: Path
) -> None:
    root = project("uv", 'packages = ["numpy", "spacy"]\n')
    home.command("prepare", cwd=root)
    by_hand = [f"{venv_tools}/uv", "pip", "install", "-q", "--no-index", "-f", str(wheelhouse)]
    subprocess.run(
        [*by_hand, "seaborn"],
        check=True,
        env={**home.env, "VIRTUAL_ENV": str(root / ".venv")},
        cwd=root,
    )
    project("uv", 'packages = ["numpy"]\n')
    home.command("sync", cwd=root)
    assert contents(home, root) == {"numpy": "1.15.4", "seaborn": "0.11.2"}
    project("uv", "")
    home.command("sync", cwd=root)
    assert contents(home, root) == {"seaborn": "0.11.2"}


@pytest.mark.parametrize("shell", SHELLS)
def test_a_change_is_noticed_at_the_next_entry(home: Home, project: Project, shell: str) -> None:
    root = project("uv", 'requirements = ["r.txt"]\n')
    (root / "r.txt").write_text("spacy\n")
    home.command("prepare", cwd=root)
    here = home.shell(shell)
    assert "have changed" not in here.run("cd ~/p")
    here.run("echo seaborn >> r.txt")
    here.run("cd ~")
    assert "autoenv-hpc sync" in here.run("cd ~/p")
    here.run("autoenv-hpc sync")
    here.run("cd ~")
    assert "have changed" not in here.run("cd ~/p")
    assert here.output("python -c 'import seaborn; print(1)'") == "1\n"


def test_following_by_itself_or_not_at_all(home: Home, project: Project) -> None:
    root = project("uv", 'packages = ["spacy"]\n')
    home.command("prepare", cwd=root)
    project("uv", 'packages = ["spacy", "numpy"]\nsync = "off"\n')
    assert home.command("exec", "-C", str(root), "--", "true").stderr == ""
    assert "numpy" not in contents(home, root)
    project("uv", 'packages = ["spacy", "numpy"]\nsync = "auto"\n')
    home.command("exec", "-C", str(root), "--", "python", "-c", "import numpy")


def test_one_made_by_hand_is_installed_into_and_gets_no_record(
    home: Home, project: Project
) -> None:
    root = project("venv", 'packages = ["spacy"]\n')
    subprocess.run([sys.executable, "-m", "venv", root / ".venv"], check=True)
    home.command("sync", cwd=root)
    assert contents(home, root) == {"spacy": "3.0.6"}
    assert not (root / ".venv/.autoenv-hpc.json").exists()


@pytest.mark.parametrize("backend", BACKENDS)
def test_frozen_and_rebuilt_it_lists_the_same(home: Home, project: Project, backend: str) -> None:
    root = project(backend, 'packages = ["numpy", "spacy", "matplotlib"]\n')
    home.command("prepare", cwd=root)
    before = contents(home, root)
    listed = home.attempt("exec", "-C", str(root), "--", *LIST).stdout
    said = home.command("freeze", "-o", "requirements.txt", cwd=root).stderr
    assert said == f"autoenv-hpc: wrote {root}/requirements.txt\n"
    text = (root / "requirements.txt").read_text()
    assert text == "matplotlib==2.2.2\nnumpy==1.15.4\nspacy==3.0.6\n"
    project(backend, 'requirements = ["requirements.txt"]\n')
    home.command("rebuild", cwd=root)
    assert contents(home, root) == before
    assert home.attempt("exec", "-C", str(root), "--", *LIST).stdout == listed


@pytest.mark.parametrize("tool", ["lmod"])
@pytest.mark.parametrize("tree", ["hierarchy"])
@pytest.mark.parametrize("toolchain", ["10.3.0", "12.3.0"])  # by PYTHONPATH; by EBPYTHONPREFIXES
def test_what_comes_from_modules_is_named_and_not_pinned(
    cluster: Home, tool: str, tree: str, toolchain: str
) -> None:
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
    assert "left out: " in done.stderr
    assert ", from modules" in done.stderr
    for package in ("numpy 1.20.3", "scipy 1.6.3", "pandas 1.2.4"):
        assert package in done.stderr


@pytest.mark.parametrize("command", ["sync", "freeze"])
def test_one_without_pip_is_told_what_to_do(home: Home, project: Project, command: str) -> None:
    root = project("venv", 'packages = ["spacy"]\n')
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", root / ".venv"], check=True)
    (said,) = home.command(command, cwd=root, status=1).stderr.splitlines()[-1:]
    assert "this environment has no pip: run `bin/python -m ensurepip` in it" in said


def test_a_file_that_cannot_be_written(home: Home, project: Project, tmp_path: Path) -> None:
    root = project("uv", "")
    home.command("prepare", cwd=root)
    (tmp_path / "file").write_text("")
    said = home.command("freeze", "-o", f"{tmp_path}/file/r.txt", cwd=root, status=1).stderr
    assert "cannot be written" in said


@pytest.mark.parametrize("command", ["sync", "rebuild", "freeze"])
def test_a_project_without_an_environment(home: Home, command: str) -> None:
    root = home.project('[env]\nA = "1"\n', "p")
    said = home.command(command, cwd=root, status=1).stderr
    assert "there is no [venv] table" in said


@pytest.mark.parametrize("command", ["sync", "rebuild"])
def test_what_is_somebody_elses_is_not_touched(home: Home, tmp_path: Path, command: str) -> None:
    theirs = tmp_path / "theirs"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", theirs], check=True)
    root = home.project(
        f'[venv]\nbackend = "existing"\npath = "{theirs}"\npackages = ["spacy"]\n', "p"
    )
    assert "autoenv-hpc never" in home.command(command, cwd=root, status=1).stderr
