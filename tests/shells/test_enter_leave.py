"""Each shell, each module tool, each tree: what comes in, and that all goes out again."""

from typing import NamedTuple

import pytest
from homes import MODULE_TOOLS, SHELLS, Home
from sessions import Shell, assert_same


class Scene(NamedTuple):
    """Two projects on one tree, and what their user loads besides."""

    first: str  # with an environment, if any, by the backend of each test
    second: str
    backend: str  # that its sites' documentation has
    own: str  # a module that the user has loaded before
    inside: str  # a module that the user loads inside the first project
    variable: str  # that the first project's modules set
    second_variable: str


def configured(scene: Scene, backend: str) -> str:
    """The first project's configuration with a backend line."""
    return scene.first.replace("[venv]\n", f"[venv]\n{backend}")


SCENES = {
    "flat": Scene(
        'modules = ["python/3.9.5"]\n[venv]\nsystem-site-packages = true\n[env]\nMINE = "1"\n',
        'modules = ["python_ML_packages/3.11.4-cpu"]\n', "", "bioinfo-tools", "samtools/1.12", "PYTHON_ROOT", "PYTHONPATH",
    ),
    "hierarchy": Scene(
        'modules = ["GCC/10.3.0", "OpenMPI/4.1.1", "Python/3.9.5", "SciPy-bundle/2021.05"]\n[venv]\n',
        'modules = ["GCC/12.3.0", "Python/3.11.3"]\n', 'backend = "virtualenv"\n', "GCCcore/12.3.0", "matplotlib/3.4.2", "EBROOTSCIPYMINBUNDLE", "EBROOTPYTHON",
    ),
    "odd": Scene(
        'modules = ["alias/1.0", "function/1.0", "pushenv/1.0", "overwrite/1.0", "values/1.0", "home/1.0", "lists/1.0", "noisy/1.0"]\n',
        'modules = ["family/a", "linked"]\n', "", "other/b", "sticky/1.0", "VALUES", "STACK",
    ),
}  # fmt: skip
MATRIX = [(shell, tool, tree) for shell in SHELLS for tool in MODULE_TOOLS for tree in SCENES]
EVERYWHERE = pytest.mark.parametrize(("shell", "tool", "tree"), MATRIX)


def enter(here: Shell, name: str) -> dict[str, str]:
    """Go into a project; return the environment there."""
    shown = here.run(f"cd ~/{name}")
    assert f"autoenv-hpc: {name}: " in shown, shown
    return here.env()


@EVERYWHERE
def test_what_came_in_goes_out(cluster: Home, shell: str, tool: str, tree: str) -> None:
    scene = SCENES[tree]
    cluster.project(configured(scene, scene.backend), "first")
    cluster.project(scene.second, "second")
    here = cluster.shell(shell, EDITOR="vi", UNWANTED="here", CC="cc", PYTHONPATH="/mine", COPY="")
    before = here.snapshot()
    for _ in range(2):  # at first compiled, then replayed
        assert scene.variable in enter(here, "first")
        env = enter(here, "second")
        assert scene.second_variable in env
        here.run("cd ~")
        assert_same(before, here.snapshot())


@EVERYWHERE
def test_with_modules_of_the_users_own(
    cluster: Home, uv_backend: str, shell: str, tool: str, tree: str
) -> None:
    scene = SCENES[tree]
    cluster.project(configured(scene, uv_backend), "first")
    cluster.project(scene.second, "second")
    here = cluster.shell(shell)
    here.run(f"module load {scene.own}")
    before = here.snapshot()
    assert before["env"]["LOADEDMODULES"] == scene.own
    for _ in range(2):
        enter(here, "first")
        enter(here, "second")
        here.run("cd ~")
        assert_same(before, here.snapshot())
    assert scene.own in here.output("module list")


@EVERYWHERE
def test_what_the_user_does_inside_stays(
    cluster: Home, uv_backend: str, shell: str, tool: str, tree: str
) -> None:
    scene = SCENES[tree]
    cluster.project(configured(scene, uv_backend), "first")
    here = cluster.shell(shell, USERS="1", PYTHONPATH="/mine")
    enter(here, "first")
    if shell == "fish":
        here.run("set -gx USERS 2; set -gx NEW 1; set -gx PATH /mine/bin $PATH")
    else:
        here.run("export USERS=2 NEW=1 PATH=/mine/bin:$PATH")
    here.run(f"module load {scene.inside}")
    inside = here.env()
    assert scene.inside in inside["LOADEDMODULES"].split(":")
    shown = here.run("cd ~")
    assert "left first" in shown, shown
    env = here.env()
    needs_ours = tree == "hierarchy"  # matplotlib is visible only behind the project's compiler
    assert env.get("LOADEDMODULES", "") == ("" if needs_ours else scene.inside)
    assert (env["USERS"], env["NEW"]) == ("2", "1")
    assert env["PATH"].split(":")[0] == "/mine/bin" or "/mine/bin" in env["PATH"].split(":")
    assert scene.variable not in env
    assert "VIRTUAL_ENV" not in env
    assert env["PYTHONPATH"] == "/mine"
    assert "AUTOENV_HPC_STATE" not in env
    listed = here.output("module list")
    assert (scene.inside in listed) != needs_ours


@EVERYWHERE
def test_a_purge_inside_is_the_users_own_act(
    cluster: Home, uv_backend: str, shell: str, tool: str, tree: str
) -> None:
    scene = SCENES[tree]
    cluster.project(configured(scene, uv_backend), "first")
    here = cluster.shell(shell)
    here.run(f"module load {scene.own}")
    enter(here, "first")
    here.run("module purge")
    here.run("cd ~")
    env = here.env()
    assert env.get("LOADEDMODULES", "") == ""
    assert scene.variable not in env
    assert "AUTOENV_HPC_ROOT" not in env


@EVERYWHERE
def test_a_nested_shell_leaves_what_it_inherited(
    cluster: Home, uv_backend: str, shell: str, tool: str, tree: str
) -> None:
    scene = SCENES[tree]
    cluster.project(configured(scene, uv_backend), "first")
    here = cluster.shell(shell)
    before = here.env()
    inside = enter(here, "first")
    here.run({"bash": "bash --noprofile -i", "zsh": "zsh -i", "fish": "fish -i"}[shell])
    nested = here.env()
    assert nested["AUTOENV_HPC_ROOT"] == inside["AUTOENV_HPC_ROOT"]
    assert nested[scene.variable] == inside[scene.variable]
    here.run("cd ~")
    left = here.env()
    left.pop(
        "MANPATH", None
    )  # the module tool's own set-up puts a folder there, again in each shell
    set_up = ("MODULES_", "__MODULES_LM", "LMOD_", "FPATH", "BASH_ENV", "ENV")
    changed = {
        n: (before.get(n), left.get(n))
        for n in before.keys() | left.keys()
        if before.get(n) != left.get(n)
    }
    assert not {n: values for n, values in changed.items() if not n.startswith(set_up)}
    here.run("exit")
    here.run("cd ~")
    assert here.env() == before
