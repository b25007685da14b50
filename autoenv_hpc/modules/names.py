"""The names of the visible modules, in a file that completions read."""

import contextlib
import itertools
import os

from autoenv_hpc.environment import Env
from autoenv_hpc.modules.suggestions import visible_modules
from autoenv_hpc.system import folders

_MOST = 20_000  # names; more would make each completion slow


def write(env: Env, cache: str) -> None:
    """Write the names that are visible in an environment; a cache that is read-only is no error.

    :param cache: the user's cache folder.
    """
    names = sorted(set(itertools.islice(visible_modules(env), _MOST)))
    with contextlib.suppress(OSError):
        folders.make_private(cache)
        text = "".join(f"{name}\n" for name in names)
        data = text.encode(errors="surrogateescape")
        folders.write_atomically(os.path.join(cache, "module-names"), data, lasting=False)
