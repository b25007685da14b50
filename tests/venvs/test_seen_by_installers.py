"""Installers see what a command inside will see, and build with the project's own variables."""

from pathlib import Path

import pytest
import trees
from environments import HERE, THIS, wheels
from homes import Home


@pytest.fixture
def module_packages(home: Home, tmp_path: Path) -> Path:
    """A folder with the package `seaborn` that a module, or a login file, adds to PYTHONPATH."""
    folder = tmp_path / "module"
    trees.packages(folder, {"seaborn": "0.11.2"})
    home.env["PYTHONPATH"] = str(folder)
    return folder


@pytest.mark.parametrize(
    ("backend", "lines"),
    [("venv", '[python-path]\npolicy = "unset"\n'), ("virtualenv", "[env]\nPYTHONPATH = false\n"), ("uv", "[env]\nPYTHONPATH = false\n")],
)  # fmt: skip
def test_a_package_that_the_command_will_not_see_is_installed(
    home: Home, wheelhouse: Path, module_packages: Path, venv_tools: Path, backend: str, lines: str
) -> None:
    home.env["PATH"] = f"{venv_tools}:{home.env['PATH']}"
    root = home.project(
        f'[venv]\n{THIS}backend = "{backend}"\npackages = ["seaborn"]\n{wheels(wheelhouse)}{lines}',
        "p",
    )
    code = "import seaborn; print(seaborn.__file__)"
    done = home.command("exec", "-C", str(root), "--", "python", "-c", code)
    assert done.stdout.startswith(f"{root}/.venv/")


def test_the_users_own_packages_count_only_if_the_command_sees_them(
    home: Home, wheelhouse: Path
) -> None:
    trees.packages(home.folder / f".local/lib/python{HERE}/site-packages", {"seaborn": "0.11.2"})
    config = (
        f'[venv]\n{THIS}system-site-packages = true\npackages = ["seaborn"]\n{wheels(wheelhouse)}'
    )
    code = "import seaborn; print(seaborn.__file__)"
    for name, lines, place in (
        ("seen", "", f"{home.folder}/.local/"),
        ("unseen", '[env]\nPYTHONNOUSERSITE = "1"\n', f"{home.folder}/unseen/.venv/"),
    ):
        root = home.project(config + lines, name)
        done = home.command("exec", "-C", str(root), "--", "python", "-c", code)
        assert done.stdout.startswith(place)


@pytest.mark.parametrize("command", ["prepare", "rebuild"])
def test_a_build_gets_the_projects_variables_and_nothing_that_leads_elsewhere(
    home: Home, tmp_path: Path, command: str
) -> None:
    seen = tmp_path / "seen"
    (tmp_path / "own").mkdir()
    (tmp_path / "own/setup.py").write_text(
        "import os, setuptools\n"
        f"with open({str(seen)!r}, 'w') as file:\n"
        "    for name in ('CC', 'CFLAGS', 'VIRTUAL_ENV', 'OWN_PATH'): print(os.environ.get(name), file=file)\n"
        "setuptools.setup(name='own')\n"
    )
    (home.folder / ".config/pip").mkdir(parents=True)
    (home.folder / ".config/pip/pip.conf").write_text("[global]\nuser = true\n")
    arguments = 'pip-args = ["--no-build-isolation", "--no-deps"]\n'
    root = home.project(
        f'[venv]\n{THIS}packages = ["{tmp_path}/own"]\n{arguments}'
        '[env]\nCC = "mpicc"\nCFLAGS = "-O3"\n[paths]\nOWN_PATH = { append = [".venv/own"] }\n', "p",
    )  # fmt: skip
    if command == "rebuild":
        (root / ".venv").mkdir()
    home.attempt(
        command, cwd=root, PIP_TARGET=f"{tmp_path}/target"
    )  # whether it has `wheel` or not
    compiler, flags, prefix, own = seen.read_text().splitlines()
    assert (compiler, flags) == ("mpicc", "-O3")
    assert own == f"{prefix}/own"
    assert not (tmp_path / "target").exists()
    assert not (home.folder / ".local/lib").exists()


@pytest.mark.parametrize("backend", ["venv", "uv"])
def test_freeze_lists_all_that_is_in_the_environment_and_nothing_else(
    home: Home, wheelhouse: Path, module_packages: Path, venv_tools: Path, backend: str
) -> None:
    home.env["PATH"] = f"{venv_tools}:{home.env['PATH']}"
    trees.packages(module_packages, {f"module_{number}": "9.9" for number in range(90)})
    root = home.project(
        f'[venv]\n{THIS}backend = "{backend}"\nsystem-site-packages = true\n'
        f'packages = ["seaborn", "spacy"]\n{wheels(wheelhouse)}', "p",
    )  # fmt: skip
    home.command("prepare", cwd=root, PYTHONPATH="")
    done = home.command("freeze", cwd=root)
    assert done.stdout == "seaborn==0.11.2\nspacy==3.0.6\n"
    assert "module-0 9.9" in done.stderr
    assert " more, from modules" in done.stderr
    assert done.stderr.endswith((" of the base Python\n", ", from modules\n"))  # it may have none
    assert len(done.stderr) < 300
