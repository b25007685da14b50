"""The last failed attempt to enter each project.

Nothing depends on it: `status` shows it, long after the message has scrolled away.
"""

import time
from typing import NamedTuple

from autoenv_hpc.errors import Problem
from autoenv_hpc.system import json_cache
from autoenv_hpc.system.digests import digest

_KIND = "failures"


class Failure(NamedTuple):
    """Why a project could not be entered, and when that was."""

    time: float  # seconds since the epoch
    problem: str


def note(cache: str, root: str, problem: Problem) -> None:
    """Note a failure.

    :param cache: the user's cache folder.
    :param root: the project's folder.
    """
    json_cache.save(cache, _KIND, digest([root]), [time.time(), str(problem)])


def forget(cache: str, root: str) -> None:
    """Forget the failure, since the project can be entered."""
    json_cache.forget(cache, _KIND, digest([root]))


def last(cache: str, root: str) -> Failure | None:
    """The failure after which the project has not been entered; None if there is none."""
    match json_cache.load(cache, _KIND, digest([root])):
        case [float() as moment, str() as problem]:
            return Failure(moment, problem)
    return None
