"""The JSON Schema accepts and refuses what the parser does."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from autoenv_hpc.project import schema

CHECKOUT = Path(__file__).resolve().parents[2]
SCHEMA_FILE = CHECKOUT / "docs/reference/hpcenv.schema.json"
SCHEMA = json.loads(SCHEMA_FILE.read_text())
LINE = f"#:schema {SCHEMA_FILE.as_uri()}\n"  # as `init` writes it
INVALID = sorted((Path(__file__).parent / "configs/invalid").glob("*.toml"))
# A name that must be defined elsewhere, and what is no TOML at all.
BEYOND = {"default-env", "duplicate", "syntax"}
VALID = (
    "",
    'name = "n"\nmodules = ["a/1", "b@1.5:", "c +mpi"]\nmodule-policy = "purge"\n',
    '[venv]\nprompt = false\nbackend = "uv"\npackages = ["six"]\nsync = "off"\n',
    '[env]\nA = "1"\nB = false\nC = { path = "~/x" }\nEMPTY = ""\n[paths]\nP = { prepend = ["x"] }\n',
    (
        '[envs.a.venv]\npython = "2.7"\n[site.s]\nmatch = { env = { X = ["y*"] }, fqdn = ["*.z"] }\n'
        '[site.s.envs.a]\nmodules = ["m"]\n[cache]\nmax-age = "12h"\n[storage]\ncaches = false\n'
    ),
)


def test_it_is_a_schema() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    venv = SCHEMA["properties"]["venv"]["properties"]
    assert venv["backend"]["description"]
    below = SCHEMA["properties"]["site"]["additionalProperties"]["properties"]
    assert below["venv"]["properties"]["backend"] == venv["backend"]


@pytest.mark.parametrize("text", VALID)
def test_valid(text: str) -> None:
    data = tomllib.loads(text)
    assert schema.faults(data, above=False) == []
    jsonschema.validate(data, SCHEMA, jsonschema.Draft7Validator)


@pytest.mark.parametrize("path", [p for p in INVALID if p.stem not in BEYOND], ids=lambda p: p.stem)
def test_invalid(path: Path) -> None:
    data = tomllib.loads(path.read_text())
    assert schema.faults(data, above=False)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, SCHEMA, jsonschema.Draft7Validator)


def _run(program: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run one of the checkers that stand beside the interpreter."""
    path = Path(sys.executable).parent / program
    return subprocess.run([path, *words], capture_output=True, text=True, check=False)


def _check_jsonschema(files: list[Path]) -> set[Path]:
    done = _run(
        "check-jsonschema", "-o", "json", "--schemafile", str(SCHEMA_FILE), *map(str, files)
    )
    found = json.loads(done.stdout)
    assert done.returncode == (found["status"] != "ok")
    return {Path(e["filename"]) for e in found.get("errors", []) + found.get("parse_errors", [])}


def _one_by_one(program: str, *words: str) -> Callable[[list[Path]], set[Path]]:
    return lambda files: {file for file in files if _run(program, *words, str(file)).returncode}


@pytest.mark.parametrize(
    ("check", "line"),
    [
        pytest.param(_check_jsonschema, "", id="check-jsonschema"),
        pytest.param(
            _one_by_one("taplo", "lint", "--schema", SCHEMA_FILE.as_uri()), "", id="taplo"
        ),
        pytest.param(_one_by_one("taplo", "lint"), LINE, id="taplo-by-line"),
        pytest.param(_one_by_one("tombi", "lint", "--offline"), LINE, id="tombi-by-line"),
    ],
)
def test_the_checkers_of_editors_agree(
    check: Callable[[list[Path]], set[Path]], line: str, tmp_path: Path
) -> None:
    invalid = [path.read_text() for path in INVALID if path.stem != "default-env"]
    files = [tmp_path / f"{number}.toml" for number in range(len(VALID) + len(invalid))]
    for file, text in zip(files, (*VALID, *invalid), strict=True):
        file.write_text(line + text)
    assert check(files) == set(files[len(VALID) :])
