"""Faults in the system calls with which a command changes files, injected one after the other.

strace makes one call fail, or kills the process there. A test runs the command once to learn its
calls, and then once for each fault.
"""

import os
import random
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

KINDS = ("EIO", "ENOSPC", "EROFS", "KILL")
# Calls that change a file; `openat` only if it may create or write one.
_CALLS = (
    "openat", "open", "creat", "mkdir", "mkdirat", "rename", "renameat", "renameat2", "unlink",
    "unlinkat", "rmdir", "link", "linkat", "symlink", "symlinkat", "write", "pwrite64", "fsync",
    "fdatasync", "ftruncate", "chmod", "fchmod", "fchmodat", "utimensat",
)  # fmt: skip
_LINE = re.compile(r"(?:(?P<pid>\d+) +)?(?P<call>\w+)\((?P<words>.*)")
_OPENS = ("openat", "open")
_WANTED = os.environ.get("FAULTS", "3")  # faults of each action; 1: all of them


class Fault(NamedTuple):
    """One call that goes wrong: the `number`th of its name in a process, from 1."""

    call: str
    number: int
    kind: str

    @property
    def words(self) -> list[str]:
        """The options of strace."""
        how = "signal=KILL" if self.kind == "KILL" else f"error={self.kind}"
        return ["-e", f"trace={self.call}", "-e", f"inject={self.call}:{how}:when={self.number}"]


def strace(words: Sequence[str], options: Sequence[str], log: str = "/dev/null") -> list[str]:
    """A command under strace, together with what it starts."""
    return ["strace", "-f", "-qq", "-o", log, *options, *words]


def faults(
    words: Sequence[str], env: Mapping[str, str], cwd: Path, log: Path, below: Path
) -> list[Fault]:
    """The faults of a command that works: all, or as many as FAULTS says, always the same.

    :param log: a file for the trace.
    :param below: the folder whose files matter; others, such as pipes, are left alone.
    """
    options = ["-y", "-e", f"trace={','.join(_CALLS)}"]
    subprocess.run(
        strace(words, options, str(log)), env=dict(env), cwd=cwd, check=True, capture_output=True,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    counts: dict[tuple[str, str], int] = {}
    calls: set[tuple[str, int]] = set()
    for line in log.read_text(errors="replace").splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        key = (match["pid"] or "", match["call"])
        counts[key] = counts.get(key, 0) + 1
        is_change = match["call"] not in _OPENS or re.search("O_WRONLY|O_RDWR", line)
        if is_change and str(below) in line:
            calls.add((match["call"], counts[key]))
    found = [Fault(*call, kind) for call in sorted(calls) for kind in KINDS]
    assert found, "the command changes no file"
    number = len(found) if _WANTED == "1" else min(int(_WANTED), len(found))
    print(f"{number} of {len(found)} faults in {' '.join(words)}")  # noqa: T201 - for `make proof`
    return sorted(random.Random(len(found)).sample(found, number))


class Snapshot:
    """A folder that can be put back to its state before each fault."""

    def __init__(self, folder: Path, kept: Path) -> None:
        self._folder, self._kept = folder, kept
        shutil.copytree(folder, kept, symlinks=True)

    def restore(self) -> None:
        """Put everything back, with the times of modification."""
        shutil.rmtree(self._folder)
        shutil.copytree(self._kept, self._folder, symlinks=True)
