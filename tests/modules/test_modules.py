"""Loading modules for real, from whatever state the user's shell is in."""

import os
from pathlib import Path

import pytest
from homes import MODULE_TOOLS, SHELLS, Home
from sessions import assert_same
from trees import Tree, Trees

EVERY_TOOL = pytest.mark.parametrize("tool", MODULE_TOOLS)
PRINT = ("/bin/sh", "-c", 'echo "$LOADEDMODULES"')


def loaded(home: Home, root: object, **more: str) -> list[str]:
    """The modules in which a command of the project runs."""
    return home.command("exec", "-C", str(root), "--", *PRINT, env=more).stdout.strip().split(":")


def refused(home: Home, root: object, **more: str) -> str:
    """What is said when the environment cannot be had; nothing is started then."""
    done = home.command("exec", "-C", str(root), "--", "/bin/echo", "started", status=125, env=more)
    assert "started" not in done.stdout
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr


@EVERY_TOOL
@pytest.mark.parametrize("tree", ["flat"])
def test_a_bare_name_is_the_default_version(cluster: Home, tool: str, tree: str) -> None:
    root = cluster.project('modules = ["python"]')
    assert loaded(cluster, root) == ["python/3.9.5"]


@EVERY_TOOL
@pytest.mark.parametrize("tree", ["flat"])
@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("python/3.9.6", "python/3.9.5"),
        ("Python/3.9.5", "python/3.9.5"),
        ("pyton/3.9.5", "python/3.9.5"),
        ("samtools/9", "samtools/1.12"),
        ("samtools@9", "samtools/1.12"),
    ],
)
def test_a_module_that_is_not_there(
    cluster: Home, tool: str, tree: str, asked: str, hint: str
) -> None:
    root = cluster.project(f'modules = ["bioinfo-tools", "{asked}"]')
    said = refused(cluster, root)
    assert f"cannot load {asked}" in said
    assert "did you mean" in said
    assert hint in said.split("did you mean")[1]


@EVERY_TOOL
@pytest.mark.parametrize("tree", ["hierarchy"])
def test_a_module_behind_a_parent_names_the_parent(cluster: Home, tool: str, tree: str) -> None:
    said = refused(cluster, cluster.project('modules = ["Python/3.9.5"]'))
    assert "GCCcore/10.3.0" in said


@EVERY_TOOL
@pytest.mark.parametrize("tree", ["odd"])
def test_a_failing_modulefile_says_why_in_its_own_words(
    cluster: Home, tool: str, tree: str
) -> None:
    root = cluster.project('modules = ["lists/1.0", "failing/1.0"]')
    assert "the licence server is away" in refused(cluster, root)
    here = cluster.shell("bash")
    before = here.snapshot()
    shown = here.run("cd it?s*")
    assert "the licence server is away" in shown
    assert "licence" not in here.run("true")
    assert_same(before, here.snapshot())


@EVERY_TOOL
@pytest.mark.parametrize("tree", ["hierarchy"])
def test_a_clashing_stack_is_swapped_and_comes_back(cluster: Home, tool: str, tree: str) -> None:
    cluster.project('modules = ["GCC/10.3.0", "OpenMPI/4.1.1", "SciPy-bundle/2021.05"]', "p")
    here = cluster.shell("bash")
    here.run("module load GCC/12.3.0 OpenMPI/4.1.5")
    before = here.snapshot()
    shown = here.run("cd p")
    assert "instead of" in shown
    assert "GCC/12.3.0" in shown.split("instead of")[1]
    assert "SciPy-bundle/2021.05" in here.env()["LOADEDMODULES"]
    here.run("cd ..")
    assert_same(before, here.snapshot())


@EVERY_TOOL
@pytest.mark.parametrize("tree", ["odd"])
def test_a_conflict_is_solved_by_a_purge_and_undone(cluster: Home, tool: str, tree: str) -> None:
    cluster.project('modules = ["conflict/1.0"]', "p")
    here = cluster.shell("bash", CC="cc")
    here.run("module load pushenv/1.0")
    before = here.snapshot()
    here.run("cd p")
    assert here.env()["LOADEDMODULES"] == "conflict/1.0"
    assert here.env()["CC"] == "cc"
    here.run("cd ..")
    assert_same(before, here.snapshot())
    assert here.env()["CC"] == "gcc-12"


@EVERY_TOOL
@pytest.mark.parametrize("tree", ["odd"])
@pytest.mark.parametrize(
    ("policy", "expected"),
    [("keep", ["alias/1.0", "lists/1.0"]), ("purge", ["lists/1.0"]), ("reset", ["lists/1.0"])],
)
def test_the_policy_says_what_happens_to_the_users_modules(
    cluster: Home, tool: str, tree: str, policy: str, expected: list[str]
) -> None:
    # What `module reset` goes back to: without this Lmod changes nothing, and says so.
    cluster.env["LMOD_SYSTEM_DEFAULT_MODULES"] = "lists/1.0"
    cluster.env["__MODULES_LMINIT"] = f"module use --append {cluster.env['MODULEPATH']}"
    cluster.project(f'modules = ["lists/1.0"]\nmodule-policy = "{policy}"', "p")
    here = cluster.shell("bash")
    here.run("module load alias/1.0")
    before = here.snapshot()
    here.run("cd p")
    assert here.env()["LOADEDMODULES"].split(":") == expected
    here.run("cd ..")
    assert_same(before, here.snapshot())


@EVERY_TOOL
@pytest.mark.parametrize("tree", ["odd"])
def test_a_sticky_module_is_kept_on_purge(cluster: Home, tool: str, tree: str) -> None:
    cluster.project('modules = ["lists/1.0"]\nmodule-policy = "purge"', "p")
    here = cluster.shell("bash")
    here.run("module load sticky/1.0")
    here.run("cd p")
    kept = ["sticky/1.0"] if tool == "lmod" else []  # the Tcl tree marks none
    assert here.env()["LOADEDMODULES"].split(":") == [*kept, "lists/1.0"]


@EVERY_TOOL
@pytest.mark.parametrize("tree", ["flat"])
def test_what_is_loaded_exactly_is_not_loaded_again(cluster: Home, tool: str, tree: str) -> None:
    cluster.project('modules = ["python/3.9.5"]', "p")
    here = cluster.shell("bash")
    here.run("module load python/3.9.5; PATH=/mine:$PATH")
    path = here.env()["PATH"]
    here.run("cd p")
    assert here.env()["PATH"] == path
    here.run("cd ..")
    assert here.env()["LOADEDMODULES"] == "python/3.9.5"


@EVERY_TOOL
@pytest.mark.parametrize("tree", ["odd"])
@pytest.mark.parametrize("shell", SHELLS)
def test_aliases_and_functions_of_modulefiles(
    cluster: Home, tool: str, tree: str, shell: str
) -> None:
    cluster.project('modules = ["alias/1.0", "function/1.0"]', "p")
    here = cluster.shell(
        shell, "alias ll='ls -l --mine'" if shell != "fish" else "function ll; echo mine; end"
    )
    before = here.snapshot()
    for _ in range(2):
        here.run("cd ~/p")
        if shell == "fish":
            assert "ls -l" in here.output("functions hpc-list")
        else:
            assert "ls -l" in here.output("alias hpc-list")
            assert here.output("hpc_greet you") == "hello you\n"
            assert "ls -la" in here.output("alias ll")
        here.run("cd ~")
        assert_same(before, here.snapshot())


@EVERY_TOOL
@pytest.mark.parametrize("tree", ["odd"])
def test_odd_values_and_hostile_libraries_arrive_and_go(
    cluster: Home, tool: str, tree: str
) -> None:
    cluster.project('modules = ["values/1.0", "hostile/1.0", "home/1.0"]\n[env]\nX = "1"\n', "p")
    typed = cluster.shell("bash")
    typed.run("module load values/1.0")  # both tools cut the value at its newline: so be it
    by_hand = typed.output('printf %s "$VALUES"')
    assert by_hand.startswith("two")
    here = cluster.shell("bash", LD_LIBRARY_PATH="/mine")
    before = here.snapshot()
    for _ in range(2):
        here.run("cd p")
        assert here.output('printf %s "$VALUES"') == by_hand
        assert "odd/hostile:/mine" in here.output('echo "$LD_LIBRARY_PATH"')
        here.run("autoenv-hpc reload")  # our own Python must start here too
        assert here.output('echo "$X"') == "1\n"
        here.run("module load lists/1.0" if tool == "lmod" else "true")
        here.run("module unload lists/1.0" if tool == "lmod" else "true")
        here.run("cd ..")
        env = here.env()
        assert env["LD_LIBRARY_PATH"] == "/mine"
        assert "VALUES" not in env
        if tool == "modules":
            assert_same(before, here.snapshot())


@EVERY_TOOL
@pytest.mark.parametrize("tree", ["odd"])
def test_text_on_stdout_of_a_modulefile_is_evaluated_as_the_tool_does(
    cluster: Home, tool: str, tree: str
) -> None:
    root = cluster.project('modules = ["noisy/1.0"]')
    out = cluster.command("exec", "-C", str(root), "--", "/bin/sh", "-c", "echo $NOISY").stdout
    assert out == "1\n"


@EVERY_TOOL
@pytest.mark.parametrize("tree", ["odd"])
def test_hidden_linked_and_module_paths(
    cluster: Home, tool: str, tree: str, module_trees: dict[str, Trees]
) -> None:
    flat = module_trees[tool].flat.folder
    root = cluster.project(
        f'modules = ["hidden/.1.0", "linked", "samtools/1.12"]\nmodule-paths = ["{flat}"]'
    )
    default = "linked/1.0" if tool == "lmod" else "linked/default"  # as each tool calls a link
    assert loaded(cluster, root) == ["hidden/.1.0", default, "samtools/1.12"]
    missing = cluster.project('modules = ["samtools"]\nmodule-paths = ["nowhere"]', "q")
    assert f"no such directory: {missing}/nowhere" in refused(cluster, missing)


@EVERY_TOOL
@pytest.mark.parametrize("tree", ["flat"])
@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        ({"LMOD_CMD": ":", "MODULES_CMD": ":"}, "no usable module system"),
        ({"LMOD_CMD": "/nonexistent", "MODULES_CMD": "/nonexistent"}, "no usable module system"),
        (
            {"LMOD_CMD": "/bin/true", "MODULES_CMD": "/bin/true"},
            "printed nothing and loaded nothing",
        ),
        (
            {"LMOD_CMD": "/bin/false", "MODULES_CMD": "/bin/false"},
            "printed nothing and loaded nothing",
        ),
    ],
)
def test_a_broken_or_silent_tool_is_said_plainly(
    cluster: Home, tool: str, tree: str, spoilt: dict[str, str], said: str
) -> None:
    root = cluster.project('modules = ["python/3.9.5"]')
    for name in ("MODULESHOME", "BASH_FUNC_module%%", "BASH_FUNC_ml%%", "BASH_FUNC__module_raw%%"):
        cluster.env.pop(name, None)
    kept = {"lmod": "LMOD_CMD", "modules": "MODULES_CMD"}[tool]
    assert said in refused(cluster, root, **{kept: spoilt[kept]})


@EVERY_TOOL
@pytest.mark.parametrize("tree", ["flat"])
def test_the_module_function_is_not_needed(cluster: Home, tool: str, tree: str) -> None:
    root = cluster.project('modules = ["python/3.9.5"]')
    for name in [n for n in cluster.env if n.startswith("BASH_FUNC_")]:
        del cluster.env[name]
    assert loaded(cluster, root) == ["python/3.9.5"]


def without_modules(cluster: Home) -> None:
    """Move what concerns modules from the environment to the login shell."""
    exports = "\n".join(
        f"export {n}='{v}'" for n, v in cluster.env.items() if n.startswith(("LMOD", "MODULE"))
    )
    cluster.login(exports)
    for name in [
        n for n in cluster.env if n.startswith(("LMOD", "MODULE", "BASH_FUNC_", "__MODULES"))
    ]:
        del cluster.env[name]


@EVERY_TOOL
@pytest.mark.parametrize("tree", ["flat"])
def test_an_environment_without_modules_takes_them_from_a_login_shell(
    cluster: Home, tool: str, tree: str
) -> None:
    root = cluster.project('modules = ["samtools/1.12"]')
    without_modules(cluster)
    assert loaded(cluster, root) == ["samtools/1.12"]
    # The user's own folder comes before those of the site.
    language = "lua" if tool == "lmod" else "tcl"
    own = Tree(cluster.folder / "own", language)
    own.module("samtools/1.12", ("setenv", "WHOSE", "mine"))
    words = ("exec", "-C", str(root), "--", "/bin/sh", "-c", 'echo "$WHOSE $MODULEPATH"')
    whose, paths = cluster.command(*words, MODULEPATH=f"{own.folder}:").stdout.split()
    assert whose == "mine"
    assert paths.split(":")[0] == str(own.folder)
    assert len(paths.split(":")) > 1


@EVERY_TOOL
@pytest.mark.parametrize("tree", ["flat"])
def test_an_empty_modulepath(cluster: Home, tool: str, tree: str) -> None:
    cluster.env["MODULEPATH"], flat = "", cluster.env["MODULEPATH"]
    root = cluster.project('modules = ["samtools"]')
    assert "MODULEPATH is empty here (run `module use DIR`" in refused(cluster, root)
    own = cluster.project(f'modules = ["samtools"]\nmodule-paths = ["{flat}"]', "q")
    assert loaded(cluster, own) == ["samtools/1.12"]
    without_modules(cluster)  # a login shell sets up the tool alone
    assert loaded(cluster, own) == ["samtools/1.12"]


@EVERY_TOOL
@pytest.mark.parametrize("tree", ["flat"])
def test_a_changed_modulefile_is_seen_at_the_next_entry(
    cluster: Home, tool: str, tree: str, tmp_path: Path
) -> None:
    suffix, line = (
        (".lua", 'setenv("V", "{}")\n') if tool == "lmod" else ("", "#%Module1.0\nsetenv V {}\n")
    )
    file = tmp_path / f"own/mine/1.0{suffix}"
    file.parent.mkdir(parents=True)
    file.write_text(line.format("one"))
    os.utime(file, (1, 1))
    cluster.project(f'modules = ["mine/1.0"]\nmodule-paths = ["{tmp_path}/own"]', "p")
    here = cluster.shell("bash")
    here.run("cd p")
    assert here.env()["V"] == "one"
    here.run("cd ..")
    file.write_text(line.format("two"))
    os.utime(file, (1, 1_000_000_001))
    here.run("cd p")
    assert here.env()["V"] == "two"
