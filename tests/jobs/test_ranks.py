"""Ranks of one step: the first on a node looks at the files, the others read one small note."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from homes import CHECKOUT, COMMAND, MODULE_TOOLS, Home
from ranks import STEP, memory, modulefile, note


@pytest.fixture
def root(home: Home) -> Iterator[Path]:
    """A project that was compiled, and no notes of it but the test's."""
    root = home.project('[env]\nOURS = "1"\n')
    home.command("prepare", cwd=root)
    yield root
    for path in memory().glob(f"step.{STEP['SLURM_JOB_ID']}.*"):
        path.unlink()


def value(home: Home, root: Path, step: dict[str, str] = STEP, status: int = 0) -> str:
    """What a rank gets."""
    words = ("exec", "--", "/bin/bash", "-c", 'printf %s "$OURS"')
    return home.command(*words, cwd=root, status=status, env=step).stdout


def paths(home: Home, root: Path, tmp_path: Path) -> str:
    """The file-system calls of one rank."""
    log = tmp_path / "calls"
    words = [
        "strace",
        "-f",
        "-qq",
        "-e",
        "trace=%file,execve,clone,clone3,vfork",
        "-o",
        str(log),
        COMMAND,
        "exec",
        "--",
        "/bin/true",
    ]
    subprocess.run(words, cwd=root, env=home.env | STEP, check=True)
    return log.read_text()


@pytest.mark.parametrize("tool", MODULE_TOOLS)
def test_the_first_rank_notes_and_the_others_look_at_no_modulefile(
    cluster: Home, tool: str, tmp_path: Path
) -> None:
    file = modulefile(cluster, tool, tmp_path)
    root = cluster.project('modules = ["lib/1.0"]\n', "p")
    cluster.command("prepare", cwd=root)
    try:
        first = paths(cluster, root, tmp_path)
        assert str(file) in first
        assert note(STEP).stat().st_mode & 0o777 == 0o600
        # making the folder and removing what others left are all that may take a process
        started = set(re.findall(r'execve\("([^"]+)', first))
        assert started <= {COMMAND, "/bin/true", "/bin/mkdir", "/bin/rm"}
        second = paths(cluster, root, tmp_path)
        assert not re.search("clone|fork", second)
        assert str(file.parent) not in second
        assert ".cache/autoenv-hpc/activations" not in second
        for always in (".hpcenv.toml", "/allow/", "/deny/"):
            assert always in second
    finally:
        note(STEP).unlink(missing_ok=True)


@pytest.mark.parametrize("tool", ["lmod"])
def test_what_a_note_says_of_modulefiles_is_believed_for_a_minute(
    cluster: Home, tool: str, tmp_path: Path
) -> None:
    file = modulefile(cluster, tool, tmp_path)
    root = cluster.project('modules = ["lib/1.0"]\n', "p")
    words = ("exec", "--", "printenv", "LIB")
    try:
        for _ in range(2):
            assert cluster.command(*words, cwd=root, env=STEP).stdout == "1\n"
        file.write_text('setenv("LIB", "2")\n')
        assert cluster.command(*words, cwd=root, env=STEP).stdout == "1\n"
        text = note(STEP).read_text()
        then = text.split("__autoenv_hpc_now - ")[1].split()[0]
        note(STEP).write_text(text.replace(then, str(int(then) - 61)))
        assert cluster.command(*words, cwd=root, env=STEP).stdout == "2\n"
    finally:
        note(STEP).unlink(missing_ok=True)


def test_an_edit_and_a_decision_are_seen_at_once(home: Home, root: Path) -> None:
    assert value(home, root) == "1"
    (root / ".hpcenv.toml").write_text('[env]\nOURS = "2"\n')
    value(home, root, status=125)
    home.command("allow", str(root))
    assert value(home, root) == "2"
    inner = root / "inner"
    inner.mkdir()
    assert value(home, inner) == "2"
    (inner / ".hpcenv.toml").write_text('[env]\nOURS = "3"\n')
    home.command("allow", str(inner))
    assert value(home, inner) == "3"
    home.command("deny", str(root))
    value(home, root, status=125)


def test_an_environment_that_is_gone_is_built_again(home: Home, uv_backend: str) -> None:
    root = home.project(f"[venv]\n{uv_backend}", "p")
    words = ("exec", "--", "python", "-c", "import sys; print(sys.prefix)")
    try:
        for _ in range(2):
            home.command(*words, cwd=root, env=STEP)
        assert note(STEP).exists()
        shutil.rmtree(root / ".venv")
        assert home.command(*words, cwd=root, env=STEP).stdout == f"{root}/.venv\n"
    finally:
        note(STEP).unlink(missing_ok=True)


ALONE: list[dict[str, str]] = [
    {"SLURM_STEP_NUM_TASKS": "1"},
    {"SLURM_STEP_NUM_TASKS": "8", "SLURM_STEP_TASKS_PER_NODE": "1(x8)"},
    {"OMPI_COMM_WORLD_LOCAL_SIZE": "1"},
    {"MPI_LOCALNRANKS": "1"},
]
TOGETHER: list[dict[str, str]] = [
    {},
    {"SLURM_STEP_NUM_TASKS": "3", "SLURM_STEP_TASKS_PER_NODE": "1(x2),2"},
    {"SLURM_STEP_NUM_TASKS": "11", "SLURM_STEP_TASKS_PER_NODE": "11"},
]


@pytest.mark.parametrize("tasks", [*ALONE, *TOGETHER])
def test_a_task_that_is_alone_on_its_node_leaves_no_note(
    home: Home, root: Path, tasks: dict[str, str]
) -> None:
    assert value(home, root, STEP | tasks) == "1"
    assert note(STEP).exists() == (tasks in TOGETHER)


def test_who_leaves_a_note_removes_old_ones(home: Home, root: Path) -> None:
    killed = subprocess.run(["sh", "-c", "echo $$"], capture_output=True, text=True, check=True)
    turn = memory() / f"turn.t{os.getpid()}"
    turn.write_text(killed.stdout)
    for step in range(5):
        assert value(home, root, STEP | {"SLURM_STEP_ID": str(step)}) == "1"
        left = note(STEP | {"SLURM_STEP_ID": str(step)})
        first = left.read_text().partition("\n")[0]
        left.write_text(left.read_text().replace(first, f"# {int(first[2:]) - 61}", 1))
        notes = [*memory().glob(f"step.{STEP['SLURM_JOB_ID']}.*")]
        assert notes == [left]
    assert not turn.exists()


def test_many_steps_leave_a_handful_of_notes(home: Home, root: Path) -> None:
    for step in range(20):
        assert value(home, root, STEP | {"SLURM_STEP_ID": str(step)}) == "1"
        assert note(STEP | {"SLURM_STEP_ID": str(step)}).exists()
        assert len([*memory().glob(f"step.{STEP['SLURM_JOB_ID']}.*")]) <= 8


@pytest.mark.parametrize("damage", ["cut short", "empty", "foreign", "link", "other folder"])
def test_a_note_that_is_not_ours_or_not_whole_is_not_read(
    home: Home, root: Path, damage: str, tmp_path: Path
) -> None:
    assert value(home, root) == "1"
    path = note(STEP)
    evil = path.read_text().replace("OURS='1'", "OURS='evil'")
    assert "evil" in evil
    if damage == "cut short":
        path.write_text(evil[: evil.index("OURS='evil'") + 8])
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
    assert value(home, root) == "1"


@pytest.mark.parametrize("planted", ["nothing", "link", "file", "foreign"])
def test_notes_are_in_a_folder_of_ones_own(
    home: Home, root: Path, planted: str, tmp_path: Path
) -> None:
    shm, elsewhere = tmp_path / "shm", tmp_path / "elsewhere"
    shm.mkdir()
    elsewhere.mkdir()
    command = changed_command(tmp_path, "/dev/shm", str(shm))
    ours = shm / f"autoenv-hpc.{os.getuid()}"
    if planted == "link":
        ours.symlink_to(elsewhere)
    elif planted == "file":
        ours.touch()
    elif planted == "foreign":
        if os.getuid() != 0:
            pytest.skip("only root can give a folder away")
        ours.mkdir(mode=0o777)
        os.chown(ours, 65534, -1)
    line = [command, "exec", "--", "/bin/bash", "-c", 'printf %s "$OURS"']
    for _ in range(2):
        done = subprocess.run(
            line, cwd=root, env=home.env | STEP | {"TMPDIR": "/nonexistent"}, capture_output=True,
            text=True, check=True,
        )  # fmt: skip
        assert (done.stdout, done.stderr) == ("1", "")
    assert not [*elsewhere.iterdir()]
    if planted == "nothing":
        assert ours.stat().st_mode & 0o777 == 0o700
        assert [*ours.iterdir()]
    elif planted != "file":
        assert not [*ours.iterdir()]


@pytest.mark.parametrize("turn", ["0:input", "3:", "2:/", "99999999999999999999:x", "²:x", "1:x"])
def test_a_turn_that_was_not_taken_here_is_not_believed(home: Home, root: Path, turn: str) -> None:
    file = home.folder / "input"
    file.write_text("data")
    for more in ((), ("--fresh",)):
        with file.open() as stdin:
            done = subprocess.run(
                [COMMAND, "exec", *more, "--", "sh", "-c", "cat; echo ${AUTOENV_HPC_TURN-none}"],
                cwd=root, env=home.env | {"AUTOENV_HPC_TURN": turn.replace("input", str(file))},
                stdin=stdin, capture_output=True, text=True, check=True,
            )  # fmt: skip
        assert (done.stdout, done.stderr) == ("datanone\n", "")
    assert file.exists()


def test_the_umask_is_the_users_own_and_old_notes_go(home: Home, root: Path) -> None:
    words = ["bash", "-c", f'umask 027; "{COMMAND}" exec -- bash -c umask']
    out = subprocess.run(
        words, cwd=root, env=home.env | STEP, check=True, capture_output=True, text=True
    )
    assert out.stdout == "0027\n"
    os.utime(note(STEP), (1, 1))
    home.command("exec", "--fresh", "--", "true", cwd=root)
    assert not note(STEP).exists()


def counting(cluster: Home, tool: str, tmp_path: Path, more: str = "") -> Path:
    """A module tool that notes each of its runs; returns where."""
    name = "LMOD_CMD" if tool == "lmod" else "MODULES_CMD"
    log, front, real = tmp_path / "log", tmp_path / "front", cluster.env[name]
    # Of Environment Modules the listener would find the program by its name in the script, and start
    # that instead: so the name is in two parts.
    behind = f"""exec tclsh "{real.removesuffix(".tcl")}"'.tcl' """
    start = f'exec "{real}"' if tool == "lmod" else behind.rstrip()
    front.write_text(f'#!/bin/sh\necho "$$ $PPID" >> "{log}"\n{more}\n{start} "$@"\n')
    front.chmod(0o755)
    cluster.env |= {n: v.replace(real, str(front)) for n, v in cluster.env.items() if real in v}
    return log


def ranks(cluster: Home, root: Path, number: int, *words: str) -> list[subprocess.Popen[str]]:
    """Many calls of `exec` at once, each from a folder of its own."""
    processes = []
    for i in range(number):
        (root / f"run{i}").mkdir()
        processes.append(
            subprocess.Popen(
                [COMMAND, "exec", "--", *words], cwd=root / f"run{i}", env=cluster.env,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )
        )  # fmt: skip
    return processes


@pytest.mark.parametrize("tool", MODULE_TOOLS)
@pytest.mark.parametrize("storable", [True, False])
def test_of_many_at_once_one_loads_the_modules(
    cluster: Home, tool: str, storable: bool, tmp_path: Path
) -> None:
    file = modulefile(cluster, tool, tmp_path)
    if not storable:  # it asks for the time
        with file.open("a") as text:
            text.write("local t = os.time()\n" if tool == "lmod" else "set t [clock seconds]\n")
    os.utime(file, (1, 1))
    root = cluster.project('modules = ["lib/1.0"]\n', "p")
    log = counting(cluster, tool, tmp_path, "sleep 2")
    calls = ranks(cluster, root, 12, "/bin/bash", "-c", 'echo "$LIB ${AUTOENV_HPC_TURN-} $SHLVL"')
    said = [process.communicate() for process in calls]
    level = int(cluster.env.get("SHLVL", "0"))
    assert {out for out, _ in said} == {f"1  {level + 1}\n"}, said
    runs = len(log.read_text().splitlines())
    assert (runs == 1) if storable else (3 <= runs <= 12)


def lock_of(root: Path) -> Path:
    """The file on which those who want the same project wait for each other."""
    name = re.sub("[^a-zA-Z0-9.]", "_", str(root))[-120:]
    return memory() / f"turn.{name}"


def test_a_turn_leaves_nothing(home: Home) -> None:
    root = home.project('[env]\nOURS = "1"\n')
    line = 'echo "${AUTOENV_HPC_TURN-none}"; ls -l /proc/$$/fd'
    said = home.command("exec", "--", "/bin/bash", "-c", line, cwd=root).stdout
    assert said.startswith("none\n")
    assert "/dev/shm" not in said
    assert not lock_of(root).exists()


@pytest.mark.parametrize("damage", ["foreign", "link", "no lock", "no flock(1)"])
def test_without_a_turn_to_be_had_everybody_works(home: Home, damage: str, tmp_path: Path) -> None:
    root = home.project('[env]\nOURS = "1"\n')
    lock, command = lock_of(root), COMMAND
    try:
        if damage == "link":
            (tmp_path / "theirs").touch()
            lock.symlink_to(tmp_path / "theirs")
        elif damage == "foreign":
            if os.getuid() != 0:
                pytest.skip("only root can give a file away")
            lock.touch()
            os.chown(lock, 65534, -1)
        elif damage == "no lock":
            lock.mkdir()
        else:
            command = changed_command(tmp_path, "/usr/bin/flock", "/nonexistent/flock")
        line = [command, "exec", "--", "/bin/bash", "-c", 'printf %s "$OURS"']
        done = subprocess.run(
            line, cwd=root, env=home.env, capture_output=True, text=True, check=True
        )
        assert (done.stdout, done.stderr) == ("1", "")
    finally:
        if lock.is_dir() and not lock.is_symlink():
            lock.rmdir()
        lock.unlink(missing_ok=True)


def changed_command(tmp_path: Path, old: str, new: str) -> str:
    """The command with a part of its text exchanged."""
    text = Path(COMMAND).read_text()
    assert old in text
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin/autoenv-hpc"
    script.write_text(text.replace(old, new))
    script.chmod(0o755)
    (tmp_path / "bin/python3").symlink_to(sys.executable)
    for folder in ("autoenv_hpc", "shell"):
        (tmp_path / folder).symlink_to(CHECKOUT / folder)
    return str(script)


@pytest.mark.parametrize("tool", ["lmod"])
def test_of_one_that_was_stopped_nobody_waits_for_ever(
    cluster: Home, tool: str, tmp_path: Path
) -> None:
    modulefile(cluster, tool, tmp_path)
    root = cluster.project('modules = ["lib/1.0"]\n', "p")
    log = counting(cluster, tool, tmp_path, "[ -e $0.second ] || { : > $0.second; sleep 100; }")
    (stopped,) = ranks(cluster, root, 1, "true")
    try:
        while not log.exists():
            time.sleep(0.05)
        os.kill(stopped.pid, signal.SIGSTOP)
        command = changed_command(tmp_path, "-w 58", "-w 1")
        line = [command, "exec", "--", "/bin/bash", "-c", 'printf %s "$LIB"']
        done = subprocess.run(
            line, cwd=root, env=cluster.env, capture_output=True, text=True, check=False
        )
    finally:
        stopped.kill()
        lock_of(root).unlink(missing_ok=True)
    assert done.stdout == "1", done.stderr
    waiting = f"waiting for process {stopped.pid}, which enters the same project"
    assert done.stderr == f"autoenv-hpc: {waiting}\n"


@pytest.mark.parametrize("tool", ["lmod"])
def test_when_the_one_that_loads_is_killed_another_goes_on(
    cluster: Home, tool: str, tmp_path: Path
) -> None:
    modulefile(cluster, tool, tmp_path)
    root = cluster.project('modules = ["lib/1.0"]\n', "p")
    log = counting(cluster, tool, tmp_path, "sleep 4")
    calls = ranks(cluster, root, 6, "/bin/bash", "-c", 'echo "$LIB"')
    while not log.exists():
        time.sleep(0.05)
    working = int(log.read_text().split()[1])  # the scratch bash
    parent = int(Path(f"/proc/{working}/stat").read_text().rpartition(")")[2].split()[1])
    killed = next(process for process in calls if process.pid == parent)
    killed.kill()
    said = [process.communicate() for process in calls if process is not killed]
    assert {out for out, _ in said} == {"1\n"}, said
    assert any("waiting for process" in errors for _, errors in said)


def test_the_command_gets_its_signals_as_they_were(home: Home, root: Path) -> None:
    for more in ((), ("--fresh",)):
        done = home.attempt("exec", *more, "--", "/bin/bash", "-c", "kill -PIPE $$", cwd=root)
        assert done.returncode == -13
