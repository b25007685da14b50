"""The projects whose activation cannot be stored, each with the reason.

Nothing depends on it: a project says the reason once, and `cache list` shows it later.
"""

from collections.abc import Iterator

from autoenv_hpc.system import json_cache
from autoenv_hpc.system.digests import digest

_KIND = "unstored"


def note(cache: str, root: str, reason: str) -> bool:
    """Note the reason; whether it is new, and will be known the next time.

    :param cache: the user's cache folder.
    :param root: the project's folder.
    """
    key = digest([root])
    if json_cache.load(cache, _KIND, key) == [root, reason]:
        return False
    json_cache.save(cache, _KIND, key, [root, reason])
    return json_cache.load(cache, _KIND, key) is not None


def forget(cache: str, root: str) -> None:
    """Forget the reason, since an activation of the project is stored."""
    json_cache.forget(cache, _KIND, digest([root]))


def reasons(cache: str) -> Iterator[tuple[str, str]]:
    """Each project with its reason."""
    for record in json_cache.records(cache, _KIND):
        match record:
            case [str() as root, str() as reason]:
                yield root, reason
