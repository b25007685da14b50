"""`init --from-loaded`: the file gives a later shell what this one has."""

import shlex
import sys
import tomllib
from pathlib import Path

import pytest
from homes import MODULE_TOOLS, Home
from trees import Tree


def written(root: Path) -> dict[str, object]:
    return tomllib.loads((root / ".hpcenv.toml").read_text())


def login_shell(home: Home) -> None:
    """Make the site's set-up part of each login."""
    names = [n for n in home.env if n.startswith(("LMOD", "MODULE", "__MODULES", "BASH_FUNC"))]
    exports = [f"export {n}={shlex.quote(home.env[n])}" for n in names if n.isidentifier()]
    functions = [
        f"{n[10:-2]} {home.env[n]}; export -f {n[10:-2]}" for n in names if n.endswith("%%")
    ]
    home.login("\n".join([*exports, *functions]) + "\n")


@pytest.mark.parametrize("tool", MODULE_TOOLS)
@pytest.mark.parametrize("tree", ["hierarchy"])
def test_what_is_loaded_is_what_the_file_loads(
    cluster: Home, tool: str, tree: str, tmp_path: Path
) -> None:
    extra = Tree(tmp_path / "extra", "lua" if tool == "lmod" else "tcl")
    extra.module("own/1.0", ("setenv", "OWN", "1"))
    login_shell(cluster)
    root = cluster.folder / "p"
    root.mkdir()
    here = cluster.shell("bash", cwd=root)
    here.run("module load GCC OpenMPI/4.1.5")
    here.run(f"module use {extra.folder}; module load own")
    here.run(f"{sys.executable} -m venv --system-site-packages v; source v/bin/activate")
    loaded = here.output("echo $LOADEDMODULES").strip()
    here.run("autoenv-hpc init --from-loaded")
    text = written(root)
    assert text["venv"].pop("python", sys.executable)  # type: ignore[attr-defined]
    assert text == {
        "modules": ["GCC/12.3.0", "OpenMPI/4.1.5", "own/1.0"],
        "module-paths": [str(extra.folder)],
        "venv": {"path": "v", "system-site-packages": True},
    }
    assert "# Left out" in (root / ".hpcenv.toml").read_text()
    there = cluster.command("exec", "sh", "-c", "echo $LOADEDMODULES; echo $VIRTUAL_ENV", cwd=root)
    assert there.stdout == f"{loaded}\n{root}/v\n"


def test_nothing_to_draft_from(home: Home) -> None:
    said = home.command("init", "--from-loaded", status=1).stderr
    assert "no module is loaded and no environment is active" in said
    assert not (home.folder / ".hpcenv.toml").exists()


@pytest.mark.parametrize(
    ("cfg", "env", "venv"),
    [
        ("home = /usr/bin\nversion = 3.11.2\n", {}, {}),
        ("home = /usr/bin\nuv = 0.5\n", {}, {"backend": "uv"}),
        ("home = /usr/bin\nvirtualenv = 20.1\n", {}, {"backend": "virtualenv"}),
        (None, {"CONDA_DEFAULT_ENV": "x"}, {"backend": "conda", "path": ".venv"}),
    ],
)
def test_the_backend_is_recognised(
    home: Home, cfg: str | None, env: dict[str, str], venv: dict[str, str]
) -> None:
    prefix = home.folder / ".venv"
    (prefix / "bin").mkdir(parents=True)
    if cfg:
        (prefix / "pyvenv.cfg").write_text(cfg)
    variable = "VIRTUAL_ENV" if cfg else "CONDA_PREFIX"
    home.command("init", "--from-loaded", env={variable: str(prefix), **env})
    assert written(home.folder) == {"venv": venv}


def test_conda_s_base_is_not_the_project_s(home: Home) -> None:
    base = {"CONDA_PREFIX": "/opt/conda", "CONDA_DEFAULT_ENV": "base"}
    home.command("init", "--from-loaded", status=1, env=base)


def test_files_that_are_found_are_proposed(home: Home) -> None:
    root = home.folder / "p"
    root.mkdir()
    (root / "requirements.txt").write_text("six\n")
    (root / "environment.yml").write_text("dependencies: [python]\n")
    said = home.command("init", cwd=root).stderr
    assert "found requirements.txt and environment.yml" in said
    marked = [
        line for line in (root / ".hpcenv.toml").read_text().splitlines() if "found here" in line
    ]
    assert [line.split("#")[1].strip() for line in marked] == [
        'backend = "conda"',
        'requirements = ["environment.yml"]',
    ]
    assert written(root) == {}
