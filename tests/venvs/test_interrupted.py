"""Nothing is lost when a build is stopped, killed or refused, and the next try works."""

import os
import shutil
import signal
import subprocess
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from environments import THIS, prefix, refused, wheels
from homes import COMMAND, SHELLS, Home

from autoenv_hpc.venvs import record, relocation

OFFLINE = 'pip-args = ["--no-index", "--no-build-isolation"]\n'


def until(seen: Callable[[], object]) -> None:
    """Wait for something that another process does."""
    for _ in range(6000):
        if seen():
            return
        time.sleep(0.02)
    raise TimeoutError


def source(folder: Path, code: str) -> Path:
    """A package whose build runs some code."""
    folder.mkdir(parents=True)
    (folder / "setup.py").write_text(code)
    return folder


def failing(folder: Path) -> Path:
    """A package whose build fails as a compiler's would, with much around the cause."""
    return source(
        folder,
        "import sys\n"
        "for number in range(200): print('copying part', number)\n"
        "print('foo.c:12:10: fatal error: mpi.h: No such file or directory', file=sys.stderr)\n"
        "print('   12 | #include <mpi.h>', file=sys.stderr)\n"
        "sys.exit(\"error: command 'mpicc' failed with exit code 1\")\n",
    )


@pytest.mark.parametrize("command", ["prepare", "rebuild", "sync"])
def test_a_failed_build_shows_the_compilers_line_and_keeps_the_whole_output(
    home: Home, tmp_path: Path, command: str
) -> None:
    root = home.project(f"[venv]\n{THIS}", "p")
    if command != "prepare":
        home.command("prepare", cwd=root)
    home.project(f'[venv]\n{THIS}packages = ["{failing(tmp_path / "f")}"]\n{OFFLINE}', "p")
    said = home.command(command, cwd=root, status=1).stderr.splitlines()[-1]
    assert "foo.c:12:10: fatal error: mpi.h: No such file or directory" in said
    assert "error: command 'mpicc' failed" in said
    assert "likely not a problem with pip" not in said
    assert len(said) < 700
    log = Path(said.rpartition("(the whole output is in ")[2].rstrip(")"))
    assert log.stat().st_mode & 0o777 == 0o600
    text = log.read_text()
    assert "copying part 199\n" in text
    assert f"{root}/.venv" in text.splitlines()[0]
    assert (root / ".venv").exists() == (command != "prepare")


@pytest.mark.parametrize("command", ["prepare", "sync", "rebuild"])
def test_a_lock_that_its_maker_never_wrote_holds_nobody_up(home: Home, command: str) -> None:
    root = home.project(f"[venv]\n{THIS}", "p")
    if command != "prepare":
        home.command("prepare", cwd=root)
    (root / "..venv.autoenv-hpc.lock").touch()
    subprocess.run([COMMAND, command], cwd=root, env=home.env, check=True, timeout=120)
    assert prefix(home, root) == f"{root}/.venv"
    assert not [path for path in root.iterdir() if "lock" in path.name]


def test_the_users_own_link_or_empty_folder_stays_when_a_build_fails(
    home: Home, tmp_path: Path, uv_backend: str
) -> None:
    elsewhere = tmp_path / "scratch/env"
    elsewhere.mkdir(parents=True)
    elsewhere.chmod(0o750)
    bad = home.project(f'[venv]\n{THIS}packages = ["nosuchthing"]\n{OFFLINE}', "p")
    (bad / ".venv").symlink_to(elsewhere)
    assert "nosuchthing" in refused(home, bad)
    assert (elsewhere.stat().st_mode & 0o777, os.listdir(elsewhere)) == (0o750, [])
    assert (bad / ".venv").is_symlink()
    home.project(f"[venv]\n{THIS}{uv_backend}", "p")
    assert prefix(home, bad) == f"{bad}/.venv"
    assert (elsewhere / "pyvenv.cfg").exists()
    assert sorted(os.listdir(elsewhere.parent)) == ["env"]
    home.command("rebuild", cwd=bad)
    assert (bad / ".venv").is_symlink()
    assert prefix(home, bad) == f"{bad}/.venv"


def test_a_link_that_leads_nowhere_is_built_behind(
    home: Home, tmp_path: Path, uv_backend: str
) -> None:
    root = home.project(f"[venv]\n{THIS}{uv_backend}", "p")
    (root / ".venv").symlink_to(tmp_path / "scratch/deep/env")
    assert prefix(home, root) == f"{root}/.venv"
    assert (tmp_path / "scratch/deep/env/pyvenv.cfg").exists()


def test_a_builder_that_was_stopped_leaves_the_environment_to_who_took_over(
    home: Home, tmp_path: Path, uv_backend: str
) -> None:
    begun, going_on = tmp_path / "begun", tmp_path / "on"
    slow = source(
        tmp_path / "slow",
        f"import os, time\nopen({str(begun)!r}, 'w').close()\n"
        f"while not os.path.exists({str(going_on)!r}): time.sleep(0.05)\n"
        "raise SystemExit('this build fails in the end')\n",
    )
    root = home.project(f'[venv]\n{THIS}packages = ["{slow}"]\n{OFFLINE}', "p")
    first = subprocess.Popen(
        [COMMAND, "exec", "--", "python", "-c", "import sys; print(sys.prefix)"],
        cwd=root, env=home.env, stdout=-1, stderr=-1, text=True,
    )  # fmt: skip
    until(begun.exists)
    first.send_signal(signal.SIGSTOP)
    (root / "..venv.autoenv-hpc.lock").unlink()  # its lease has run out
    home.project(f"[venv]\n{THIS}{uv_backend}", "p")
    assert prefix(home, root) == f"{root}/.venv"
    (root / ".venv/mine").write_text("a result")
    first.send_signal(signal.SIGCONT)
    going_on.write_text("")
    out, said = first.communicate()
    assert (first.returncode, out) == (0, f"{root}/.venv\n"), said
    assert (root / ".venv/mine").read_text() == "a result"
    assert sorted(os.listdir(root)) == [".hpcenv.toml", ".venv"]


def test_many_nodes_follow_a_changed_request_once(home: Home, wheelhouse: Path) -> None:
    config = f'[venv]\n{THIS}sync = "auto"\n{wheels(wheelhouse)}'
    root = home.project(f'{config}packages = ["spacy"]\n', "p")
    home.command("prepare", cwd=root)
    home.project(f'{config}packages = ["spacy", "seaborn"]\n', "p")
    words = ["prepare"]  # `exec` takes turns on a node, and the lock decides between nodes
    running = [
        subprocess.Popen([COMMAND, *words], cwd=root, env=home.env, stderr=-1, text=True)
        for _ in range(4)
    ]
    said = [process.communicate()[1] for process in running]
    assert [process.returncode for process in running] == [0] * 4, said
    assert sum(text.count("updating ") for text in said) == 1


def big_wheel(folder: Path, version: int) -> None:
    """A package that takes a while to put in place."""
    folder.mkdir(exist_ok=True)
    info = f"demo-{version}.dist-info"
    names = ["__init__.py", *(f"part{n}.py" for n in range(3000)), "zz_last.py"]
    with zipfile.ZipFile(folder / f"demo-{version}-py3-none-any.whl", "w") as wheel:
        for name in names:
            wheel.writestr(f"demo/{name}", f"v = {version}\n")
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: demo\nVersion: {version}\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        rows = "".join(f"demo/{name},,\n" for name in names)
        wheel.writestr(f"{info}/RECORD", f"{rows}{info}/METADATA,,\n{info}/RECORD,,\n")


@pytest.mark.parametrize("reverted", [True, False])
def test_a_killed_sync_is_noticed_and_the_next_one_mends_it(
    home: Home, tmp_path: Path, reverted: bool
) -> None:
    for version in (1, 2):
        big_wheel(tmp_path / "big", version)
    config = f'[venv]\n{THIS}requirements = ["r.txt"]\n{wheels(tmp_path / "big")}'
    root = home.project(config, "p")
    (root / "r.txt").write_text("demo==1\n")
    home.command("prepare", cwd=root)
    (root / "r.txt").write_text("demo==2\n")
    sync = subprocess.Popen([COMMAND, "sync"], cwd=root, env=home.env, stderr=subprocess.DEVNULL)
    first = next((root / ".venv/lib").glob("python*/site-packages")) / "demo/__init__.py"
    until(lambda: first.exists() and first.read_text() == "v = 2\n")
    sync.kill()
    sync.wait()
    assert record.is_changing(str(root / ".venv"))
    wanted = 1 if reverted else 2
    (root / "r.txt").write_text(f"demo=={wanted}\n")
    assert f"run autoenv-hpc sync -C {root}" in refused(home, root)
    home.command("sync", cwd=root)
    code = "import demo, demo.zz_last; print(demo.v, demo.zz_last.v)"
    done = home.command("exec", "-C", str(root), "--", "python", "-c", code)
    assert (done.stdout, done.stderr) == (f"{wanted} {wanted}\n", "")
    assert sorted(os.listdir(root)) == [".hpcenv.toml", ".venv", "r.txt"]


@pytest.mark.parametrize("shell", SHELLS)
def test_ctrl_c_in_a_build_says_one_line_and_leaves_nothing(
    home: Home, tmp_path: Path, shell: str
) -> None:
    begun = tmp_path / "begun"
    slow = source(
        tmp_path / "slow", f"import time\nopen({str(begun)!r}, 'w').close()\ntime.sleep(600)\n"
    )
    root = home.project(f'[venv]\n{THIS}packages = ["{slow}"]\n{OFFLINE}', "p")
    here = home.shell(shell)
    here.type(f"cd {root}")
    until(begun.exists)
    shown = here.interrupt()
    assert shown.count("interrupted: ") == 1, shown
    assert "`autoenv-hpc reload` tries again" in shown
    assert sorted(os.listdir(root)) == [".hpcenv.toml"]
    assert "VIRTUAL_ENV" not in here.env()


def test_links_under_the_names_beside_an_environment_are_not_followed(
    home: Home, uv_backend: str
) -> None:
    config = f"[venv]\n{THIS}{uv_backend}"
    root, other = home.project(config, "p"), home.project(config, "other")
    for project in (root, other):
        home.command("prepare", cwd=project)
    for end in ("building", "trash", "trash.1"):
        (root / f"..venv.autoenv-hpc.{end}").symlink_to(other / ".venv")
    home.command("rebuild", cwd=root)
    assert prefix(home, root) == f"{root}/.venv"
    beside = Path(relocation.sibling_path(str(root / ".venv")))
    beside.symlink_to(other / ".venv")
    assert f"{beside} already exists" in home.command("rebuild", cwd=root, status=1).stderr
    shutil.rmtree(root / ".venv")
    home.command("prepare", cwd=root)
    assert prefix(home, other) == f"{other}/.venv"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("planted", ["mark", "trash", "sibling"])
def test_what_a_member_of_the_group_moves_there_is_kept(
    home: Home, uv_backend: str, planted: str
) -> None:
    root = home.project(f"[venv]\n{THIS}{uv_backend}", "p")
    home.command("prepare", cwd=root)
    before = (root / ".venv/pyvenv.cfg").stat()
    precious = root / "data"
    precious.mkdir()
    (precious / "file").write_text("data")
    if planted == "mark":
        mark = root / "..venv.autoenv-hpc.building"
        mark.write_text("{}")
        os.chown(mark, 61001, 61001)
        said = home.command("exec", "--", "true", cwd=root, status=125).stderr
        assert "another user's build did not finish" in said
        assert os.path.samestat(before, (root / ".venv/pyvenv.cfg").stat())
        return
    beside = Path(relocation.sibling_path(str(root / ".venv")))
    place = root / "..venv.autoenv-hpc.trash.1" if planted == "trash" else beside
    precious.rename(place)
    home.attempt("rebuild", cwd=root)
    assert (place / "file").read_text() == "data"
