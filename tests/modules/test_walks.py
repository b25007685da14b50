"""Random walks through projects, of which nothing may be left outside: tests/proof/walks.py.

`make proof ROUNDS=0 WALKS=3000` goes more of them.
"""

from pathlib import Path

import pytest
from homes import MODULE_TOOLS, SHELLS
from proof import walks
from seeds import seed

_WALKS = 20
_ONCE_WRONG = (
    "module load cc/1; unset MANPATH; cd ~/r; module purge; cd /",
    "cd ~/p/deep; module unload cc/1; module load cc/1; cd /",
)


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


@pytest.mark.parametrize("tool", MODULE_TOOLS)
@pytest.mark.parametrize("shell", SHELLS)
def test_walks_that_once_went_wrong(
    shell: str, tool: str, tool_env: dict[str, dict[str, str]], tmp_path: Path
) -> None:
    scene = walks.Scene(tmp_path, shell, tool, tool_env[tool])
    for typed in _ONCE_WRONG:
        words = (line.split() for line in typed.split(";"))
        steps = [walks.Step(what, tuple(more)) for what, *more in words]
        assert scene.play(steps) == "", typed
