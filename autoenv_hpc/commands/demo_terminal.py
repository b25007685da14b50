"""A real shell in a pseudo-terminal that shows lines as they are typed."""

import fcntl
import os
import pty
import select
import shutil
import struct
import sys
import termios
import time

from autoenv_hpc.environment import Env
from autoenv_hpc.errors import Problem

_PROMPT = b"demo$ "
_PATIENCE = 300  # seconds for one line, which may build an environment
_PAUSE = 0.4  # seconds before each line on a terminal, so that a reader can follow


def play(lines: list[str], command: list[str], env: Env, folder: str) -> str:
    """Type each line at a prompt; print and return the shell's output.

    :param command: a shell whose prompt ends in `demo$ `.
    :raises Problem: the shell showed no prompt in time.
    """
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        os.execvpe(command[0], command, env)
    shown = b""
    size = shutil.get_terminal_size()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", size.lines, size.columns, 0, 0))
    try:
        for line in lines:
            shown += _until_prompt(terminal)
            if sys.stdout.isatty():
                time.sleep(_PAUSE)
            os.write(terminal, os.fsencode(line) + b"\n")
        shown += _until_prompt(terminal)
    finally:
        os.close(terminal)
        os.waitpid(process, 0)
    return os.fsdecode(shown)


def _until_prompt(terminal: int) -> bytes:
    """Return the shell's output up to the next prompt, or to its end."""
    shown = b""
    end = time.monotonic() + _PATIENCE
    while not shown.endswith(_PROMPT):
        if not select.select([terminal], [], [], max(0, end - time.monotonic()))[0]:
            raise Problem(f"the demo's shell showed no prompt for {_PATIENCE} s")
        try:
            data = os.read(terminal, 65_536)
        except OSError:  # the shell has ended (Linux: EIO)
            data = b""
        if not data:
            break
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        shown += data
    return shown
