"""Completions in real shells: commands, options, and the names of modules."""

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
    names = home.folder / ".cache/autoenv-hpc/module-names"
    names.parent.mkdir(parents=True)
    names.write_text("GCC/12.3.0\nSciPy-bundle/2023.07\nsamtools/1.12\n")
    here = home.shell(shell, cwd=home.folder, env={"COMMAND": COMMAND})
    here.run(LOAD[shell])
    here.run(SHOW[shell])
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
    names = (cluster.folder / ".cache/autoenv-hpc/module-names").read_text().splitlines()
    assert {"bioinfo-tools", "samtools/1.12", "python/3.9.5"} <= set(names)
