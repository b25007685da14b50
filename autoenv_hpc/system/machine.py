"""The machine at this moment, as guards are compared with it."""

import os
import time

from autoenv_hpc.environment import Variables
from autoenv_hpc.guards import Now

CPU_FILE = "/proc/cpuinfo"
# How the lines begin that tell one kind of processor from another (proc(5)): x86, Arm, POWER.
# Clock rates and core numbers do not. Shells read the same lines.
CPU_KEYS = ("vendor_id", "flags", "CPU implementer", "CPU part", "Features", "cpu\t")


def now(outside: Variables) -> Now:
    """The world at this moment.

    :param outside: the variables, in which no project is active.
    """
    return Now(outside, os.uname().nodename, cpu, int(time.time()))


def cpu() -> str:
    """The lines about the first processor that say of what kind it is; empty if none does."""
    found = []
    try:
        with open(CPU_FILE, encoding="ascii", errors="surrogateescape") as lines:
            for line in lines:
                if line == "\n":
                    break
                if line.startswith(CPU_KEYS):
                    found.append(line)
    except OSError:
        return ""
    return "".join(found)
