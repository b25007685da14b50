"""The execution of the programs that build environments."""

import contextlib
import os
import re
import signal
from collections.abc import Callable, Iterator, Sequence

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import VenvError
from autoenv_hpc.venvs.types import Command

_LAST_LINES = 4
# The lines that name the cause of an installer's failure.
_CAUSE = re.compile(r"(?i)error\b|cause:|because|cannot|could not|no space|denied|failed")
# A shell whose input ends when this process does; it then kills its whole process group.
_WATCHDOG = ["/bin/sh", "-c", "read -r _; kill -9 0"]
_NETWORK = "no network: run `autoenv-hpc prepare` on a node that has one, such as a login node"
_REMEDIES = {
    "name resolution|NameResolutionError|Could not resolve host|dns error": _NETWORK,
    "NewConnectionError|Network is unreachable|No route to host|Connection refused": _NETWORK,
    "Connection timed out|ConnectTimeout|Max retries|error sending request": _NETWORK,
    "HTTP 000 CONNECTION FAILED|network was disabled|OfflineError": _NETWORK,
    "No space left on device|Disk quota exceeded": "no space left:"
    " delete files, or set path in [venv]",
    "Permission denied|Read-only file system": "this folder is not writable: set path in [venv]",
    "ensurepip is not available|No module named '?ensurepip": "this Python has no ensurepip:"
    ' install its venv package, or set backend = "virtualenv" in [venv]',
}
# Without a network, conda reports each package that it has not downloaded as missing.
_NOT_DOWNLOADED = re.compile(r"NotFound|not available|not found|nothing provides|does not exist")
_OFFLINE = ("CONDA_OFFLINE", "MAMBA_OFFLINE")


def follow(words: Sequence[str], env: Env, folder: str, report: Callable[[str], None]) -> None:
    """Run a program and report each line that it prints.

    :param report: receives each line that is not blank, without surrounding spaces.
    :raises VenvError: the program failed; the message has its last lines, with a remedy if this
        module knows one.
    """
    import subprocess  # noqa: PLC0415 - only a build needs it

    lines: list[str] = []
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
                lines.append(text)
                report(text)
        status = child.wait()
    if status:
        offline = "--offline" in words or any(
            env.get(name, "").lower() in ("1", "true", "yes", "on") for name in _OFFLINE
        )
        if offline and _NOT_DOWNLOADED.search("\n".join(lines)):
            lines.append("the network was disabled")
        raise VenvError(explanation(lines, status))


def output(command: Command) -> str:
    """What a program writes to stdout.

    :raises VenvError: the program failed.
    """
    import subprocess  # noqa: PLC0415 - only a build needs it

    done = subprocess.run(
        command.words, env=command.env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        errors="surrogateescape", check=False, cwd=command.folder or "/",
    )  # fmt: skip
    if done.returncode:
        raise VenvError(explanation(done.stderr.split("\n"), done.returncode))
    return done.stdout


def explanation(output_lines: Sequence[str], status: int) -> str:
    """A one-line message from a program's output, with a remedy if this module knows one.

    :param status: the exit status; if negative, the signal that killed the program.
    """
    lines = [line.strip() for line in output_lines if line.strip()]
    remedies = [
        r for pattern, r in _REMEDIES.items() if re.search(pattern, "\n".join(lines), re.IGNORECASE)
    ]
    causes = [
        line
        for above, line in zip(["", *lines], lines, strict=False)
        if _CAUSE.search(line) or (above.endswith(":") and _CAUSE.search(above))
    ]
    last = " | ".join((causes or lines)[-_LAST_LINES:]) or f"{_ending(status)}, without any output"
    return f"{last} ({remedies[0]})" if remedies and remedies[0] not in last else last


def _ending(status: int) -> str:
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"


@contextlib.contextmanager
def _group() -> Iterator[int]:
    """A process group that ends with this process, however it ends."""
    import subprocess  # noqa: PLC0415 - only a build needs it

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
