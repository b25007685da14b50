"""Edits of a configuration change what they are meant to change, and nothing else."""

import tomllib

import pytest

from autoenv_hpc.project import editing

TEXT = """\
# the project
modules = [
    "GCC/12.3.0",    # the compiler
    # two more
    "OpenMPI/4.1.5",
]   # end

[venv]
packages = ["six"]  # kept
"""


def test_comments_and_order_stay() -> None:
    added = editing.with_modules(TEXT.encode(), ["GCC/12.3.0", "OpenMPI/4.1.5", "R/4.3.2"])
    assert tomllib.loads(added.decode())["modules"] == ["GCC/12.3.0", "OpenMPI/4.1.5", "R/4.3.2"]
    lines = added.decode().splitlines()
    assert [line for line in TEXT.splitlines() if line not in lines] == []
    removed = editing.with_modules(added, ["OpenMPI/4.1.5"]).decode()
    assert tomllib.loads(removed)["modules"] == ["OpenMPI/4.1.5"]
    assert "# two more" in removed
    assert removed.endswith('[venv]\npackages = ["six"]  # kept\n')


@pytest.mark.parametrize(
    "text", ["", "# only a comment\n", "[venv]\n[site.a]\n", 'name = "n"\n\n[venv]\n']
)
def test_a_list_that_is_new_is_above_the_tables(text: str) -> None:
    data = editing.with_modules(text.encode(), ["a/1", "b/2"]).decode()
    assert tomllib.loads(data)["modules"] == ["a/1", "b/2"]


@pytest.mark.parametrize(
    ("site", "env", "path"),
    [
        (None, None, ("modules",)),
        ("other", "other", ("modules",)),
        ("s", None, ("site", "s", "modules")),
        ("s", "f", ("site", "s", "modules")),
        ("s", "e", ("site", "s", "envs", "e", "modules")),
        (None, "e", ("envs", "e", "modules")),
    ],
)
def test_the_list_that_applies_is_the_one_that_changes(
    site: str | None, env: str | None, path: tuple[str, ...]
) -> None:
    text = (
        'modules = ["a"]\n[envs.e]\nmodules = ["a"]\n[envs.f]\n[site.s]\nmodules = ["a"]\n'
        '[site.s.envs.e]\nmodules = ["a"]\n[site.other]\n'
    )
    changed = tomllib.loads(
        editing.with_modules(text.encode(), ["a", "b"], (site,) if site else (), env).decode()
    )
    expected = tomllib.loads(text)
    table = expected
    for part in path[:-1]:
        table = table[part]
    table["modules"] = ["a", "b"]
    assert changed == expected
