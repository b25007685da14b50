"""`add`, `remove` and `edit` change the list that applies, and allow what they wrote."""

import sys
from pathlib import Path

import pytest
from homes import Home

TEXT = '# ours\nmodules = [\n  "bioinfo-tools",  # first\n]\n'


@pytest.mark.parametrize("tool", ["lmod", "modules"])
@pytest.mark.parametrize("tree", ["flat"])
def test_add_and_remove(cluster: Home, tool: str, tree: str) -> None:
    root = cluster.project(TEXT)
    file = root / ".hpcenv.toml"
    said = cluster.command("add", "samtools/9", cwd=root, status=1).stderr
    assert "did you mean samtools/1.12" in said
    assert "is unchanged" in said
    assert file.read_text() == TEXT
    here = cluster.shell("bash", cwd=root)
    assert "added samtools/1.12" in here.run("autoenv-hpc add samtools/1.12")
    assert "samtools/1.12" in here.output("echo $LOADEDMODULES")
    assert file.read_text() == TEXT.replace("# first\n", '# first\n  "samtools/1.12",\n')
    assert "already" in here.run("autoenv-hpc add samtools/1.12")
    assert "did you mean samtools/1.12?" in here.run("autoenv-hpc remove samtool")
    assert "removed samtools/1.12" in here.run("autoenv-hpc remove samtools")
    assert "samtools" not in here.output("echo $LOADEDMODULES")
    assert file.read_text() == TEXT


def test_an_untrusted_file_is_not_allowed_by_the_way(home: Home) -> None:
    root = home.project('[env]\nA = "1"\n', "p", allow=False)
    for words in (("add", "x"), ("remove", "x")):
        assert "new or was edited" in home.command(*words, cwd=root, status=1).stderr
    assert "new or was edited" in home.command("exec", "true", cwd=root, status=125).stderr


def test_edit_shows_faults_and_allows_what_is_valid(home: Home, tmp_path: Path) -> None:
    root = home.project('[env]\nA = "1"\n', "p")
    file = root / ".hpcenv.toml"
    editor = tmp_path / "an editor"
    editor.write_text(f"#!{sys.executable}\nimport sys\nfrom pathlib import Path\nfile = Path(sys.argv[2])\n"
                      "file.write_text(file.read_text().replace(*sys.argv[1].split(':')))\n")  # fmt: skip
    editor.chmod(0o755)

    def edit(change: str, status: int = 0) -> str:
        return home.command("edit", cwd=root, status=status, EDITOR=f"'{editor}' {change}").stderr

    assert "allowed" in edit("1:2")
    assert home.command("exec", "printenv", "A", cwd=root).stdout == "2\n"
    said = edit("=:=[", status=1)
    assert f"{file}:2: not valid TOML" in said
    assert "new or was edited" in home.command("exec", "true", cwd=root, status=125).stderr
    edit("=[:=")
    assert edit("nothing:changes") == ""
    shown = home.command("edit", cwd=root, EDITOR="echo").stdout
    assert shown == f"{file}\n"
    assert "set EDITOR" in home.command("edit", cwd=root, status=1, EDITOR="/no/such").stderr
    assert "status 1" in home.command("edit", cwd=root, status=1, EDITOR="false").stderr
