"""The man pages: one for each command, without warnings, and found by apropos(1)."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT / "docs"))

import generate  # noqa: E402 - it stands beside the pages
import man  # noqa: E402 - likewise

from autoenv_hpc import cli  # noqa: E402 - likewise
from autoenv_hpc.commands.examples import EXAMPLES  # noqa: E402 - likewise

PAGES = man.pages("1.2.3")


def test_each_command_has_a_page_and_two_examples() -> None:
    commands = cli.parser().commands
    assert {f"man1/autoenv-hpc-{name}.1" for name in commands} < set(PAGES)
    assert sorted(EXAMPLES) == sorted(generate.commands())
    assert all(len(examples) == 2 for examples in EXAMPLES.values())


def test_each_example_is_accepted_by_the_parser() -> None:
    parser = cli.parser()
    for examples in EXAMPLES.values():
        for line, _ in examples:
            for words in re.findall(r"autoenv-hpc((?: (?![|&<>)])[^\s)]+)+)", line):
                parser.parse_args(words.split())


def test_each_key_is_on_the_page_of_the_configuration() -> None:
    page = PAGES["man5/hpcenv.toml.5"].replace("\\-", "-")
    for key in generate.every_key():
        assert f"\\fB{key.name}\\fR = " in page


@pytest.mark.skipif(not shutil.which("man"), reason="there is no man(1) here")
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_shown_without_warnings(name: str, tmp_path: Path) -> None:
    file = tmp_path / Path(name).name
    file.write_text(PAGES[name])
    words = ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", str(file)]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stderr == ""
    assert re.search(r"^\.SH NAME\n\S+ (\\-|-) \w", PAGES[name], re.MULTILINE)
