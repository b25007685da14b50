"""Mistakes in the list of modules: what is wrong, on which line, and what to do."""

import re
from pathlib import Path

import pytest
from homes import MODULE_TOOLS, Home

# The lines of the file, what the message names, the line, and a word of what to do.
MISTAKES = {
    "a comma in the string": ('modules = ["GCC/10.3.0,OpenMPI/4.1.1"]', "GCC/10.3.0,OpenMPI/4.1.1", 1, "one string"),
    "a typo": ('modules = [\n  "GCC/10.3.0",\n  "Pyhton/3.9.5",\n]', "Pyhton/3.9.5", 3, "Python/3.9.5"),
    "another case": ('modules = ["gcc/12.3.0"]', "gcc/12.3.0", 1, "GCC/12.3.0"),
    "another version": ('modules = ["GCC/10.3.1"]', "GCC/10.3.1", 1, "GCC/10.3.0"),
    "a hidden version": ('modules = ["Python/3.9.6"]', "Python/3.9.6", 1, "GCCcore/10.3.0"),
    "without its compiler": ('modules = ["SciPy-bundle/2021.05"]', "SciPy-bundle/2021.05", 1, "GCC/10.3.0 OpenMPI/4.1.1"),
    "in the wrong order": ('modules = ["Python/3.9.5",\n"GCC/10.3.0"]', "Python/3.9.5", 1, "come after"),
    "nothing like it": ('modules = ["qqqqqq/1"]', "qqqqqq/1", 1, "module avail"),
    "a broken modulefile": ('name = "p"\nmodules = ["broken/2.2"]\nmodule-paths = ["m"]', "licence server is asleep", 2, "module show"),
}  # fmt: skip


@pytest.mark.parametrize("tool", MODULE_TOOLS)
@pytest.mark.parametrize("tree", ["hierarchy"])
def test_a_mistake_in_the_list_of_modules(cluster: Home, tool: str, tree: str) -> None:
    for name, (text, what, line, remedy) in MISTAKES.items():
        root = cluster.project(text, "p")
        (root / "m/broken").mkdir(parents=True, exist_ok=True)
        (root / "m/broken/2.2.lua").write_text('LmodError("licence server is asleep")\n')
        (root / "m/broken/2.2").write_text('#%Module\nerror "licence server is asleep"\n')
        if tool == "lmod":
            (root / "m/broken/2.2").unlink()
        cluster.command("allow", str(root))
        message = cluster.command("exec", "-C", "p", "--", "true", status=125).stderr
        assert message.startswith(f"autoenv-hpc: {root}/.hpcenv.toml:{line}: "), name
        assert what in message, name
        assert remedy in message.partition(what)[2], name
        assert message.count("\n") == 1, name


@pytest.mark.parametrize("tool", ["lmod"])
@pytest.mark.parametrize("tree", ["hierarchy"])
def test_no_folder_of_modules_and_two_versions(cluster: Home, tool: str, tree: str) -> None:
    root = cluster.project('modules = ["GCC/10.3.0"]\n', "p")
    message = cluster.command("exec", "-C", "p", "--", "true", status=125, MODULEPATH="").stderr
    assert f"{root}/.hpcenv.toml:1: " in message
    assert "MODULEPATH is empty here (run `module use DIR`" in message
    cluster.project('modules = ["GCC/10.3.0", "GCC/12.3.0"]\n', "p")
    message = cluster.command("exec", "-C", "p", "--", "true").stderr
    assert "GCC/10.3.0 is not loaded: GCC/12.3.0 takes its place" in message


@pytest.mark.parametrize("tool", ["lmod"])
def test_a_slow_modulefile_shows_a_line_meanwhile(cluster: Home, tool: str, tmp_path: Path) -> None:
    root = cluster.project('modules = ["slow/1"]\nmodule-paths = ["m"]\n', "p")
    (root / "m/slow").mkdir(parents=True)
    (root / "m/slow/1.lua").write_text('os.execute("sleep 4")\nsetenv("SLOW", "1")\n')
    cluster.command("allow", str(root))
    shell = cluster.shell("bash", env={"TERM": "xterm"})
    shown = shell.run("cd p")
    assert re.search(r"\d:\d\d.*entering p", shown)
    assert shell.output("echo $SLOW") == "1\n"
