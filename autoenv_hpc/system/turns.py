"""The turn on a node that the start script has taken for this process."""

import contextlib
import os
from collections.abc import Iterator

from autoenv_hpc.environment import Env


@contextlib.contextmanager
def turn(environ: Env) -> Iterator[None]:
    """End the turn that `shell/autoenv-hpc` may have taken, however the block ends."""
    number, _, path = environ.pop("AUTOENV_HPC_TURN", "").partition(":")
    if not _is_turn(number, path):
        yield
        return
    file = int(number)
    os.set_inheritable(file, False)  # noqa: FBT003 - the parameter is positional
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            if os.path.samestat(os.fstat(file), os.lstat(path)):
                os.unlink(path)  # processes that start from now on need not wait
        os.close(file)


def _is_turn(number: str, path: str) -> bool:
    """Whether this is an open file of ours in our own folder, and no other program's idea."""
    folder, name = os.path.split(path)
    if os.path.basename(folder) != f"autoenv-hpc.{os.getuid()}" or not name.startswith("turn."):
        return False
    try:  # somebody may have removed it meanwhile
        return os.readlink(f"/proc/self/fd/{number}").removesuffix(" (deleted)") == path
    except (OSError, ValueError):
        return False
