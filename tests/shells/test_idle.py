"""Nothing is started that is not needed: system calls counted in real shells with strace."""

import re
import subprocess
import time
from pathlib import Path

import pytest
from homes import COMMAND, MODULE_TOOLS, SHELLS, Home
from sessions import Shell

STARTED = re.compile(r"\b(?:execve|fork|vfork|clone|clone3)\(")
OPENED = re.compile(r"\bopen(?:at|at2)?\(")


def traced(shell: Shell, log: Path, lines: list[str]) -> str:
    """The calls that a shell and its children make while lines are typed."""
    pid = shell.output("echo $fish_pid" if shell.name == "fish" else "echo $$").strip()
    calls = "trace=execve,fork,vfork,clone,clone3,open,openat,openat2"
    tracer = subprocess.Popen(
        ["strace", "-f", "-q", "-e", calls, "-o", log, "-p", pid], stderr=subprocess.PIPE
    )
    for _ in range(100):
        if Path(f"/proc/{pid}/status").read_text().split("TracerPid:\t")[1].split("\n")[0] != "0":
            break
        time.sleep(0.05)
    for line in lines:
        shell.run(line)
    tracer.terminate()
    tracer.wait()
    # Without the line's own redirection, and the threads and history files of fish itself.
    noise = ("/.session/", "/dev/tty", "CLONE_THREAD", "fish_history", "O_DIRECTORY")
    return "\n".join(
        line for line in log.read_text().splitlines() if not any(n in line for n in noise)
    )


def baseline(home: Home, shell: str, log: Path, lines: list[str]) -> str:
    """The same without our hook."""
    return traced(home.shell(shell, AUTOENV_HPC_DISABLE="1"), log, lines)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("tool", MODULE_TOOLS)
def test_an_idle_prompt_starts_no_process_and_opens_no_file(
    cluster: Home, shell: str, tool: str, tmp_path: Path
) -> None:
    root = cluster.project('modules = ["python/3.9.5"]\n[env]\nX = "1"\n')
    idle = ["", ":", "", ":"]
    expected = baseline(cluster, shell, tmp_path / "without", idle)
    for folder in (cluster.folder, root):
        here = cluster.shell(shell, cwd=folder)
        here.run("true")
        calls = traced(here, tmp_path / "with", idle)
        assert not STARTED.findall(calls), calls
        assert len(OPENED.findall(calls)) <= len(OPENED.findall(expected)), calls


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("tool", MODULE_TOOLS)
def test_what_was_seen_before_is_entered_and_left_without_a_process(
    cluster: Home, shell: str, tool: str, tmp_path: Path
) -> None:
    cluster.project('modules = ["python/3.9.5", "samtools/1.12"]\n[venv]\n[env]\nX = "1"\n', "p")
    here = cluster.shell(shell)
    for line in ("cd p", "cd ..", "cd p", "cd .."):
        here.run(line)
    calls = traced(here, tmp_path / "calls", ["cd p", "cd ..", "cd p", "cd .."])
    assert not STARTED.findall(calls), calls
    here.run("cd p")
    assert here.env()["SAMTOOLS_ROOT"] == "/opt/samtools"


@pytest.mark.parametrize("command", ["/bin/true", "true"])
@pytest.mark.parametrize("tool", MODULE_TOOLS)
def test_exec_of_what_was_seen_before_starts_nothing_but_the_command(
    cluster: Home, tool: str, command: str, tmp_path: Path
) -> None:
    root = cluster.project('modules = ["python/3.9.5", "samtools/1.12"]\n[venv]\n', "p")
    cluster.command("prepare", cwd=root)
    log = tmp_path / "calls"
    calls = "trace=execve,fork,vfork,clone,clone3"
    words = ["strace", "-f", "-q", "-e", calls, "-o", str(log), COMMAND, "exec", "--", command]
    subprocess.run(words, cwd=root, env=cluster.env, check=True)
    text = log.read_text()
    # the command's script, and CMD in its place
    assert len(re.findall(r"execve\(.*= 0", text)) == 2, text
    assert not re.findall(r"(?:fork|clone3?)\(", text), text
