"""Which interpreter and which tool is taken; what each backend makes, or says that it cannot."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import trees
from environments import FOUND, THIS, WHO, prefix, refused, wheels
from homes import COMMAND, Home

PLAIN = "/usr/local/bin:/usr/bin:/bin"
ALL = sorted(version for version in FOUND if version >= (3, 6))


def version_of(home: Home, root: Path) -> str:
    """X.Y of the Python in the project's environment."""
    return home.command("exec", "-C", str(root), "--", *WHO).stdout.splitlines()[1]


def linked(folder: Path, name: str, version: tuple[int, int]) -> Path:
    """An interpreter under another name in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).symlink_to(FOUND[version])
    return folder


def only_elsewhere() -> tuple[int, int]:
    """The oldest version, if none of that is on the PATH of a system."""
    if shutil.which("python{}.{}".format(*ALL[0]), path=PLAIN):
        pytest.skip("the oldest Python here is on PATH, so it is never looked for elsewhere")
    return ALL[0]


@pytest.mark.parametrize("backend", ["venv", "virtualenv", "uv"])
@pytest.mark.parametrize("version", [v for v in ALL if v in ((3, 6), (3, 8), (3, 10))])
def test_each_backend_builds_on_each_python(
    home: Home, venv_tools: Path, wheelhouse: Path, backend: str, version: tuple[int, int]
) -> None:
    home.env["PATH"] = f"{venv_tools}:{home.env['PATH']}"
    root = home.project(
        f'[venv]\npython = "{FOUND[version]}"\nbackend = "{backend}"\npackages = ["seaborn"]\n{wheels(wheelhouse)}',
        "p",
    )
    assert version_of(home, root) == "{}.{}".format(*version)
    assert home.command("exec", "-C", str(root), "--", "seaborn-version").stdout == "0.11.2\n"
    assert home.command("freeze", cwd=root).stdout == "seaborn==0.11.2\n"


def test_a_version_is_looked_for_in_the_modules_on_path_in_pyenv_and_uvs_folder(
    home: Home, tmp_path: Path
) -> None:
    low, high = only_elsewhere(), ALL[-1]
    short = "{}.{}".format(*low)
    root = home.project(f'[venv]\npython = "{short}"\npath = ".venv-{{python}}"\n', "p")
    assert f"Python {short} was not found" in refused(home, root)
    data = home.folder / ".local/share/uv/python"
    linked(data / f"cpython-{short}.9-linux/bin", f"python{short}", high)  # not what it says
    said = refused(home, root)
    assert f"Python {short} was not found" in said
    found = {}
    for place, folder in {
        "uv": data / f"cpython-{short}.1-linux/bin",
        "pyenv": home.folder / f".pyenv/versions/{short}.1/bin",
        "path": tmp_path / "path",
    }.items():
        linked(folder, f"python{short}", low)
        home.env["PATH"] = f"{tmp_path}/path:{PLAIN}"
        home.command("prepare", cwd=root)
        written = (root / f".venv-{short}/pyvenv.cfg").read_text()
        found[place] = str(folder) in written or str(folder) in os.readlink(
            root / f".venv-{short}/bin/python"
        )
        shutil.rmtree(root / f".venv-{short}")
    assert found == {"uv": True, "pyenv": True, "path": True}


@pytest.mark.parametrize("backend", ["venv", "virtualenv", "uv"])
@pytest.mark.parametrize("name", ["python3", "python"])
def test_a_folder_of_links_to_a_python_need_not_have_each_name(
    home: Home, venv_tools: Path, tmp_path: Path, backend: str, name: str
) -> None:
    version = (3, 10) if (3, 10) in FOUND else ALL[0]
    links = linked(tmp_path / "module/bin", name, version)
    home.env["PATH"] = f"{links}:{venv_tools}:{home.env['PATH']}"
    root = home.project(f'[venv]\nbackend = "{backend}"\n', "p")
    for _ in range(2):
        assert version_of(home, root) == "{}.{}".format(*version)
    active = {"VIRTUAL_ENV": f"{root}/.venv"}
    (home.folder / "q").mkdir()
    system = shutil.which("python3", path=PLAIN)
    is_of_system = system and os.path.samefile(system, links / name)
    other = None if is_of_system else f"{links}/{name}"
    for path, python in ((home.env["PATH"], None), (PLAIN, other)):
        home.command(
            "init", "--from-loaded", "--force", cwd=home.folder / "q", env={**active, "PATH": path}
        )
        written = tomllib.loads((home.folder / "q/.hpcenv.toml").read_text())["venv"]
        if backend == "venv":  # the others may resolve the link
            assert written.get("python") == python


def test_the_newest_of_pyenvs_patch_versions_is_meant(home: Home) -> None:
    low = only_elsewhere()
    short = "{}.{}".format(*low)
    versions = home.folder / ".pyenv/versions"
    for patch in (9, 10):
        linked(versions / f"{short}.{patch}/bin", f"python{short}", low)
    linked(versions / f"{short}0.1/bin", f"python{short}0", low)  # 3.1 is not 3.10
    root = home.project(f'[venv]\npython = "{short}"\n', "p")
    home.command("prepare", cwd=root)
    assert f"{short}.10/bin" in (root / ".venv/pyvenv.cfg").read_text()


def test_an_interpreter_that_is_known_is_not_asked_again(home: Home, tmp_path: Path) -> None:
    root = home.project(f'[venv]\n{THIS}path = ".venv-{{python}}"\n[env]\nN = "1"\n', "p")
    home.command("prepare", cwd=root)
    log = tmp_path / "log"
    trace = ["strace", "-f", "-qq", "-e", "trace=execve", "-o", str(log)]
    (root / ".hpcenv.toml").write_text(
        (root / ".hpcenv.toml").read_text().replace('N = "1"', 'N = "2"')
    )
    home.command("allow", str(root))
    subprocess.run([*trace, COMMAND, "exec", "--", "/bin/true"], cwd=root, env=home.env, check=True)
    started = [line for line in log.read_text().splitlines() if "execve(" in line and "= 0" in line]
    assert not [line for line in started if "base_prefix" in line]


def test_an_interpreter_without_its_library_is_not_believed_from_memory(
    home: Home, tmp_path: Path
) -> None:
    """Under the module it starts, without it it does not: that is to be said, not remembered."""
    wrapper = tmp_path / "bin/python3"
    wrapper.parent.mkdir()
    real = os.path.realpath(sys.executable)
    wrapper.write_text(
        f'#!/bin/sh\n[ -n "$LD_LIBRARY_PATH" ] || {{ echo "libpython3.so: cannot open shared object file" >&2; exit 127; }}\nexec {real} "$@"\n'
    )
    wrapper.chmod(0o755)
    root = home.project(f'[venv]\npython = "{wrapper}"\n', "p")
    home.command("prepare", cwd=root, LD_LIBRARY_PATH="/lib")
    assert "libpython3.so: cannot open" in refused(home, root)


@pytest.mark.skipif((2, 7) not in FOUND, reason="there is no Python 2.7 here")
def test_uv_says_what_it_cannot_make_before_anything_is_written(
    home: Home, venv_tools: Path
) -> None:
    root = home.project(f'[venv]\nbackend = "uv"\n{THIS}', "p")
    assert "uv was not found" in refused(home, root)
    home.env["PATH"] = f"{venv_tools}:{home.env['PATH']}"
    old = FOUND[(2, 7)]
    home.project(f'[venv]\nbackend = "uv"\npython = "{old}"\n', "p")
    said = refused(home, root)
    assert 'uv cannot create an environment for Python 2.7 (set backend = "virtualenv"' in said
    assert os.listdir(root) == [".hpcenv.toml"]


def test_uv_copies_from_a_cache_on_another_file_system(
    home: Home, venv_tools: Path, wheelhouse: Path, tmp_path: Path
) -> None:
    home.env["PATH"] = f"{venv_tools}:{home.env['PATH']}"
    config = f'[venv]\n{THIS}backend = "uv"\npackages = ["seaborn"]\n{wheels(wheelhouse)}'
    root = home.project(config, "p")
    there = f"/dev/shm/autoenv-hpc-test-{os.getpid()}"
    try:
        said = home.command("prepare", cwd=root, UV_CACHE_DIR=there).stderr
    finally:
        shutil.rmtree(there, ignore_errors=True)
    assert "hardlink" not in said
    made = next((root / ".venv/lib").glob("python*/site-packages/seaborn/__init__.py"))
    assert made.stat().st_nlink == 1


def test_two_tensorflows_live_side_by_side(
    home: Home, venv_tools: Path, wheelhouse: Path, tmp_path: Path
) -> None:
    home.env["PATH"] = f"{venv_tools}:{home.env['PATH']}"
    trees.wheels(tmp_path / "one", {"tensorflow": "1.15.0"})
    trees.wheels(tmp_path / "two", {"tensorflow": "2.9.1"})
    root = home.project(
        f'default-env = "new"\n[venv]\n{THIS}packages = ["tensorflow"]\n'
        f'[envs.new.venv]\npip-args = ["--no-index", "-f", "{tmp_path}/two"]\n'
        f'[envs.old.venv]\nbackend = "virtualenv"\npython = "{FOUND[ALL[0]]}"\npip-args = ["--no-index", "-f", "{tmp_path}/one"]\n',
        "p",
    )
    assert home.command("exec", "-C", str(root), "--", "tensorflow-version").stdout == "2.9.1\n"
    old = ("exec", "-C", str(root), "--env", "old", "--", "tensorflow-version")
    assert home.command(*old).stdout == "1.15.0\n"
    assert home.command("freeze", "--env", "old", cwd=root).stdout == "tensorflow==1.15.0\n"
    assert prefix(home, root) == f"{root}/.venv-new"
