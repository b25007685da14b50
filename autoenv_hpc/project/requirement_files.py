"""The requirements files that a configuration names, with their includes."""

import os
import re
from collections.abc import Iterable

from autoenv_hpc.system.files import read

# pip's requirements file format: `-r FILE`, `-c FILE`, long or short, with a space or `=`.
_INCLUDES = re.compile(
    r"^\s*(?:-[rc]|--requirement|--constraint)[\s=]*(\S.*?)\s*(?:\s#.*)?$", re.MULTILINE
)


def closure(files: Iterable[str]) -> list[str]:
    """The files and their includes, each once, whether they exist or not."""
    included: list[str] = []
    queue = list(files)
    while queue:
        file = queue.pop(0)
        if file in included:
            continue
        included.append(file)
        if not is_conda(file):
            folder = os.path.dirname(file)
            queue += [
                os.path.normpath(os.path.join(folder, name))
                for name in _INCLUDES.findall(content(file))
                if "://" not in name
            ]
    return included


def is_conda(file: str) -> bool:
    """Whether a file is an `environment.yml`."""
    return file.endswith((".yml", ".yaml"))


def content(file: str) -> str:
    """The text of a requirements file; empty if it cannot be read."""
    try:
        return os.fsdecode(read(file)).replace("\r\n", "\n")
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return ""
