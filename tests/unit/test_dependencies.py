"""A module tool to which nobody can listen: a load is stored only if its modulefiles ask nothing."""

from pathlib import Path

import pytest

from autoenv_hpc.guards import Guards
from autoenv_hpc.modules import dependencies, observations

_HELP = 'proc ModulesHelp { } {\n    puts stderr "[exec date]"\n}\n'


def _guards(folder: Path, text: str, **outside: str) -> Guards:
    """What a load of one modulefile depends on."""
    file = folder / "tree/lib/1"
    file.parent.mkdir(parents=True)
    file.write_text(f"#%Module1.0\n{text}\n")
    before = {"MODULEPATH": str(folder / "tree"), **outside}
    after = {**before, "LOADEDMODULES": "lib/1", "_LMFILES_": str(file)}
    return dependencies.load_dependencies(before, after, "/opt/modulecmd", str(folder))


def test_modulefiles_that_ask_nothing_are_stored_for_an_hour(tmp_path: Path) -> None:
    lines = [
        _HELP, "module-whatis {a library}", "set root /opt/lib/1", "conflict lib", "prereq gcc mpi",
        "setenv LIB_ROOT $root", "prepend-path -d : PATH $root/bin", "append-path CPATH {/with space}",
        "setenv SCRATCH $env(HOME)/scratch", "unsetenv UNWANTED", "module load other/2", "",
    ]  # fmt: skip
    found = _guards(tmp_path, "\n".join(lines), HOME="/home/me", LIB_ROOT="/old")
    assert (found.not_storable_because, found.max_age) == (None, 3600)
    assert found.variables.items() >= {"HOME": "/home/me", "LIB_ROOT": "/old", "PATH": None}.items()
    assert found.variables["UNWANTED"] is None
    assert {str(tmp_path / "tree"), str(tmp_path / "tree/lib"), "/opt/modulecmd"} <= set(
        found.files
    )
    assert found.files[str(tmp_path / "tree/lib/.modulerc")] is None


@pytest.mark.parametrize(
    "line",
    [
        "setenv A [exec hostname]",
        "if { [file exists /x] } { setenv A 1 }",
        "source /opt/common.tcl",
        "setenv A $::env($name)",
        "setenv A 1; setenv B [pwd]",
        "eval $code",
        "setenv A \\\n  [clock seconds]",
        "puts stdout echo",
        "foreach x {1 2} { setenv A $x }",
        "module switch a b",
    ],
)
def test_doubt_means_not_stored(tmp_path: Path, line: str) -> None:
    found = _guards(tmp_path, line)
    assert f"{tmp_path}/tree/lib/1 may ask for something" in str(found.not_storable_because)


@pytest.mark.parametrize("name", [".modulerc", ".version", "default"])
def test_a_file_that_chooses_a_version_is_not_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "tree/lib").mkdir(parents=True)
    (tmp_path / "tree/lib" / name).write_text("#%Module1.0\n")
    (tmp_path / "tree/lib/1").write_text("#%Module1.0\n")
    before = {"MODULEPATH": str(tmp_path / "tree")}
    after = {**before, "LOADEDMODULES": "lib/1", "_LMFILES_": f"{tmp_path}/tree/lib/1"}
    found = dependencies.load_dependencies(before, after, "/opt/modulecmd", str(tmp_path))
    assert "chooses versions" in str(found.not_storable_because)


def test_only_a_tool_without_a_listener_is_judged_by_text() -> None:
    call = b"call\0/opt/modulecmd\0\0\0"
    assert observations.guards(call, {}, 0, "bash") is None
    cut = observations.guards(call + b"variable\0A\0\0\0", {}, 0, "bash")
    assert cut is not None
    assert "until its end" in str(cut.not_storable_because)
