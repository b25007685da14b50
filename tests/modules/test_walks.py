"""Random walks through projects, of which nothing may be left outside: tests/proof/walks.py.

`make proof ROUNDS=0 WALKS=3000` goes more of them.
"""

from pathlib import Path

import pytest
from homes import MODULE_TOOLS, SHELLS
from proof import walks
from seeds import seed

_WALKS = 20


@pytest.mark.parametrize("tool", MODULE_TOOLS)
@pytest.mark.parametrize("shell", SHELLS)
def test_walks_leave_nothing_behind(
    shell: str, tool: str, tool_env: dict[str, dict[str, str]], tmp_path: Path
) -> None:
    first = seed()
    scene = walks.Scene(tmp_path, shell, tool, tool_env[tool])
    number, fault = walks.prove(scene, range(first, first + _WALKS), length=4)
    assert not fault, fault
    assert number == _WALKS
