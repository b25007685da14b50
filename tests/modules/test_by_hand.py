"""What entering loads is what `module load` gives, whatever a user can type after it."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from homes import MODULE_INIT, MODULE_TOOLS, SHELLS, Home

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


_PROTECTING = (
    '() {  eval "$(__LMOD_PROTECTED_LD_LIBRARY_PATH=${LD_LIBRARY_PATH:-} LD_LIBRARY_PATH= LD_PRELOAD='
    ' $LMOD_CMD bash --protected_vars "$@")"\n}'
)
_PROTECTED = """#!/bin/bash
[[ $2 == --protected_vars && -z $LD_LIBRARY_PATH ]] || {{ echo 'cannot start' >&2; exit 127; }}
export LD_LIBRARY_PATH=$__LMOD_PROTECTED_LD_LIBRARY_PATH
exec {} "$1" "${{@:3}}"
"""


@pytest.mark.parametrize("tool", ["lmod"])
@pytest.mark.parametrize("is_exported", [True, False])
def test_lmod_is_kept_from_the_users_libraries_as_its_module_function_does_it(
    cluster: Home, tool: str, is_exported: bool
) -> None:
    tree = write_modules(
        cluster.folder / "modules", {"q/1.lua": 'prepend_path("LD_LIBRARY_PATH", "/opt/q")\n'}
    )
    real = cluster.env["LMOD_CMD"]
    lmod = cluster.folder / "libexec/lmod"
    write_modules(cluster.folder, {"libexec/lmod": _PROTECTED.format(real)})
    lmod.chmod(0o755)
    function = {
        "BASH_FUNC_module%%": '() {  __lmod_internal_module_cmd "$@"\n}',
        "BASH_FUNC___lmod_internal_module_cmd%%": _PROTECTING,
    }
    cluster.env |= {"LMOD_CMD": str(lmod), "MODULEPATH": str(tree), "LD_LIBRARY_PATH": "/mine"}
    expected = by_hand(cluster, "module load q", **function)
    assert expected["LD_LIBRARY_PATH"] == "/opt/q:/mine"
    if is_exported:
        cluster.env |= function
    else:  # as in zsh and fish: its own init tells
        write_modules(cluster.folder, {"init/bash": "$LMOD_CMD bash --protected_vars"})
        for name in [n for n in cluster.env if n.startswith("BASH_FUNC")]:
            del cluster.env[name]
    got = inside(cluster, cluster.project('modules = ["q"]'))
    functions = {name for name in {*got, *expected} if name.startswith("BASH_FUNC")}
    assert compared({n: v for n, v in got.items() if n not in functions}) == compared(
        {n: v for n, v in expected.items() if n not in functions}
    )


@EVERY_TOOL
def test_of_two_tools_the_one_that_module_calls_is_taken(
    cluster: Home, tool: str, tool_env: dict[str, dict[str, str]]
) -> None:
    tree = write_modules(cluster.folder / "modules", {"both/1": "#%Module\nsetenv BOTH 1\n"})
    first = "modules" if tool == "lmod" else "lmod"
    cluster.env |= {**tool_env[first], **tool_env[tool], "MODULEPATH": str(tree)}
    root = cluster.project('modules = ["both"]', "p")
    expected = by_hand(cluster, "module load both")
    assert ("_ModuleTable_Sz_" in expected) == (tool == "lmod")
    assert compared(inside(cluster, root)) == compared(expected)
    for name in [n for n in cluster.env if n.startswith("BASH_FUNC")]:
        del cluster.env[name]
    for shell in ("zsh", "fish"):
        assign = "set -gx MODULESHOME {}" if shell == "fish" else "export MODULESHOME={}"
        lines = [
            f"{assign.format(tool_env[each]['MODULESHOME'])}\n{MODULE_INIT[shell][each]}"
            for each in (first, tool)
        ]
        here = cluster.shell(shell, "\n".join(lines))
        here.run("cd ~/p")
        env = here.env()
        assert env["BOTH"] == "1"
        assert ("_ModuleTable_Sz_" in env) == (tool == "lmod")


@EVERY_TOOL
def test_a_module_that_sets_the_tool_up_counts_for_the_next_one(cluster: Home, tool: str) -> None:
    # As EESSI and StdEnv of the Alliance do it: users type two loads.
    site = cluster.folder / "site"
    tree = cluster.folder / "modules"
    files = {
        "lmod": {
            "site/SitePackage.lua": 'require("strict")\nlocal hook = require("Hook")\n'
            'hook.register("load", function(t) if t.modFullName == "app/1" then '
            'io.stderr:write("the site says hello\\n") end end)\n',
            "site/rc.lua": 'module_alias("application", "app/1")\n',
            "modules/stack/1.lua": f'setenv("LMOD_PACKAGE_PATH", "{site}")\n'
            f'setenv("LMOD_MODULERCFILE", "{site}/rc.lua")\n',
            "modules/app/1.lua": 'setenv("APP", "1")\n',
        },
        "modules": {
            "site/rc": "#%Module\nmodule-version app/2 default\n",
            "modules/stack/1": f"#%Module\nsetenv MODULERCFILE {site}/rc\nsetenv MODULES_ICASE always\n",
            "modules/app/1": "#%Module\nsetenv APP 1\n",
            "modules/app/2": "#%Module\nsetenv APP 2\n",
        },
    }[tool]
    write_modules(cluster.folder, files)
    cluster.env["MODULEPATH"] = str(tree)
    for name in ("app", {"lmod": "application", "modules": "APP"}[tool]):
        root = cluster.project(f'modules = ["stack", "{name}"]', "p")
        expected = by_hand(cluster, f"module load stack; module load {name}")
        assert expected["APP"] == {"lmod": "1", "modules": "2"}[tool]
        done = cluster.command("exec", "/usr/bin/env", "-0", cwd=root)
        assert compared(_variables(done.stdout)) == compared(expected)
        assert ("the site says hello" in done.stderr) == (tool == "lmod")


_ULIMIT = {
    "lmod": 'execute{cmd="umask 027; ulimit -S -s 4096; ulimit -c 0",modeA={"load"}}\n',
    "modules": '#%Module\nputs stdout "umask 027; ulimit -S -s 4096; ulimit -c 0;"\nsetenv U 1\n',
}


@EVERY_TOOL
def test_a_umask_and_limits_arrive_and_go(cluster: Home, tool: str) -> None:
    suffix = ".lua" if tool == "lmod" else ""
    tree = write_modules(
        cluster.folder / "modules",
        {
            f"fortran/1{suffix}": _ULIMIT[tool],
            f"same/1{suffix}": _ULIMIT[tool].replace("4096", "8192").replace("027", "022"),
        },
    )
    cluster.env["MODULEPATH"] = str(tree)
    root = cluster.project('modules = ["fortran"]', "p")
    asked = "umask; ulimit -S -s; ulimit -S -c"
    wanted = "0027\n4096\n0\n"
    for _ in range(2):
        done = cluster.command("exec", "-C", str(root), "/bin/bash", "-c", asked)
        assert done.stdout == wanted
    cluster.project('modules = ["same"]', "q")
    for shell in SHELLS:
        here = cluster.shell(shell)
        here.run("ulimit -S -s 16384; umask 077")
        before = here.output(asked)
        for _ in range(2):
            here.run("cd ~/p")
            assert here.output(asked).split()[0].lstrip("0") == "27"
            assert here.output(asked).split()[1:] == ["4096", "0"]
            here.run("cd ..")
            assert here.output(asked) == before
        here.run("ulimit -S -s 8192; cd q; cd ..; ulimit -S -s 16384; cd q")
        assert here.output("ulimit -S -s") == "8192\n"  # though the first load changed nothing
        code = cluster.command("export", "-C", str(root), "--format", shell).stdout
        (cluster.folder / "code").write_text(code)
        here.run("cd ..")
        here.run("source ~/code")
        assert here.output("ulimit -S -s") == "4096\n"
    said = cluster.command("export", "-C", str(root), "--format", "json").stderr
    assert (
        said == "autoenv-hpc: a modulefile sets the umask and the limits, which json cannot hold\n"
    )
