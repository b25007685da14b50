"""The names of the visible modules, in files that completions read."""

import contextlib
import itertools
import os

from autoenv_hpc.environment import Env
from autoenv_hpc.modules.suggestions import visible_modules
from autoenv_hpc.system import folders

_MOST = 20_000  # names; more would make each completion slow
_LONGEST = 200  # characters of a file's name


def write(cache: str, inside: Env, outside: Env) -> None:
    """Write the names that are visible inside a project, for shells inside and outside of it.

    One home may serve several clusters, and a shell asks for those of its own MODULEPATH. A cache
    that is read-only is no error.

    :param cache: the user's cache folder.
    """
    names = sorted(set(itertools.islice(visible_modules(inside), _MOST)))
    data = "".join(f"{name}\n" for name in names).encode(errors="surrogateescape")
    folder = os.path.join(cache, "names")
    with contextlib.suppress(OSError):
        folders.make_private(folder)
        for env in (inside, outside):
            file = os.path.join(folder, _key(env.get("MODULEPATH", "")))
            folders.write_atomically(file, data, lasting=False)


def _key(paths: str) -> str:
    """The file for a MODULEPATH; `commands/completion.py` names it in each shell."""
    return f"m{paths.replace('/', '%')[-_LONGEST:]}"
