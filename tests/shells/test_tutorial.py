"""The tutorial, typed into a real shell: each line that the page prints appears there."""

import re
from pathlib import Path

import pytest
from environments import nearest
from homes import CHECKOUT, COMMAND, Home

PAGE = CHECKOUT / "docs/tutorial.md"
_BLOCK = re.compile(r"^```(toml|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TYPED = re.compile(r"^(\(\w+\) )?\$ (.*)$")


@pytest.mark.parametrize("tool", ["lmod"])
@pytest.mark.parametrize("tree", ["hierarchy"])
def test_what_the_tutorial_prints_is_what_a_shell_shows(
    cluster: Home, tool: str, tree: str
) -> None:
    root = cluster.folder / "climate"
    root.mkdir()
    shell = cluster.shell("bash", f'PATH="$PATH:{_links(cluster)}"')
    shown, unseen = "$ ", 0
    page = PAGE.read_text().replace("(Python 3.9)", f"(Python {nearest('3.9')})")
    for language, text in _BLOCK.findall(page):
        if language == "toml":
            _edit(root / ".hpcenv.toml", text)
            continue
        for line in text.splitlines():
            typed = _TYPED.match(line)
            if typed:
                prompt = f"{typed[1] or ''}$ "
                assert re.findall(r"^(?:\(\w+\) )?\$ ", shown, re.MULTILINE)[-1] == prompt, line
                shown = (
                    shell.run(typed[2]).replace("\r", "").replace(str(cluster.folder), "/home/anna")
                )
                unseen = 0
            else:
                place = shown.find(f"{line}\n", unseen)
                assert place >= 0, f"{line}\nis not in\n{shown[unseen:]}"
                unseen = place + len(line)


def _edit(file: Path, text: str) -> None:
    """Write the file, or its last table where the page shows that alone."""
    head = text.partition("\n")[0]
    if file.exists() and head.startswith("["):
        before, found, _ = file.read_text().partition(head)
        assert found
        text = before + text
    file.write_text(text)


def _links(cluster: Home) -> Path:
    """A folder for PATH with the command alone, as the page says."""
    folder = cluster.folder / "bin"
    folder.mkdir()
    (folder / "autoenv-hpc").symlink_to(COMMAND)
    return folder
