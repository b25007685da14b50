"""`rebuild`: a new environment takes the old one's place at the end, or the old one stays."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from environments import FOUND, THIS, prefix, wheels
from homes import COMMAND, SHELLS, Home

from autoenv_hpc.venvs import record, relocation

OTHERS = [path for version, path in FOUND.items() if (3, 6) < version != sys.version_info[:2]]


def everything(folder: Path) -> dict[str, bytes]:
    """All files below a folder, with their contents."""
    files = (p for p in sorted(folder.rglob("*")) if p.is_file() and not p.is_symlink())
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


@pytest.mark.parametrize(
    ("backend", "where"),
    [("venv", "e"), ("venv", "a b/é中"), ("virtualenv", "link/.venv"), ("uv", "it's/it's")],
)
def test_the_new_one_is_as_if_it_had_been_built_there(
    home: Home, wheelhouse: Path, where: str, backend: str, venv_tools: Path
) -> None:
    home.env["PATH"] = f"{venv_tools}:{home.env['PATH']}"
    (home.folder / "p/elsewhere").mkdir(parents=True)
    (home.folder / "p/link").symlink_to("elsewhere")
    root = home.project(
        f"[venv]\n{THIS}path = '''{where}'''\nbackend = \"{backend}\"\npackages = [\"seaborn\"]\n".replace("$", "$$")
        + wheels(wheelhouse), "p",
    )  # fmt: skip
    home.command("prepare", cwd=root)
    made = root / where
    before = everything(made)
    said = home.command("rebuild", cwd=root).stderr
    assert "rebuilt" in said
    after = everything(made)
    assert after.keys() == before.keys()
    steady = {n for n in after if not n.endswith((".pyc", ".autoenv-hpc.json", "RECORD"))}
    assert {n: after[n] for n in steady} == {n: before[n] for n in steady}
    beside = os.fsencode(os.path.basename(relocation.sibling_path(str(made))))
    if len(beside) > 4:
        assert not [name for name, data in after.items() if beside in data]
    assert prefix(home, root) == str(made)
    say = home.command("exec", "-C", str(root), "--", "seaborn-version")
    assert say.stdout == "0.11.2\n"
    assert sorted(os.listdir(made.parent)) == sorted(
        {made.name} | ({".hpcenv.toml", "elsewhere", "link"} if made.parent == root else set())
    )  # no lock, no copy


@pytest.mark.skipif(not OTHERS, reason="there is only one Python here")
def test_what_was_installed_by_hand_is_gone_and_a_mismatch_is_mended(
    home: Home, uv_backend: str
) -> None:
    root = home.project(f"[venv]\n{THIS}{uv_backend}", "p")
    home.command("prepare", cwd=root)
    (root / ".venv/mine").write_text("")
    other = f'[venv]\npython = "{OTHERS[0]}"\n{uv_backend}'
    home.project(other, "p")
    said = home.command("exec", "-C", str(root), "--", "true", status=125).stderr
    assert f"autoenv-hpc rebuild -C {root}" in said
    home.command("rebuild", "-C", str(root))
    assert prefix(home, root) == f"{root}/.venv"
    assert not (root / ".venv/mine").exists()


def test_one_made_by_hand_is_kept(home: Home, uv_backend: str) -> None:
    root = home.project(f"[venv]\n{THIS}{uv_backend}", "p")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", root / ".venv"], check=True)
    (root / ".venv/thesis.tex").write_text("all of it")
    said = home.command("rebuild", cwd=root).stderr
    (kept,) = root.glob(".venv.old-*")
    assert f"it is now {kept}" in said
    assert (kept / "thesis.tex").read_text() == "all of it"
    assert prefix(home, root) == f"{root}/.venv"


def test_what_is_no_environment_stays_where_it_is(home: Home) -> None:
    root = home.project(f"[venv]\n{THIS}", "p")
    (root / ".venv").mkdir()
    (root / ".venv/thesis.tex").write_text("all of it")
    said = home.command("rebuild", cwd=root, status=1).stderr
    assert f"{root}/.venv exists and is not an environment" in said
    assert (root / ".venv/thesis.tex").read_text() == "all of it"
    assert sorted(os.listdir(root)) == [".hpcenv.toml", ".venv"]


def test_a_failure_leaves_the_old_one_in_use(home: Home, wheelhouse: Path) -> None:
    root = home.project(f"[venv]\n{THIS}{wheels(wheelhouse)}", "p")
    home.command("prepare", cwd=root)
    before = everything(root / ".venv")
    home.project(f'[venv]\n{THIS}packages = ["nosuchthing"]\n{wheels(wheelhouse)}', "p")
    assert "nosuchthing" in home.command("rebuild", cwd=root, status=1).stderr
    assert everything(root / ".venv") == before
    assert sorted(os.listdir(root)) == [".hpcenv.toml", ".venv"]


@pytest.mark.parametrize("shell", SHELLS)
def test_shells_that_have_the_old_one_open_are_told_and_go_on(
    home: Home, uv_backend: str, shell: str
) -> None:
    root = home.project(f"[venv]\n{THIS}{uv_backend}", "p")
    home.command("prepare", cwd=root)
    here = home.shell(shell, cwd=root)
    program = [f"{root}/.venv/bin/python", "-c", "import time; time.sleep(300)"]
    running = subprocess.Popen(program)
    said = home.command("rebuild", cwd=root).stderr
    running.kill()
    running.wait()
    assert f"{running.pid} (python -c 'import time; " in said
    assert f" ({shell} " in said
    assert here.output("python -c 'import sys; print(sys.prefix)'") == f"{root}/.venv\n"
    here.run("cd ..")
    assert "VIRTUAL_ENV" not in here.env()


@pytest.mark.parametrize("moment", ["building", "swapping"])
def test_killed_it_leaves_what_the_next_call_goes_on_from(
    home: Home, uv_backend: str, tmp_path: Path, moment: str
) -> None:
    (tmp_path / "slow").mkdir()
    begun = tmp_path / "begun"
    (tmp_path / "slow/setup.py").write_text(
        f"import time\nopen({str(begun)!r}, 'w').close()\ntime.sleep(600)\n"
    )
    root = home.project(f"[venv]\n{THIS}{uv_backend}", "p")
    home.command("prepare", cwd=root)
    old = everything(root / ".venv")
    slow = f'packages = ["{tmp_path}/slow"]\npip-args = ["--no-index", "--no-build-isolation"]\n'
    home.project(f"[venv]\n{THIS}{slow}", "p")
    builder = subprocess.Popen(
        [COMMAND, "rebuild"], cwd=root, env=home.env, stderr=subprocess.DEVNULL
    )
    for _ in range(600):
        if begun.exists():
            break
        time.sleep(0.1)
    assert everything(root / ".venv") == old
    builder.send_signal(signal.SIGKILL)
    builder.wait()
    home.project(f"[venv]\n{THIS}{uv_backend}", "p")
    if moment == "swapping":  # between two renames, where the file system cannot exchange
        beside = relocation.sibling_path(str(root / ".venv"))
        shutil.rmtree(beside)
        os.unlink(record.mark_path(beside))
        trash = relocation.trash_path(str(root / ".venv"))
        shutil.copytree(root / ".venv", trash, symlinks=True)
        relocation.mark_trash(trash)
        os.mkdir(relocation.trash_path(beside))  # of which only rmdir failed
        os.rename(root / ".venv", beside)
        assert "building" not in home.command("prepare", cwd=root).stderr
        assert everything(root / ".venv") == old
    home.command("rebuild", cwd=root)
    assert prefix(home, root) == f"{root}/.venv"
    assert sorted(os.listdir(root)) == [".hpcenv.toml", ".venv"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to another user")
def test_it_says_whose_environment_it_replaces(home: Home, uv_backend: str) -> None:
    root = home.project(f"[venv]\n{THIS}{uv_backend}", "p")
    home.command("prepare", cwd=root)
    os.chown(root / ".venv", 61001, -1)
    said = home.command("rebuild", cwd=root).stderr
    assert "the old environment belonged to user 61001; the new one is yours" in said
    assert "belonged" not in home.command("rebuild", cwd=root).stderr
