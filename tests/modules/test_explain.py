"""`explain` names who set each entry, and what leaving makes of a variable."""

import json
from pathlib import Path
from typing import Any

import pytest
from homes import MODULE_TOOLS, Home

TEXT = """\
modules = ["bioinfo-tools", "python_ML_packages/3.9.5-cpu", "samtools/1.12"]
[env]
COLOUR = "blue"
[paths]
PATH = { prepend = ["bin"] }
"""


@pytest.mark.parametrize("tool", MODULE_TOOLS)
@pytest.mark.parametrize("tree", ["flat"])
@pytest.mark.parametrize("active", [True, False])
def test_each_entry_has_its_origin(cluster: Home, tool: str, tree: str, active: bool) -> None:
    root = cluster.project(TEXT, "p")
    here = cluster.shell("bash", cwd=root if active else cluster.folder)

    def explain(*words: str) -> Any:
        return json.loads(
            here.output(" ".join(["autoenv-hpc explain -C", str(root), "--json", *words]))
        )

    before = cluster.env["PATH"]
    if active:
        here.run("export PATH=$PATH:/mine")
    path = explain("PATH")
    found = {entry["value"]: entry for entry in path["entries"]}
    assert ":".join(found) == path["now"]
    assert found[f"{root}/bin"] | {"value": ""} == {
        "value": "", "by": "config", "what": "[paths]", "file": f"{root}/.hpcenv.toml", "line": 5,
    }  # fmt: skip
    samtools = found["/opt/samtools/bin"]
    assert (samtools["by"], samtools["what"]) == ("module", "samtools/1.12")
    text = Path(samtools["file"]).read_text()
    assert "/opt/samtools/bin" in text.splitlines()[samtools["line"] - 1]
    python = next(e for e in found.values() if "Python/3.9.5" in e["value"])
    assert python["what"] == "python/3.9.5"  # which another module loads
    assert found["/usr/bin"]["by"] in ("site", "user")
    if active:
        assert found["/mine"]["what"] == "you, inside the project"
    assert path["before"] == before
    assert path["after_leaving"] == before + (":/mine" if active else "")
    assert explain("COLOUR")["entries"][0]["what"] == "[env]"
    assert explain("NOT_THERE")["now"] is None
    assert {one["name"] for one in explain()} >= {"PATH", "COLOUR", "SAMTOOLS_ROOT"}
    page = here.output(f"autoenv-hpc explain -C {root} SAMTOOLS_ROOT")
    assert "samtools/1.12 (" in page
    assert "before: not set" in page


@pytest.mark.parametrize("tool", MODULE_TOOLS)
@pytest.mark.parametrize("tree", ["odd"])
def test_aliases_functions_and_what_is_not_set(cluster: Home, tool: str, tree: str) -> None:
    root = cluster.project('modules = ["alias/1.0", "function/1.0", "reader/1.0"]\n', "p")
    assert "alias/1.0 (" in cluster.command("explain", "ll", cwd=root).stdout
    assert "function/1.0 (" in cluster.command("explain", "hpc_greet", cwd=root).stdout
    said = cluster.command("explain", "READ_BY_MODULE", cwd=root).stdout
    assert "not set" in said
    assert "reader/1.0 (" in said
