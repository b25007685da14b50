"""Which part of the package may import which: arrows point down, and there are no others.

A part is a file or a package right below `autoenv_hpc`. Imports inside of functions count, those
for types alone too.
"""

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "autoenv_hpc"

# The lowest first: each part, and what it imports of those above this line. Who needs a further
# arrow writes it down here; who needs one upward has put something into the wrong part.
MAY_IMPORT = {
    "environment": "",
    "shell_definitions": "",
    "printable": "",
    "verbose": "printable",
    "findings": "",
    "guards": "environment printable",
    "errors": "guards",
    "activation": "environment guards shell_definitions",
    "system": "environment errors guards",
    "shells": "activation environment guards printable shell_definitions system",
    "project": "environment errors guards printable system verbose",
    "scripts": "environment findings printable project",
    "modules": "environment errors guards project shell_definitions system verbose",
    "venvs": "environment errors guards modules project shell_definitions system",
    "notebooks": "environment errors printable system",
    "progress": "",
    "report": "environment errors printable progress",
    "activations": "activation environment errors guards modules printable project report"
    " shell_definitions shells system venvs verbose",
    "context": "environment errors report system",
    "entry": "activation activations context environment errors project shells system venvs verbose",
    "commands": "activations context entry environment errors findings guards modules notebooks printable"
    " project report scripts shells system venvs verbose",
    "cli": "commands context environment errors report verbose",
    "__main__": "cli commands environment errors report",
}


def modules() -> dict[str, Path]:
    """The files of the package by the names under which they are imported, without its own."""
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = file.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def imported(file: Path) -> Iterator[str]:
    """The full names that a file imports; some may be of what a module holds."""
    for node in ast.walk(ast.parse(file.read_text(), str(file))):
        match node:
            case ast.Import(names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module, names, 0):
                yield from (f"{module}.{alias.name}" for alias in names)
            case ast.ImportFrom():
                pytest.fail(f"{file}:{node.lineno}: imports are absolute here")
            case ast.Call(ast.Attribute(attr="import_module"), [ast.JoinedStr([start, *_])]):
                assert isinstance(start, ast.Constant)
                yield str(start.value).rstrip(".")
            case ast.Call(ast.Attribute(attr="import_module" | "__import__")) | ast.Call(
                ast.Name("import_module" | "__import__")
            ):
                pytest.fail(f"{file}:{node.lineno}: which module this imports cannot be read here")


def arrows() -> dict[str, set[str]]:
    """For each module of the package those that it imports."""
    known = modules()
    graph: dict[str, set[str]] = {name: set() for name in known}
    for name, file in known.items():
        for full in imported(file):
            package, _, target = full.partition(".")
            if package != PACKAGE.name:
                continue
            while target not in known:
                target = target.rpartition(".")[0]
            graph[name].add(target)
    return graph


ARROWS = arrows()


def part(module: str) -> str:
    """The part to which a module belongs."""
    return module.partition(".")[0]


def test_each_part_has_its_place() -> None:
    assert {part(module) for module in ARROWS} - {""} == MAY_IMPORT.keys()
    assert ARROWS[""] == set(), "the package itself imports nothing"


@pytest.mark.parametrize("name", MAY_IMPORT)
def test_a_part_imports_what_it_may_and_nothing_else(name: str) -> None:
    found = {part(to) for module, tos in ARROWS.items() if part(module) == name for to in tos}
    assert found - {name, ""} == set(MAY_IMPORT[name].split())


def test_no_arrow_points_upward() -> None:
    parts = list(MAY_IMPORT)
    for number, name in enumerate(parts):
        assert set(MAY_IMPORT[name].split()) <= set(parts[:number]), name


def test_no_circle_among_files() -> None:
    graph = {module: {to for to in tos if to != module} for module, tos in ARROWS.items()}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))
