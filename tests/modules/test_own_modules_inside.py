"""What leaving gives back after the user's own work with modules and search paths inside."""

from pathlib import Path

import pytest
from homes import MODULE_TOOLS, SHELLS, Home
from sessions import Shell, assert_same
from trees import Tree

EVERY_TOOL = pytest.mark.parametrize("tool", MODULE_TOOLS)
HIERARCHY = pytest.mark.parametrize("tree", ["hierarchy"])
OLD, NEW = "GCCcore/10.3.0 GCC/10.3.0 OpenMPI/4.1.1", "GCCcore/12.3.0 GCC/12.3.0 OpenMPI/4.1.5"
PROJECT = 'modules = ["GCC/10.3.0", "OpenMPI/4.1.1"]\n'
LIBRARIES = "/opt/OpenMPI/{}/lib"


def exported(shell: str, name: str, value: str) -> str:
    """The line that a user types; a name that ends in PATH is a list in fish."""
    if shell == "fish":
        return f"set -gx {name} {value.replace(':', ' ') if name.endswith('PATH') else value}"
    return f"export {name}={value}"


def loaded(here: Shell) -> list[str]:
    """The loaded modules, sorted, once they are found to agree with what the tool lists."""
    names = here.env().get("LOADEDMODULES", "")
    listed = here.output("module -t list").split()
    assert all(name in listed for name in names.split(":") if name), listed
    return sorted(filter(None, names.split(":")))


@EVERY_TOOL
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("tree", ["hierarchy"])
def test_displaced_entries_come_back_around_the_users(
    cluster: Home, shell: str, tool: str, tree: str
) -> None:
    cluster.project(PROJECT, "p")
    here = cluster.shell(shell, LD_LIBRARY_PATH="/opt/y/:/opt/z", MANPATH="/m:/m")
    here.run(f"module load {NEW}")
    before = here.env()
    here.run("cd p")
    inside = here.env()
    assert LIBRARIES.format("4.1.5") not in inside["LD_LIBRARY_PATH"]
    value = "/u/front:$LD_LIBRARY_PATH:/u/back"
    here.run(
        exported(shell, "LD_LIBRARY_PATH", value) + "; " + exported(shell, "MANPATH", "/u:$MANPATH")
    )
    here.run("cd ..")
    after = here.env()
    for name, edited in (("LD_LIBRARY_PATH", "/u/front:{}:/u/back"), ("MANPATH", "/u:{}")):
        assert after.pop(name) == edited.format(before.pop(name))
    assert after == before


@EVERY_TOOL
@HIERARCHY
@pytest.mark.parametrize("displaced", ["", NEW], ids=["nothing-displaced", "displaced"])
@pytest.mark.parametrize(
    ("typed", "outside", "with_displaced"),
    [
        ("module swap GCC/10.3.0 GCC/12.3.0", None, None),
        ("module unload OpenMPI/4.1.1", "", NEW),
        ("module load Python/3.9.5", "", NEW),  # found behind the project's compiler only
        ("module purge", "", ""),
        (f"module purge; module load {NEW}", NEW, NEW),
    ],
)
def test_the_displaced_come_back_together_or_not_at_all(
    cluster: Home,
    tool: str,
    tree: str,
    typed: str,
    displaced: str,
    outside: str | None,
    with_displaced: str | None,
) -> None:
    cluster.project(
        PROJECT + '[env]\nCOLOUR = "blue"\n[paths]\nPATH = { prepend = ["bin"] }\n', "p"
    )
    here = cluster.shell("bash", EBROOTGCC="/usr")
    here.run(f"module load {displaced}" if displaced else "true")
    here.run("cd p")
    here.run(typed)
    shown = here.run("cd ..")
    assert "left p" in shown, shown
    now = loaded(here)
    env = here.env()
    expected = with_displaced if displaced else outside
    if expected is not None:
        assert now == sorted(expected.split())
    for version, mpi in (("10.3.0", "4.1.1"), ("12.3.0", "4.1.5")):  # all of a module or nothing
        assert (env.get("EBROOTGCC") == f"/opt/GCC/{version}") == (f"GCC/{version}" in now)
        assert (env.get("EBROOTGCCCORE") == f"/opt/GCCcore/{version}") == (
            f"GCCcore/{version}" in now
        )
        libraries = env.get("LD_LIBRARY_PATH", "").split(":")
        assert (LIBRARIES.format(mpi) in libraries) == (f"OpenMPI/{mpi}" in now)
        assert (env.get("EBROOTOPENMPI") == f"/opt/OpenMPI/{mpi}") == (f"OpenMPI/{mpi}" in now)
    assert not [n for n in env if n.startswith("AUTOENV_HPC_") or n == "COLOUR"]
    assert "/p/bin" not in env["PATH"]
    size = int(env.get("_ModuleTable_Sz_", "0"))
    assert f"_ModuleTable{size + 1:03d}_" not in env


@EVERY_TOOL
@HIERARCHY
def test_what_the_tool_counted_of_the_project_goes_with_it(
    cluster: Home, tool: str, tree: str
) -> None:
    """Lmod counts all entries of a path that it touches; its count was of another value outside."""
    cluster.project('[paths]\nLD_LIBRARY_PATH = { prepend = ["lib"] }\n', "p")
    here = cluster.shell("bash")
    here.run(f"module load {NEW}; unset LD_LIBRARY_PATH; cd p")
    here.run("module purge")
    here.run("cd ..")
    assert not [name for name, value in here.env().items() if "/p/lib" in value]


@EVERY_TOOL
@HIERARCHY
def test_what_the_tool_counted_of_the_users_paths_stays(
    cluster: Home, tool: str, tree: str
) -> None:
    cluster.project('[paths]\nPERL5LIB = { prepend = ["lib"] }\n', "p")
    here = cluster.shell("bash")
    here.run(f"module load {NEW}; unset LD_LIBRARY_PATH")
    before = here.env()
    here.run("cd p")
    here.run("PERL5LIB=/u:$PERL5LIB")
    here.run("cd ..")
    assert here.env() == before | {"PERL5LIB": "/u"}


# What a modulefile may print for the shell, besides variables.
SHELL_CODE = {
    "functions": "hpc_greet() { echo hello $1; }; export -f hpc_greet;",
    "completion": "complete -o default -W 'a b' -D;",
    "prompt": "PS1='(module) '; export PS1;",
}


@EVERY_TOOL
@HIERARCHY
def test_what_a_modulefile_does_to_the_shell_goes_again(
    cluster: Home, tool: str, tree: str, tmp_path: Path
) -> None:
    own = Tree(tmp_path / "own", {"lmod": "lua", "modules": "tcl"}[tool])
    for name, code in SHELL_CODE.items():
        own.module(f"{name}/1", ("print", code))
        cluster.project(f'modules = ["{name}/1"]\nmodule-paths = ["{own.folder}"]', name)
    users = "hpc_greet() { echo mine; }; export -f hpc_greet; complete -W c -D"
    here = cluster.shell("bash", users)
    before = here.snapshot()
    exported = here.output("declare -Fx")
    for _ in range(2):
        here.run("cd ~/functions")
        assert here.output("bash -c 'hpc_greet you'") == "hello you\n"
        here.run("cd ~/completion")
        assert here.output("complete -p -D") == "complete -o default -W 'a b' -D\n"
        here.run("cd ~/prompt")
        assert here.output('printf %s "$PS1"') == "(prompt) $ "
        here.run("cd ~")
        assert_same(before, here.snapshot())
        assert here.output("declare -Fx") == exported
