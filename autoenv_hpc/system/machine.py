"""The present state of the machine, for comparison with guards."""

import os
import time

from autoenv_hpc.environment import Variables
from autoenv_hpc.guards import Now

HOST_FILE = "/proc/sys/kernel/hostname"  # what uname(2) calls the node
CPU_FILE = "/proc/cpuinfo"
# The beginnings of the lines that identify a kind of processor (proc(5)): x86, Arm, POWER. Clock
# rates and core numbers do not belong to it. The shells read the same lines.
CPU_KEYS = ("vendor_id", "flags", "CPU implementer", "CPU part", "Features", "cpu\t")


def now(outside: Variables, shell: str = "bash") -> Now:
    """The present state.

    :param outside: the variables without an active project.
    :param shell: the shell that asks.
    """
    return Now(outside, os.uname().nodename, cpu, user, int(time.time()), shell)


USER_FILE = "/proc/self/status"
USER_KEYS = ("Uid:", "Gid:", "Groups:")


def cpu() -> str:
    """The lines that identify the kind of the first processor; empty if there are none."""
    return _lines(CPU_FILE, CPU_KEYS)


def user() -> str:
    """The lines with the numbers of the user and of all groups; empty if there are none."""
    return _lines(USER_FILE, USER_KEYS)


def _lines(path: str, keys: tuple[str, ...]) -> str:
    """The lines with these keys, up to an empty one."""
    found = []
    try:
        with open(path, encoding="ascii", errors="surrogateescape") as lines:
            for line in lines:
                if line == "\n":
                    break
                if line.startswith(keys):
                    found.append(line)
    except OSError:
        return ""
    return "".join(found)
