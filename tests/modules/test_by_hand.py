"""What entering loads is what `module load` gives, whatever a user can type after it."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from homes import MODULE_TOOLS, Home

EVERY_TOOL = pytest.mark.parametrize("tool", MODULE_TOOLS)


def by_hand(home: Home, typed: str, **more: str) -> dict[str, str]:
    """The environment after these lines in a shell that has `module`."""
    done = subprocess.run(
        ["/bin/bash", "--norc", "--noprofile", "-c", f"{typed}\n/usr/bin/env -0"], check=False,
        capture_output=True, text=True, env={**home.env, **more}, cwd=home.folder,
    )  # fmt: skip
    return _variables(done.stdout)


def inside(home: Home, root: Path, **more: str) -> dict[str, str]:
    """The environment of a command in the project."""
    done = home.command("exec", "-C", str(root), "--", "/usr/bin/env", "-0", env=more)
    return _variables(done.stdout)


def _variables(text: str) -> dict[str, str]:
    pairs = (field.split("=", 1) for field in text.split("\0") if "=" in field)
    own = ("_", "SHLVL", "PWD", "OLDPWD")
    return {name: value for name, value in pairs if name not in own}


def compared(env: Mapping[str, str]) -> dict[str, str]:
    """The variables without those of exec, and without Lmod's table, which holds times."""
    apart = ("_ModuleTable", "AUTOENV_HPC_")
    return {name: value for name, value in env.items() if not name.startswith(apart)}


def write_modules(folder: Path, files: Mapping[str, str]) -> Path:
    """Write modulefiles and rc files by name; return the folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.parametrize("tool", ["modules"])
@pytest.mark.parametrize("runtime", [None, "/tcl/lib"])
def test_variables_that_are_kept_from_the_tool_come_back(
    cluster: Home, tool: str, runtime: str | None
) -> None:
    cluster.env["MODULES_RUN_QUARANTINE"] = "LD_LIBRARY_PATH LD_PRELOAD 1bad"
    cluster.env["LD_LIBRARY_PATH"] = "/mine/lib:/it's mine"
    if runtime:
        cluster.env["MODULES_RUNENV_LD_LIBRARY_PATH"] = runtime
    tree = write_modules(
        cluster.folder / "modules",
        {
            "q/1": "#%Module\nprepend-path LD_LIBRARY_PATH /opt/q/lib\nsetenv SEEN $env(LD_LIBRARY_PATH)\n"
        },
    )
    cluster.env["MODULEPATH"] = str(tree)
    root = cluster.project('modules = ["q/1"]')
    expected = by_hand(cluster, "module load q/1")
    assert expected["LD_LIBRARY_PATH"] == "/opt/q/lib:/mine/lib:/it's mine"
    assert compared(inside(cluster, root)) == expected
    assert "LD_PRELOAD" not in expected


_NAMES = {
    "lmod": {
        ".modulerc.lua": 'module_alias("gpu", "cuda/12")\nhide_version("cuda/13")\n',
        "cuda/.modulerc.lua": 'module_version("cuda/12", "stable")\n',
        "cuda/11.lua": 'setenv("V", "11")\n',
        "cuda/12.lua": 'setenv("V", "12")\n',
        "cuda/13.lua": 'setenv("V", "13")\n',
        "cuda/.14.lua": 'setenv("V", "14")\n',
        "tools/gcc/12.2.lua": 'setenv("V", "tools")\n',
        "tools/gcc/11.lua": 'setenv("V", "old tools")\n',
        "loader/1.lua": 'load("gpu")\nsetenv("L", "1")\n',
        "warner/1.lua": 'LmodWarning("old")\nsetenv("V", "warned")\n',
        "plain": "#%Module\nsetenv V plain\n",
    },
    "modules": {
        ".modulerc": "#%Module\nmodule-alias gpu foo/1.0\nmodule-version foo/1.0 stable\n",
        "foo/1.0": "#%Module\nsetenv V 1.0\n",
        "foo/2.0": "#%Module\nsetenv V 2.0\n",
        "foo/.3.0": "#%Module\nsetenv V 3.0\n",
        "tools/gcc/12.2": "#%Module\nsetenv V tools\n",
        "loader/1": "#%Module\nmodule load gpu\nsetenv L 1\n",
        "virtual/.modulerc": "#%Module\nmodule-virtual virtual/9 ../foo/2.0\n",
        "hdf5/1.14": """#%Module
            variant --boolean --default off mpi
            variant compiler gcc intel
            setenv V [getvariant mpi]-[getvariant compiler]
        """,
    },
}  # fmt: skip
_TYPED = {
    "lmod": [
        "cuda/stable", "gpu", "cuda/", "cuda/13", "cuda/.14", "tools/gcc", "tools/gcc/12", "loader",
        "warner", "plain",
    ],
    "modules": [
        "foo/", "foo/.3.0", "foo/stable", "gpu", "foo@1", "foo@:1.5", "foo@default", "foo@1.0,2.0",
        "Foo/2.0", "foo/1", "tools/gcc", "loader", "virtual/9", "foo @1.0", "hdf5 +mpi compiler=intel",
        "hdf5/1.14 -mpi compiler=gcc",
    ],
}  # fmt: skip


@EVERY_TOOL
def test_whatever_can_be_typed_is_loaded(cluster: Home, tool: str) -> None:
    cluster.env |= {"MODULES_ICASE": "always", "MODULES_EXTENDED_DEFAULT": "1"}
    tree = write_modules(cluster.folder / "modules", _NAMES[tool])
    cluster.env["MODULEPATH"] = str(tree)
    wrong = []
    for name in [*_TYPED[tool], *([f"{tree}/foo/1.0", "./own/1"] if tool == "modules" else [])]:
        root = cluster.project(f'modules = ["{name}"]', "p")
        write_modules(root, {"own/1": "#%Module\nsetenv V mine\n"})
        expected = by_hand(cluster, f"cd p; module load {name}")
        assert "V" in expected, name
        if compared(inside(cluster, root)) != compared(expected):
            wrong.append(name)
    assert not wrong


@EVERY_TOOL
def test_what_is_loaded_already_is_no_reason_to_refuse(cluster: Home, tool: str) -> None:
    tree = write_modules(cluster.folder / "modules", _NAMES[tool])
    cluster.env["MODULEPATH"] = str(tree)
    root = cluster.project('modules = ["gpu"]')
    loaded = by_hand(cluster, "module load gpu")
    expected = by_hand(cluster, "module load gpu", **loaded)
    assert compared(inside(cluster, root, **loaded)) == compared(expected)


_WARNERS = {
    "lmod": {
        "old/1.lua": 'LmodWarning("this is retired on 2026-12-01")\nsetenv("OLD", "1")\n',
        "says/1.lua": 'LmodMessage("two\\nlines")\nio.stderr:write("****************\\n")\n',
        "needs/1.lua": 'depends_on("says")\n',
        "new/1.lua": 'setenv("NEW", "1")\n',
        "new/2.lua": 'setenv("NEW", "2")\n',
    },
    "modules": {
        "old/1": "#%Module\nreportWarning {this is retired on 2026-12-01}\nsetenv OLD 1\n",
        "says/1": '#%Module\nputs stderr "two\\nlines"\nputs stderr ****************\n',
        "needs/1": "#%Module\nmodule load says\n",
        "new/1": "#%Module\nsetenv NEW 1\n",
        "new/2": "#%Module\nsetenv NEW 2\n",
    },
}
_SAID = {
    "lmod": "Lmod Warning: this is retired on 2026-12-01 (old/1)",
    "modules": "old/1: WARNING: this is retired on 2026-12-01",
}


@EVERY_TOOL
def test_what_modulefiles_say_is_shown_once(cluster: Home, tool: str) -> None:
    tree = write_modules(cluster.folder / "modules", _WARNERS[tool])
    (cluster.folder / "admin").write_text("new/2: use new/3\n")
    cluster.env |= {"MODULEPATH": str(tree), "LMOD_ADMIN_FILE": str(cluster.folder / "admin")}
    root = cluster.project('modules = ["old", "needs", "new/2"]', "p")
    said = cluster.command("exec", "true", cwd=root).stderr.splitlines()
    nag = ["new/2: use new/3"] if tool == "lmod" else []
    expected = [f"autoenv-hpc: {line}" for line in (_SAID[tool], "two", "lines", *nag)]
    assert sorted(said) == sorted(expected)
    here = cluster.shell("bash", AUTOENV_HPC_CACHE_DIR=str(cluster.folder / "other"))
    shown = here.run("cd ~/p")
    assert all(line in shown for line in expected)
    assert "retired" not in here.run("cd ..; cd p")
    assert "OLD" in here.env()
    done = cluster.command("exec", "--fresh", "true", cwd=root, AUTOENV_HPC_QUIET="1")
    assert not done.stderr


@pytest.mark.parametrize("tool", ["lmod"])
def test_a_later_module_takes_the_place_of_an_earlier_one(cluster: Home, tool: str) -> None:
    families = {f"{name}/1.lua": f'family("f")\nsetenv("F", "{name}")\n' for name in ("one", "two")}
    breaks = {"broken/1.lua": "LmodBreak()\n", "broken/2.lua": 'setenv("B", "2")\n'}
    tree = write_modules(cluster.folder / "modules", {**_WARNERS[tool], **families, **breaks})
    cluster.env["MODULEPATH"] = str(tree)
    for names, lost, kept in (
        ("new/1 new/2", "new/1", "new/2"),
        ("one two", "one", "two/1"),
    ):
        root = cluster.project(f"modules = {str(names.split()).replace(chr(39), chr(34))}", "p")
        done = cluster.command("exec", "/usr/bin/env", "-0", cwd=root)
        assert done.stderr == f"autoenv-hpc: {lost} is not loaded: {kept} takes its place\n"
        expected = by_hand(cluster, f"module load {names}")
        assert compared(_variables(done.stdout)) == compared(expected)
    root = cluster.project('modules = ["new/1", "broken/1"]', "p")
    start = by_hand(cluster, "module load broken/2")
    done = cluster.command("exec", "true", cwd=root, status=125, env=start)
    assert "cannot load broken/1" in done.stderr
