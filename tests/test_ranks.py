"""Ranks of one step: the first on a node looks at the files, the others read one small note."""

import os
import subprocess
from pathlib import Path

import pytest
from conftest import COMMAND, House

STEP = {"SLURM_JOB_ID": f"t{os.getpid()}", "SLURM_STEP_ID": "0"}


def note(step: dict[str, str]) -> Path:
    """Where the note of a step is."""
    return Path(
        f"/dev/shm/autoenv-hpc.{os.getuid()}.{step['SLURM_JOB_ID']}.{step['SLURM_STEP_ID']}"
    )


@pytest.fixture
def root(house: House):
    """A project that was compiled, and no notes of it but the test's."""
    root = house.project('[env]\nOURS = "1"\n')
    house.command("prepare", cwd=root)
    yield root
    for path in note(STEP).parent.glob(f"autoenv-hpc.{os.getuid()}.{STEP['SLURM_JOB_ID']}.*"):
        path.unlink()


def value(house: House, root: Path, step: dict[str, str] = STEP, status: int = 0) -> str:
    """What a rank gets."""
    words = ("exec", "--", "/bin/bash", "-c", 'printf %s "$OURS"')
    return house.command(*words, cwd=root, status=status, **step).stdout


def paths(house: House, root: Path, tmp_path: Path) -> str:
    """The file-system calls of one rank."""
    log = tmp_path / "calls"
    words = [
        "strace",
        "-f",
        "-qq",
        "-e",
        "trace=%file,execve,clone,clone3,vfork",
        "-o",
        log,
        COMMAND,
        "exec",
        "--",
        "/bin/true",
    ]
    subprocess.run(words, cwd=root, env=house.env | STEP, check=True)
    return log.read_text()


def test_the_first_rank_notes_and_the_others_leave_the_file_system_alone(house, root, tmp_path):
    first = paths(house, root, tmp_path)
    assert ".hpcenv.toml" in first
    assert note(STEP).stat().st_mode & 0o777 == 0o600
    assert "clone" not in first
    assert "vfork" not in first
    second = paths(house, root, tmp_path)
    assert ".hpcenv.toml" not in second
    assert "/.cache/autoenv-hpc" not in "".join(second.partition("stamps/seal")[0::2]) or (
        "activations" not in second
    )
    assert value(house, root) == "1"


def test_another_step_and_another_folder_see_an_edit(house, root):
    assert value(house, root) == "1"
    (root / ".hpcenv.toml").write_text('[env]\nOURS = "2"\n')
    house.command("allow", str(root))
    assert value(house, root, STEP | {"SLURM_STEP_ID": "1"}) == "2"
    inner = root / "inner"
    inner.mkdir()
    assert value(house, inner) == "2"


def test_a_note_is_believed_for_a_minute(house, root):
    assert value(house, root) == "1"
    text = note(STEP).read_text()
    (root / ".hpcenv.toml").write_text('[env]\nOURS = "2"\n')
    house.command("allow", str(root))
    then = text.split("__autoenv_hpc_now - ")[1].split()[0]
    note(STEP).write_text(text.replace(then, str(int(then) - 61)))
    assert value(house, root) == "2"


@pytest.mark.parametrize("damage", ["cut short", "empty", "foreign", "link", "other folder"])
def test_a_note_that_is_not_ours_or_not_whole_is_not_read(house, root, damage, tmp_path):
    assert value(house, root) == "1"
    path = note(STEP)
    evil = path.read_text().replace("OURS='1'", "OURS='evil'")
    assert "evil" in evil
    if damage == "cut short":
        path.write_text(evil.removesuffix("# end\n"))
    elif damage == "empty":
        path.write_text("")
    elif damage == "foreign":
        if os.getuid() != 0:
            pytest.skip("only root can give a file away")
        path.write_text(evil)
        os.chown(path, 65534, -1)
    elif damage == "link":
        (tmp_path / "evil").write_text(evil)
        path.unlink()
        path.symlink_to(tmp_path / "evil")
    else:
        path.write_text(evil.replace("/home/", "/away/", 1))
    assert value(house, root) == "1"


def test_the_umask_is_the_users_own_and_old_notes_go(house, root):
    words = ["bash", "-c", f'umask 027; "{COMMAND}" exec -- bash -c umask']
    out = subprocess.run(
        words, cwd=root, env=house.env | STEP, check=True, capture_output=True, text=True
    )
    assert out.stdout == "0027\n"
    os.utime(note(STEP), (1, 1))
    house.command("exec", "--fresh", "--", "true", cwd=root)
    assert not note(STEP).exists()
