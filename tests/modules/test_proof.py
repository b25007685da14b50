"""A replay is what a real load would give now, or is not used: random trees under random changes.

tests/proof plays the rounds; `make proof ROUNDS=5000` plays more of them.
"""

import sys
from pathlib import Path

import pytest
from homes import MODULE_TOOLS
from proof import rounds
from proof.product import Product
from seeds import seed

_ROUNDS = 200


@pytest.mark.parametrize("tool", MODULE_TOOLS)
def test_a_replay_is_what_a_load_would_give_now(
    tool: str, tool_env: dict[str, dict[str, str]], tmp_path: Path
) -> None:
    first = seed()
    with Product(tool, tool_env[tool], tmp_path) as product:
        *_, tally = rounds.prove(product, range(first, first + _ROUNDS))
    assert not tally.fault, tally.fault
    assert tally.stored > _ROUNDS // 4  # else the rounds show little
    assert tally.replays > _ROUNDS // 2
    sys.stdout.write(f"SEED={first}: {tally}\n")
