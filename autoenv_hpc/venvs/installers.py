"""The execution of the programs that build environments."""

import contextlib
import os
import re
import signal
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from autoenv_hpc.errors import VenvError
from autoenv_hpc.venvs.types import Command

if TYPE_CHECKING:
    import threading

    from autoenv_hpc.venvs.build_log import Log

_LINES = 4  # of a program's output in a message
_LONGEST = 300  # characters of such a line
# The lines that name the cause of an installer's failure.
_CAUSE = re.compile(r"(?i)error\b|cause:|because|cannot|could not|no space|denied|failed")
# Those of a compiler, a linker or a build system, which other lines only repeat.
_FIRST_CAUSE = re.compile(
    r"^[^\s:]+:\d+(:\d+)?: (fatal )?error|undefined reference|\bld(\.\w+)?: |command not found"
    r"|CMake Error|configure: error|^error\[\w+\]|^[\w.]*(Error|Exception): "
)
# What pip says around the output of a build that failed.
_AROUND = re.compile(
    r"note: This |hint: See above|error: (metadata-generation-failed|subprocess-exited-with-error"
    r"|failed-wheel-build)|[\u00d7\u2570\u2502]|exit code: |\[end of output\]"
    r"|(ERROR: )?(Failed (to build|building)|Could not build wheels)|subprocess.CalledProcessError"
)
_WATCH = 1.0  # seconds between two looks at the lock
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
    r"No module named '?pip'?$": "this environment has no pip: run `bin/python -m ensurepip` in it,"
    " or autoenv-hpc rebuild",
    "from versions: none|not found in the package registry": "check the name in [venv];"
    " without a network, run autoenv-hpc prepare where there is one",
    "No matching distribution found": "check the version in [venv]",
    "Invalid requirement": 'a version needs ==, as in "numpy==1.26.4"',
    "ensurepip is not available|No module named '?ensurepip": "this Python has no ensurepip:"
    ' install its venv package, or set backend = "virtualenv" in [venv]',
}
# Without a network, conda reports each package that it has not downloaded as missing.
_NOT_DOWNLOADED = re.compile(r"NotFound|not available|not found|nothing provides|does not exist")
_OFFLINE = ("CONDA_OFFLINE", "MAMBA_OFFLINE")


def follow(
    command: Command,
    folder: str,
    report: Callable[[str], None],
    log: "Log",
    is_lost: Callable[[], bool],
) -> None:
    """Run a program, and report and log each line that it prints.

    :param folder: the working directory if the command has none.
    :param report: receives each line that is not blank, without surrounding spaces; of a traceback,
        only the last.
    :param is_lost: whether the program must not go on; it is then killed.
    :raises VenvError: the program failed; the message has the lines that matter, with a remedy if
        this module knows one.
    """
    import subprocess  # noqa: PLC0415 - only a build needs it

    words, env, _ = command
    lines: list[str] = []
    log.begin(words)
    with _group(is_lost) as group:
        child = subprocess.Popen(
            words,
            env=env,
            cwd=command.folder or folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=group,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        assert child.stdout is not None
        in_traceback = False
        for line in child.stdout:
            log.write(line)
            text = line.strip()
            in_traceback = text.startswith("Traceback (") or (in_traceback and line[0].isspace())
            if text:
                lines.append(text)
            if text and not in_traceback:
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
        r
        for pattern, r in _REMEDIES.items()
        if re.search(pattern, "\n".join(lines), re.IGNORECASE | re.MULTILINE)
    ]
    causes = [
        line
        for above, line in zip(["", *lines], lines, strict=False)
        if _CAUSE.search(line) or (above.endswith(":") and _CAUSE.search(above))
    ]
    causes = [line for line in causes if not _AROUND.match(line)] or causes or lines
    causes = list(dict.fromkeys(causes))
    first = [line for line in causes if _FIRST_CAUSE.search(line)][:_LINES]
    rest = [line for line in causes if line not in first]
    shown = {*first, *rest[len(rest) - (_LINES - len(first)) :]} if len(causes) > _LINES else causes
    # A line that is a message of this function has been shortened already.
    told = [line[: _LONGEST * (_LINES if " | " in line else 1)] for line in causes if line in shown]
    last = " | ".join(told) or f"{_ending(status)}, without any output"
    return f"{last} ({remedies[0]})" if remedies and remedies[0] not in last else last


def _ending(status: int) -> str:
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"


@contextlib.contextmanager
def _group(is_lost: Callable[[], bool]) -> Iterator[int]:
    """A process group that ends with this process, however it ends, or when the lock is lost."""
    import subprocess  # noqa: PLC0415 - only a build needs it
    import threading  # noqa: PLC0415 - only a build needs it

    reading, writing = os.pipe()
    watchdog = subprocess.Popen(
        _WATCHDOG,
        stdin=reading,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    )
    os.close(reading)
    done = threading.Event()
    threading.Thread(target=_watch, args=(is_lost, done, watchdog.pid), daemon=True).start()
    try:
        yield watchdog.pid
    finally:
        done.set()
        _kill(watchdog.pid)
        watchdog.wait()
        os.close(writing)


def _watch(is_lost: Callable[[], bool], done: "threading.Event", group: int) -> None:
    while not done.wait(_WATCH):
        if is_lost():
            _kill(group)
            return


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
