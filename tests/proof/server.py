"""Runs the Python part of the command often: each call is a fork of one process with all imports done.

    python -I -X utf8 server.py

Each line on stdin is a call in JSON, with the fields of `Call`. The answer on stdout is a line with the
exit status. The call is the product's own: a new process with these arguments, variables, working
directory, umask, groups and host name.
"""

import ctypes
import gc
import importlib
import json
import os
import pkgutil
import resource
import socket
import sys
from typing import NamedTuple

_NEW_HOST_NAMES = 0x04000000  # CLONE_NEWUTS


class Call(NamedTuple):
    """One call of the command; stdout and stderr go to files."""

    words: list[str]
    env: dict[str, str]
    folder: str
    output: str
    messages: str
    umask: int = 0o022
    groups: list[int] | None = None
    host: str | None = None


# Seconds of the processor. Lmod never ends where a module changes MODULEPATH so that another file takes
# the module's own place.
LIMIT = (10, 15)


def take_host_name(name: str) -> None:
    """Give this process a host name of its own, which takes root."""
    if ctypes.CDLL(None, use_errno=True).unshare(_NEW_HOST_NAMES):
        raise OSError(ctypes.get_errno(), "unshare")
    socket.sethostname(name)


def become(call: Call) -> None:
    """Turn this process into one that the call would start."""
    for number, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, call.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, call.messages, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        file = os.open(path, flags, 0o600)
        os.dup2(file, number)
        os.close(file)
    os.chdir(call.folder)
    os.umask(call.umask)
    if call.groups is not None:
        os.setgroups(call.groups)
    if call.host is not None:
        take_host_name(call.host)
    resource.setrlimit(resource.RLIMIT_CPU, LIMIT)
    os.environ.clear()
    os.environ.update(call.env)
    sys.argv[1:] = call.words


def _run(call: Call) -> int:
    process = os.fork()
    if process == 0:
        status = 70
        try:
            become(call)
            from autoenv_hpc.__main__ import main  # noqa: PLC0415 - imported already

            status = main()
            sys.stdout.flush()
            sys.stderr.flush()
        except SystemExit as end:
            status = int(end.code or 0)
        except BaseException:  # noqa: BLE001 - the process ends here, as any other would
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def serve() -> None:
    """Answer calls until stdin ends."""
    package = importlib.import_module("autoenv_hpc")
    for module in pkgutil.walk_packages(package.__path__, "autoenv_hpc."):
        importlib.import_module(module.name)
    gc.freeze()
    replies = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        replies.write(f"{_run(Call(**json.loads(line)))}\n")
        replies.flush()


if __name__ == "__main__":
    serve()
