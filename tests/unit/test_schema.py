"""The JSON Schema accepts and refuses what the parser does."""

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from autoenv_hpc.project import schema

CHECKOUT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((CHECKOUT / "docs/reference/hpcenv.schema.json").read_text())
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
