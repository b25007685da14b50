"""Each way to install the wheel, with its source gone: install, upgrade, uninstall."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import homes
import pytest
from filelock import FileLock
from homes import CHECKOUT, Home
from sessions import Shell

# All but `prefix`, a folder, are programs. With `python`, pip would take out the package under test.
WAYS = {
    "uv tool": (
        "{uv} tool install --python {python} autoenv-hpc==1",
        "{uv} tool install --python {python} --force autoenv-hpc==2",
        "{uv} tool uninstall autoenv-hpc",
        "bin",
    ),
    "pipx": (
        "{pipx} install autoenv-hpc==1",
        "{pipx} install --force autoenv-hpc==2",
        "{pipx} uninstall autoenv-hpc",
        "bin",
    ),
    "pip": (
        "{prefix}/venv/bin/python -m pip install autoenv-hpc==1",
        "{prefix}/venv/bin/python -m pip install --upgrade autoenv-hpc==2",
        "{prefix}/venv/bin/python -m pip uninstall -y autoenv-hpc",
        "venv/bin",
    ),
    "a site's own prefix": (
        "{other} -m pip install --ignore-installed --prefix {prefix}/1 autoenv-hpc==1",
        "{other} -m pip install --ignore-installed --prefix {prefix}/2 autoenv-hpc==2",
        "rm -r {prefix}/1 {prefix}/2",
        "current/bin",
    ),
}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheels of two versions and of what they need, and pipx; their source is gone."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    shared = tmp_path_factory.getbasetemp().parent / f"wheels-{run}"
    with FileLock(f"{shared}.lock"):
        if not shared.exists():
            _make(shared)
    if not (shared / "pipx").exists():
        pytest.skip("what the package needs cannot be downloaded here")
    return shared


def _make(folder: Path) -> None:
    folder.mkdir()
    source = folder / "source"
    ignored = shutil.ignore_patterns(".cache", ".git", "__pycache__", "tests")
    shutil.copytree(CHECKOUT, source, ignore=ignored)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    project = source / "pyproject.toml"
    text = project.read_text()
    project.write_text(re.sub(r'(?m)^version = ".*"$', 'version = "1"', text))
    subprocess.run([*pip, "wheel", "-q", "--no-deps", "-w", folder, source], check=True)
    shutil.rmtree(source)
    _as_second(next(folder.glob("autoenv_hpc-1-*.whl")))
    needed = tomllib.loads(text)["project"]["dependencies"]
    words = [*pip, "download", "-q", "-d", str(folder), *needed, "pipx", "pip"]
    if subprocess.run(words, check=False, capture_output=True).returncode == 0:
        subprocess.run([sys.executable, "-m", "venv", folder / "pipx"], check=True)
        install = ["-m", "pip", "install", "-q", "--no-index", "-f", str(folder), "pipx"]
        subprocess.run([folder / "pipx/bin/python", *install], check=True)


def _as_second(wheel: Path) -> None:
    """Write the same wheel as version 2, which takes less time than to build it."""
    with (
        zipfile.ZipFile(wheel) as first,
        zipfile.ZipFile(wheel.with_name(wheel.name.replace("-1-", "-2-")), "w") as second,
    ):
        for entry in first.infolist():
            data = first.read(entry)
            if entry.filename.endswith(("/METADATA", "/RECORD")):
                data = data.replace(b"\nVersion: 1\n", b"\nVersion: 2\n")
                data = data.replace(b"autoenv_hpc-1.", b"autoenv_hpc-2.")
            entry.filename = entry.filename.replace("autoenv_hpc-1.", "autoenv_hpc-2.")
            second.writestr(entry, data)


class Installer:
    """One way to install it, into a folder of its own."""

    def __init__(self, way: str, home: Home, wheels: Path, uv: str) -> None:
        *self.steps, where = WAYS[way]
        self.prefix = home.folder.parent / "an installation"
        self.prefix.mkdir()
        if where.startswith("venv"):
            subprocess.run([sys.executable, "-m", "venv", self.prefix / "venv"], check=True)
        self.command = self.prefix / where / "autoenv-hpc"
        own = {"UV_TOOL_DIR": "tools", "UV_TOOL_BIN_DIR": "bin", "PIPX_HOME": "tools", "PIPX_BIN_DIR": "bin", "PIPX_MAN_DIR": "man"}  # fmt: skip
        self.env = home.env | {name: f"{self.prefix}/{value}" for name, value in own.items()}
        self.env |= {"PIP_FIND_LINKS": str(wheels), "UV_FIND_LINKS": str(wheels), "UV_OFFLINE": "1", "UV_NO_INDEX": "1", "PIPX_DEFAULT_PYTHON": sys.executable}  # fmt: skip
        self.names = {
            "python": sys.executable,
            "uv": uv,
            "pipx": f"{wheels}/pipx/bin/pipx",
            "other": f"{wheels}/pipx/bin/python",
        }

    def run(self, step: int) -> None:
        """Install, upgrade or uninstall."""
        words = [w.format(**self.names, prefix=self.prefix) for w in self.steps[step].split()]
        done = subprocess.run(words, env=self.env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        if "current" in str(self.command):  # the site's own link
            (self.prefix / "current").unlink(missing_ok=True)
            (self.prefix / "current").symlink_to(str(step + 1))


@pytest.mark.parametrize("way", WAYS)
def test_install_upgrade_uninstall(
    home: Home, wheels: Path, venv_tools: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    installer = Installer(way, home, wheels, str(venv_tools / "uv"))
    installer.run(0)
    monkeypatch.setattr(homes, "COMMAND", str(installer.command))
    home.env["PATH"] += f":{installer.command.parent}"
    root = home.project('[venv]\n[env]\nOURS = "blue"\n', "p")
    home.command("prepare", cwd=root)
    shim = home.command("shim", cwd=root).stdout.splitlines()[0]
    (home.folder / ".bashrc").write_text("PS1='$ '\n")
    home.command("setup", "--shell", "bash")
    built = (root / ".venv/pyvenv.cfg").stat().st_mtime_ns
    shell = Shell("bash", home.folder, home.env, root)
    line = 'echo "$OURS $(command -v python)"'
    inside = f"blue {root}/.venv/bin/python\n"
    assert shell.output(line) == inside
    installer.run(1)
    assert home.command("--version").stdout == "autoenv-hpc 2\n"
    assert shell.output(f"{line}; cd /; cd - >/dev/null") == inside  # nothing is said
    assert home.command("exec", "/bin/sh", "-c", line, cwd=root).stdout == inside
    assert "allowed" in home.command("status", cwd=root).stdout
    assert (root / ".venv/pyvenv.cfg").stat().st_mtime_ns == built
    call = [shim, "-c", "import os; print(os.environ['OURS'])"]
    assert (
        subprocess.run(call, env=home.env, capture_output=True, text=True, check=True).stdout
        == "blue\n"
    )
    installer.run(2)
    assert "left p" in shell.run("cd /")
    assert shell.output(f"cd '{root}'; echo in $OURS") == "in\n"
    assert "autoenv-hpc" not in shell.run("cd .")
    new = Shell("bash", home.folder, home.env, root)  # which reads the line of `setup`
    assert "autoenv-hpc" not in new.greeting + new.run("cd .")
    for one in (shell, new):
        one.close()
    done = subprocess.run(call, env=home.env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (125, "")
