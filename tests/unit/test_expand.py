"""Path values: home, variables, fields, and errors instead of empty strings."""

import pytest

from autoenv_hpc.errors import ConfigError
from autoenv_hpc.project.templates import Field, expand, variables

FIELDS: dict[str, Field] = {"site": None, "arch": "x86_64", "python": lambda: "3.9"}
ENV = {"HOME": "/home/anna", "PROJ": "/proj/x", "EMPTY": "", "A$B": "no"}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (".venv", ".venv"),
        ("~/envs", "/home/anna/envs"),
        ("~", "/home/anna"),
        ("a~b", "a~b"),
        ("$PROJ/v-${PROJ}", "/proj/x/v-/proj/x"),
        ("{arch}-{python}", "x86_64-3.9"),
        ("{{arch}} $$PROJ", "{arch} $PROJ"),
        ("it's `x` $(y)".replace("$(", "$$("), "it's `x` $(y)"),
    ],
)
def test_templates(template: str, expected: str) -> None:
    assert expand(template, fields=FIELDS, environ=ENV, home="/home/anna", place="F: k") == expected


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("$NOPE/x", r"F: k: \$NOPE is not set \(set it, or write the path out\)"),
        ("${EMPTY}", r"F: k: \$EMPTY is empty"),
        (
            "{mircoarch}",
            r"unknown field \{mircoarch\} \(known: \{site\}, \{arch\}, \{python\}\)",
        ),
        ("{site}", r"\{site\} is not known here \(set AUTOENV_HPC_SITE"),
        ("$(date)", "stray '\\$'"),
        ("{", "stray '{'"),
        ("~nobody-here/x", "no user nobody-here"),
    ],
)
def test_errors_name_what_is_missing(template: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        expand(template, fields=FIELDS, environ=ENV, home="/home/anna", place="F: k")


def test_variables_that_are_read() -> None:
    assert variables("~/$A/${B}/{c}/$$D") == {"HOME", "A", "B"}
