"""Activations and answers are, to the byte, what they were when somebody last looked at them.

`UPDATE_GOLDEN=1 make unit` writes the golden files again; `git diff` then shows what a shell will
get to read. `make lint` hands each of them to its shell's own parser.
"""

import os
from pathlib import Path

import pytest
from golden_cases import texts

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
TEXTS = {name: os.fsencode(text) for name, text in texts()}


def stored() -> set[str]:
    """The golden files that are there."""
    return {str(path.relative_to(GOLDEN)) for path in GOLDEN.rglob("*") if path.is_file()}


@pytest.fixture(scope="module", autouse=True)
def _update() -> None:
    if not os.environ.get("UPDATE_GOLDEN"):
        return
    for name in stored() - TEXTS.keys():
        (GOLDEN / name).unlink(missing_ok=True)
    for name, text in TEXTS.items():
        (GOLDEN / name).parent.mkdir(parents=True, exist_ok=True)
        (GOLDEN / name).write_bytes(text)


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_what_it_was(name: str) -> None:
    assert TEXTS[name] == (GOLDEN / name).read_bytes()


def test_each_golden_file_belongs_to_a_case() -> None:
    assert stored() == TEXTS.keys()
