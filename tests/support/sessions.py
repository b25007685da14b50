"""Interactive shells in a pseudo-terminal, controlled line by line."""

import contextlib
import difflib
import shlex
import time
from pathlib import Path
from typing import Any

import pexpect

Snapshot = dict[str, Any]  # the variables, and what some commands print
TIMEOUT = 90  # seconds for one line, which may be a build on a busy machine

# The commands whose output must be the same before entering and after leaving.
_SNAPSHOT = {
    "bash": [
        "alias -p", "declare -f", "set +o", "shopt -p", "trap -p", "complete -p", "umask",
        'printf "%s\\n" "$PS1" "${PROMPT_COMMAND[@]}"', "declare -p",
    ],
    "zsh": [
        "alias -L", "typeset -f", "setopt", "trap", "umask", 'print -rl -- "$PS1" $precmd_functions',
        "typeset -p",
    ],
    "fish": ["functions | string split ,", "functions fish_prompt", "trap -p", "umask", "set -g"],
}  # fmt: skip
_RUN = {
    "bash": ["--noprofile", "-i"],
    "zsh": ["-i"],
    "fish": ["-i"],
}
# Variables that the shell itself sets, and changes with every line.
_RESTLESS = (
    "_", "BASH_ALIASES", "PIPESTATUS", "pipestatus", "RANDOM", "SRANDOM", "SECONDS", "EPOCHREALTIME", "EPOCHSECONDS", "LINENO",
    "BASH_ARGC", "BASH_ARGV", "BASH_LINENO", "BASH_SOURCE", "FUNCNAME", "HISTCMD", "BASH_COMMAND", "history",
    "status", "?", "LINES", "COLUMNS", "OLDPWD", "PWD", "SHLVL", "DIRSTACK", "BASH_MONOSECONDS", "TTYIDLE",
    "status_generation", "CMD_DURATION", "__fish_last_bind_mode", "STATUS", "BASHPID", "dirstack", "fish_kill_signal",
    "BASH_SUBSHELL", "ERRNO", "dirprev", "dirnext", "__fish_cd_direction", "BASH_REMATCH", "_fish_abbr", "MATCH", "MBEGIN", "MEND", "match", "mbegin", "mend",
)  # fmt: skip

# What simulates a prompt in each shell, and the options that skip the rc files.
TICK = {"bash": "__autoenv_hpc_prompt", "zsh": "__autoenv_hpc_precmd", "fish": "emit fish_prompt"}
PLAIN = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["-N"]}


class Shell:
    """One interactive shell with an rc file."""

    def __init__(
        self, name: str, home: Path, env: dict[str, str], cwd: Path, program: str = ""
    ) -> None:
        self.name = name
        self._folder = home / ".session"
        self._folder.mkdir(exist_ok=True)
        self._count = 0
        self._sync = self._folder / f"sync-{time.monotonic_ns()}"
        self._child = pexpect.spawn(
            program or name, _RUN[name], env=env, cwd=str(cwd), encoding="utf-8", codec_errors="replace",
            dimensions=(50, 400), timeout=TIMEOUT,
        )  # fmt: skip
        self._child.delaybeforesend = None  # pexpect waits for programs that switch the echo off
        self.greeting = self._await()

    def run(self, line: str, *, timeout: float = TIMEOUT) -> str:
        """Type one line; return what the terminal shows until the next prompt."""
        self._child.sendline(line)
        return self._await(timeout)

    def type(self, line: str) -> None:
        """Type one line without waiting."""
        self._child.sendline(line)

    def interrupt(self) -> str:
        """Press Ctrl-C and wait for the prompt."""
        self._child.sendintr()
        time.sleep(0.2)
        return self._await()

    def output(self, command: str) -> str:
        """The output of a command on stdout and stderr, written to a file instead of the terminal."""
        path = self._folder / "output"
        start, end = ("begin;", "end") if self.name == "fish" else ("{", "}")
        self.run(f"{start} {command}; {end} > {shlex.quote(str(path))} 2>&1")
        return path.read_bytes().decode(errors="surrogateescape")

    def env(self) -> dict[str, str]:
        """The exported variables, without those that the shell itself sets."""
        fields = self.output("command env -0").split("\0")
        pairs = (field.split("=", 1) for field in fields if "=" in field)
        return {
            name: value
            for name, value in pairs
            if name not in ("_", "SHLVL", "PWD", "OLDPWD", "COLUMNS", "LINES")
        }

    def snapshot(self) -> Snapshot:
        """All that leaving must restore."""
        state: Snapshot = {"env": self.env()}
        for command in _SNAPSHOT[self.name]:
            state[command] = _steady(self.output(command))
        return state

    def close(self) -> None:
        """End the shell."""
        with contextlib.suppress(OSError):
            self._child.close(force=True)

    def _await(self, timeout: float = TIMEOUT) -> str:
        """Wait until the shell reads another line, which proves that its prompt came first."""
        self._count += 1
        self._child.sendline(f" printf {self._count} > {shlex.quote(str(self._sync))}")
        shown = ""
        end = time.monotonic() + timeout
        while not (self._sync.exists() and self._sync.read_text() == str(self._count)):
            if time.monotonic() > end:
                raise TimeoutError(
                    f"{self.name} came to no prompt within {timeout} s; it showed:\n{shown}"
                )
            shown += self._read(0.02)
        while more := self._read(0.02):
            shown += more
        return shown

    def _read(self, seconds: float) -> str:
        try:
            return self._child.read_nonblocking(100_000, seconds)
        except pexpect.TIMEOUT:
            return ""
        except pexpect.EOF as error:
            raise EOFError(f"{self.name} ended; it showed:\n{self._child.before}") from error


def _steady(text: str) -> str:
    """The lines that belong neither to the shell itself nor to the hook."""
    kept = []
    is_ours = False
    for line in text.splitlines():
        name = _name(line)
        if line.startswith(("__autoenv_hpc_", "autoenv-hpc ()", "autoenv-hpc () {")):
            is_ours = line.rstrip().endswith(("{", "()"))
            continue
        if is_ours:
            is_ours = not line.startswith("}")
            continue
        if name.startswith("__autoenv_hpc_") or name in _RESTLESS or line.startswith("# Defined "):
            continue
        kept.append(line)
    return "\n".join(kept)


def _name(line: str) -> str:
    words = line.split()
    if words[:1] and words[0] in ("declare", "typeset", "export", "integer", "float"):
        words = [w for w in words[1:] if not w.startswith("-") and not w.isdigit()]
    return words[0].split("=")[0] if words else ""


def assert_same(before: Snapshot, after: Snapshot) -> None:
    """Compare two snapshots and name each line that differs."""
    wrong = []
    for part, was in before.items():
        now = after[part]
        if was == now:
            continue
        if isinstance(was, dict):
            names = sorted(n for n in was.keys() | now.keys() if was.get(n) != now.get(n))
            wrong += [f"{part}: {n}: {was.get(n)!r} became {now.get(n)!r}" for n in names]
        else:
            lines = difflib.unified_diff(was.splitlines(), now.splitlines(), lineterm="", n=0)
            wrong += [f"{part}: {line}" for line in list(lines)[2:]]
    assert not wrong, "not as it was before:\n" + "\n".join(wrong)
