"""The machine at this moment, as guards are compared with it."""

import os
import time

from autoenv_hpc.environment import Variables
from autoenv_hpc.guards import Now

_CPU_FILE = "/proc/cpuinfo"
# What tells one kind from another (proc(5)): x86, Arm, POWER. Clock rates and core numbers do not.
_CPU_KEYS = ("vendor_id", "flags", "CPU implementer", "CPU part", "Features", "cpu")


def now(outside: Variables) -> Now:
    """The world at this moment.

    :param outside: the variables, in which no project is active.
    """
    return Now(outside, os.uname().nodename, cpu, int(time.time()))


def cpu() -> str:
    """The lines about the first processor that say of what kind it is; empty if nothing does."""
    found = []
    try:
        with open(_CPU_FILE, encoding="ascii", errors="surrogateescape") as lines:
            for line in lines:
                if not line.strip():
                    break
                if line.partition(":")[0].strip() in _CPU_KEYS:
                    found.append(line)
    except OSError:
        return ""
    return "".join(found)
