"""The recipes below `packaging/`: they ask for what the package asks for, and their own tools accept them."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PROJECT: dict[str, Any] = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
SPACK = CHECKOUT / "packaging/spack/packages/autoenv_hpc/package.py"
(EASYCONFIG,) = (CHECKOUT / "packaging/easybuild").glob("*.eb")
# Python-bundle-PyPI of the same toolchain has these, and recent enough ones.
_IN_THE_BUNDLE = {"platformdirs", "psutil", "rich", "tomlkit"}


def requirements() -> dict[str, str]:
    """The packages that the wheel, its build and its Python need, with their lowest versions."""
    asked = PROJECT["build-system"]["requires"] + PROJECT["project"]["dependencies"]
    pairs = dict(re.split(">=", words) for words in asked)
    return {**pairs, "python": PROJECT["project"]["requires-python"].removeprefix(">=")}


def test_spack_asks_for_the_same_packages() -> None:
    found = dict(re.findall(r'depends_on\("(?:py-)?([\w-]+)@([\d.]+):"', SPACK.read_text()))
    assert found == requirements()


def test_easybuild_asks_for_the_same_packages() -> None:
    text = EASYCONFIG.read_text()
    version = PROJECT["project"]["version"]
    assert f"version = '{version}'" in text
    assert EASYCONFIG.name.startswith(f"autoenv-hpc-{version}-")
    pinned = {name.lower(): v for name, v in re.findall(r"\('([\w-]+)', '([\d.]+)'", text)}
    for name, lowest in requirements().items():
        if name not in _IN_THE_BUNDLE:
            assert _numbers(pinned[name]) >= _numbers(lowest), name


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def _tool(variable: str, program: str) -> str:
    """A program in the folder that a variable names."""
    folder = os.environ.get(variable)
    found = shutil.which(program, path=f"{folder}/bin") if folder else None
    if found is None:
        pytest.skip(f"left out: {variable} names no folder with bin/{program}")
    return found


def _accepted(*words: str, **env: str) -> str:
    path = f"{os.path.dirname(words[0])}:{os.environ['PATH']}"
    done = subprocess.run(
        words, env={**os.environ, **env, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_easybuild_accepts_its_recipe(tmp_path: Path) -> None:
    tool = _tool("EB_ROOT", "eb")
    env = {
        "EASYBUILD_ALLOW_USE_AS_ROOT_AND_ACCEPT_CONSEQUENCES": "1",
        "EASYBUILD_PREFIX": str(tmp_path),
    }
    assert "PASS" in _accepted(tool, "--check-style", str(EASYCONFIG), **env)
    assert "[ ]" in _accepted(tool, "--dry-run", "--robot", str(EASYCONFIG), **env)


def test_spack_accepts_its_recipe() -> None:
    tool = _tool("SPACK_ROOT", "spack")
    _accepted(tool, "style", "--no-mypy", str(SPACK))
    _accepted(tool, "-C", str(SPACK.parents[2]), "audit", "packages", "autoenv-hpc")
