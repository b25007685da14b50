"""The programs that build, followed line by line."""

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import VenvError
from autoenv_hpc.venvs.types import Command

_LAST_LINES = 4
# What a person would look for among the last lines of an installer.
_TELLING = re.compile(r"(?i)error\b|cause:|because|cannot|could not|no space|denied|failed")
# Its input ends when this process does. Then it kills its whole process group.
_WATCHDOG = ["/bin/sh", "-c", "read -r _; kill -9 0"]
_NETWORK = "no network here: run `autoenv-hpc prepare` where there is one, on a login node"
_REMEDIES = {
    "name resolution|NameResolutionError|Could not resolve host|dns error": _NETWORK,
    "NewConnectionError|Network is unreachable|No route to host|Connection refused": _NETWORK,
    "Connection timed out|ConnectTimeout|Max retries|error sending request": _NETWORK,
    "HTTP 000 CONNECTION FAILED|network was disabled|OfflineError": _NETWORK,
    "No space left on device|Disk quota exceeded": "no space: make room, or set path in [venv]",
    "Permission denied|Read-only file system": "it may not be written there: set path in [venv]",
    "ensurepip is not available|No module named '?ensurepip": "this Python cannot make one:"
    ' install its venv package, or use backend = "virtualenv"',
}
# Without a network, conda reports packages as missing that it never downloaded.
_MISSED = re.compile(r"NotFound|not available|not found|nothing provides|does not exist")
_OFFLINE = ("CONDA_OFFLINE", "MAMBA_OFFLINE")


def follow(words: Sequence[str], env: Env, folder: str, told: Callable[[str], None]) -> None:
    """Run a program to its end and pass on each line that it prints.

    :raises VenvError: it failed; the message has its last lines, and a remedy if one is known.
    """
    said: list[str] = []
    with _group() as group:
        child = subprocess.Popen(
            words,
            env=env,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=group,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        assert child.stdout is not None
        for line in child.stdout:
            text = line.strip()
            if text:
                said.append(text)
                told(text)
        status = child.wait()
    if status:
        offline = "--offline" in words or any(
            env.get(name, "").lower() in ("1", "true", "yes", "on") for name in _OFFLINE
        )
        if offline and _MISSED.search("\n".join(said)):
            said.append("the network was disabled")
        raise VenvError(explained(said, status))


def output(command: Command) -> str:
    """The output of a program.

    :raises VenvError: it failed.
    """
    done = subprocess.run(
        command.words, env=command.env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        errors="surrogateescape", check=False, cwd=command.folder or "/",
    )  # fmt: skip
    if done.returncode:
        raise VenvError(explained(done.stderr.split("\n"), done.returncode))
    return done.stdout


def explained(said: Sequence[str], status: int) -> str:
    """The last lines that a program printed, with a remedy if one is known."""
    lines = [line.strip() for line in said if line.strip()]
    remedies = [
        r for pattern, r in _REMEDIES.items() if re.search(pattern, "\n".join(lines), re.IGNORECASE)
    ]
    telling = [
        line
        for above, line in zip(["", *lines], lines, strict=False)
        if _TELLING.search(line) or (above.endswith(":") and _TELLING.search(above))
    ]
    last = " | ".join((telling or lines)[-_LAST_LINES:]) or f"{_ended(status)}, without a word"
    return f"{last} ({remedies[0]})" if remedies and remedies[0] not in last else last


def _ended(status: int) -> str:
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"


@contextlib.contextmanager
def _group() -> Iterator[int]:
    """A process group that ends with this process, however it ends."""
    reading, writing = os.pipe()
    watchdog = subprocess.Popen(
        _WATCHDOG,
        stdin=reading,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    )
    os.close(reading)
    try:
        yield watchdog.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(watchdog.pid, signal.SIGKILL)
        watchdog.wait()
        os.close(writing)
