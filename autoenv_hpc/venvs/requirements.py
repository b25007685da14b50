"""The digest of all that a configuration requests of an environment."""

from autoenv_hpc.project.requirement_files import closure, content, is_conda, lines
from autoenv_hpc.system.digests import digest
from autoenv_hpc.venvs.types import Requested

__all__ = ["closure", "fingerprint", "is_conda", "lines"]


def fingerprint(requested: Requested) -> str:
    """A digest of the request: packages, content of the files and their includes, arguments."""
    contents = [content(file) for file in closure(requested.requirements)]
    return digest([requested.packages, requested.arguments, contents])
