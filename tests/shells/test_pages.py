"""The how-tos, typed into a real shell: each command on the page succeeds.

A ```toml block is the project's file from then on. A ```bash block is typed line by line, one that
begins with `#!` is a batch script. What needs a name that only the reader knows is ```text.
"""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import conda_channel
import conda_program
import pytest
import trees
from environments import HERE
from homes import CHECKOUT, COMMAND, Home
from sessions import Shell

PAGES = CHECKOUT / "docs/how-to"
_BLOCK = re.compile(r"^```(toml|bash)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def go_through(page: str, shell: Shell, root: Path, is_typed: Callable[[str], bool] = bool) -> str:
    """Type all blocks of a page, but for some lines; return what the shell has shown."""
    shown = ""
    for language, text in _BLOCK.findall((PAGES / page).read_text()):
        if language == "toml":
            (root / ".hpcenv.toml").write_text(text)
            continue
        lines = text.splitlines()
        if text.startswith("#!"):
            (root / "job.sh").write_text(text)
            lines = [f"bash '{root}/job.sh'"]
        for line in filter(is_typed, lines):
            shown += shell.run(line)
            assert shell.output("echo $?").strip() == "0", f"{page}: {line}\n{shown}"
    return shown.replace("\r", "")


def start(home: Home, root: Path, **more: str) -> Shell:
    """A bash in a folder, with the command alone on PATH."""
    root.mkdir(exist_ok=True)
    (home.folder / "bin").mkdir()
    (home.folder / "bin/autoenv-hpc").symlink_to(COMMAND)
    return home.shell("bash", 'PATH="$HOME/bin:$PATH"', cwd=root, env=more)


@pytest.mark.parametrize("tool", ["lmod"])
@pytest.mark.parametrize("tree", ["hierarchy"])
def test_jupyter(cluster: Home, tool: str, tree: str, wheelhouse: Path, tmp_path: Path) -> None:
    folder = trees.wheels(tmp_path / "wheels", {"ipykernel": "6.29.5"})
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel, "a") as file:
        file.writestr("ipykernel_launcher.py", "")
    cluster.env["PIP_FIND_LINKS"] += f" {folder}"
    shown = go_through(
        "jupyter.md", start(cluster, cluster.folder / "climate"), cluster.folder / "climate"
    )
    assert 'choose "climate (autoenv-hpc)" in Jupyter' in shown
    assert "removed" in shown


@pytest.mark.parametrize("tool", ["lmod"])
@pytest.mark.parametrize("tree", ["hierarchy"])
def test_from_direnv(cluster: Home, tool: str, tree: str) -> None:
    root = cluster.folder / "p"
    assert f"{root}/.venv" in go_through("from-direnv.md", start(cluster, root), root)


@pytest.mark.parametrize("tool", ["lmod"])
@pytest.mark.parametrize(
    ("tree", "cluster_name"), [("flat", "rackham"), ("hierarchy", "kebnekaise")]
)
def test_teachers(cluster: Home, tool: str, tree: str, cluster_name: str) -> None:
    root = cluster.folder / "material"
    root.mkdir()
    page = (PAGES / "teachers.md").read_text()
    assert len(re.findall(r"^\*\*Step \d\.\*\*", page, re.MULTILINE)) == 5
    shell = start(cluster, cluster.folder, SNIC_RESOURCE=cluster_name)
    shown = go_through("teachers.md", shell, root)
    assert "3.0.6 0.11.2" in shown
    assert "(python-course) $" in shown
    assert shown.rstrip().endswith("$")
    assert "python-course" not in shown.splitlines()[-1]


def test_environment_yml(
    home: Home, tmp_path_factory: pytest.TempPathFactory, wheelhouse: Path
) -> None:
    folder = tmp_path_factory.mktemp("conda")
    channel = conda_channel.make(folder / "channel", Path(sys.executable))
    _, command, _ = conda_program.install(folder / "conda", channel.url, "conda")
    home.env |= {
        "CONDA_CHANNELS": channel.url, "CONDA_PKGS_DIRS": str(folder / "pkgs"), "PYTHONNOUSERSITE": "1",
        "PIP_FIND_LINKS": str(wheelhouse), "PATH": f"{command.parent}:{home.env['PATH']}",
    }  # fmt: skip
    root = home.folder / "p"
    root.mkdir()
    (root / "environment.yml").write_text(
        f"name: other\nchannels: [{channel.url}]\ndependencies:\n- python={HERE}\n- numpy=1.20\n- pip\n"
        "- pip: [seaborn==0.11.2]\n"
    )
    assert f"{root}/.venv" in go_through("environment-yml.md", start(home, root), root)
    assert "numpy=1.20" in (root / "environment.lock.yml").read_text()


def test_installation(home: Home) -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        if not name.startswith("tests/"):
            (home.folder / "autoenv-hpc" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CHECKOUT / name, home.folder / "autoenv-hpc" / name)
    home.env.pop("PIP_NO_INDEX")
    home.env |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    home.env["PIP_NO_COMPILE"] = "1"
    shell = home.shell("bash", f'PATH="{Path(sys.executable).parent}:$PATH"; hash -r')
    shown = go_through("installation.md", shell, home.folder)
    assert "autoenv-hpc 0." in shown
    assert not (home.folder / ".cache/autoenv-hpc").exists()
    assert "autoenv" not in shell.run("cd /; cd ~")  # a shell that is still open is silent
    assert "hook" not in (home.folder / ".bashrc").read_text()


def test_whole_site(home: Home, tmp_path: Path) -> None:
    shell = start(home, home.folder)
    command = "/sw/autoenv-hpc/bin/autoenv-hpc"
    shell.run(f'{command}() {{ autoenv-hpc "$@"; }}')  # an installation takes half a minute
    folder = home.folder / "sw"
    folder.mkdir()
    page = (PAGES / "whole-site.md").read_text().replace("> /sw/autoenv-hpc", f"> {folder}")
    copy = home.folder / "whole-site.md"
    copy.write_text(page)
    ours = (f"{command} ", "autoenv-hpc ")
    shown = go_through(str(copy), shell, tmp_path, lambda line: line.startswith(ours))
    assert sorted(os.listdir(folder)) == ["hook.bash", "hook.fish", "hook.zsh"]
    assert "exec" in shown
