"""A modulefile that only a group may read: what is stored ends with the right, and so does a failure."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from homes import COMMAND, MODULE_TOOLS, Home

USER, GROUP = 61001, 61002


@pytest.fixture
def theirs(tool: str, tool_env: dict[str, dict[str, str]]) -> Iterator[Home]:
    """The home of another user, in a place that this user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="autoenv-hpc-test-"))
    folder.chmod(0o755)
    yield Home(folder, {**tool_env[tool], "MODULEPATH": str(folder / "tree")})
    shutil.rmtree(folder)


def colour(home: Home, root: Path, *groups: str) -> str:
    """What a command sees under some groups, or its status."""
    words = ["setpriv", f"--reuid={USER}", f"--regid={USER}", *(groups or ["--clear-groups"]), "--"]
    done = subprocess.run(
        [*words, COMMAND, "exec", "--", "printenv", "COLOUR"],
        env=home.env, cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout.strip() or str(done.returncode)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("tool", MODULE_TOOLS)
@pytest.mark.parametrize("change", ["groups", "mode"])
def test_a_right_that_is_gone_is_gone_in_the_replay(theirs: Home, tool: str, change: str) -> None:
    assert tool
    root = theirs.project('modules = ["licensed/1"]\n', "p", allow=False)
    file = theirs.folder.parent / "tree/licensed/1"
    file.parent.mkdir(parents=True)
    file.write_text("#%Module\nsetenv COLOUR blue\n")
    for path in [theirs.folder, *theirs.folder.rglob("*")]:
        os.lchown(path, USER, USER)
    os.chown(file, 0, GROUP)
    file.chmod(0o640)
    for path in [root / ".hpcenv.toml", file, file.parent, file.parent.parent]:
        os.utime(path, (1, 1))
    member = f"--groups={GROUP}"
    allow = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", COMMAND, "allow"]
    done = subprocess.run(allow, env=theirs.env, cwd=root, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("another user cannot run the command from where it is installed")
    assert colour(theirs, root, member) == "blue"
    assert colour(theirs, root, member) == "blue"  # replayed
    if change == "groups":
        assert colour(theirs, root) == "125"
        assert colour(theirs, root) == "125"  # remembered
        assert colour(theirs, root, member) == "blue"
    else:
        file.chmod(0o600)
        assert colour(theirs, root, member) == "125"
        file.chmod(0o640)
        assert colour(theirs, root, member) == "blue"
