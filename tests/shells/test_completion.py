"""Completions in real shells: commands, options, and the names of modules."""

import os

import pytest
from homes import COMMAND, SHELLS, Home

# What the completed line runs: it shows its words.
SHOW = {
    "bash": 'autoenv-hpc() { printf "<%s>" "$@"; echo; }',
    "zsh": 'autoenv-hpc() { printf "<%s>" "$@"; echo; }',
    "fish": "function autoenv-hpc; printf '<%s>' $argv; echo; end",
}
LOAD = {
    "bash": 'source <("$COMMAND" completion bash)',
    "zsh": 'autoload -Uz compinit && compinit -u -D; eval "$("$COMMAND" completion zsh)"',
    "fish": "$COMMAND completion fish | source",
}


@pytest.mark.parametrize("shell", SHELLS)
def test_words_are_completed(home: Home, shell: str) -> None:
    long = f"/{'long/' * 60}modules"
    names = home.folder / ".cache/autoenv-hpc/names"
    names.mkdir(parents=True)
    for paths in ("/sw/a:/sw/b", long):
        text = "GCC/12.3.0\nSciPy-bundle/2023.07\nsamtools/1.12\n"
        (names / f"m{paths.replace('/', '%')[-200:]}").write_text(text)
    (names / "m%sw%other").write_text("samples/1.0\n")  # another cluster's
    paths = long if shell == "zsh" else "/sw/a:/sw/b"
    here = home.shell(shell, cwd=home.folder, env={"COMMAND": COMMAND, "MODULEPATH": paths})
    here.run(LOAD[shell])
    here.run(SHOW[shell])
    here.run(
        "export PATH=/nowhere" if shell != "fish" else "set -gx PATH /nowhere"
    )  # no program runs
    for typed, whole in (
        ("prep\t", "<prepare>"),
        ("status --js\t", "<status><--json>"),
        ("cache li\t", "<cache><list>"),
        ("hook z\t", "<hook><zsh>"),
        ("add samt\t", "<add><samtools/1.12>"),
        ("add scipy\t", "<add><SciPy-bundle/2023.07>"),
    ):
        assert whole in here.run(f"autoenv-hpc {typed}"), typed


@pytest.mark.parametrize("tool", ["lmod"])
@pytest.mark.parametrize("tree", ["flat"])
def test_prepare_notes_the_names_of_modules(cluster: Home, tool: str, tree: str) -> None:
    root = cluster.project('modules = ["bioinfo-tools"]\n', "p")
    cluster.command("prepare", cwd=root)
    folder = cluster.folder / ".cache/autoenv-hpc/names"
    paths = cluster.env["MODULEPATH"].replace("/", "%")[-200:]
    assert f"m{paths}" in os.listdir(folder)
    for file in folder.iterdir():
        assert {"bioinfo-tools", "samtools/1.12", "python/3.9.5"} <= {*file.read_text().split()}
