"""The requirements files that a configuration names, with their includes."""

import os
import re
from collections.abc import Iterable

from autoenv_hpc.system.files import read

# pip's requirements file format: `-r FILE`, `-c FILE`, long or short, with a space or `=`. In the
# list `pip:` of an `environment.yml`, each is an entry.
_OPTION = r"(?P<option>-[rc]|--requirement|--constraint)[ \t=]*(?P<file>[^\s=].*)"
_INCLUDES = re.compile(rf"^[ \t]*{_OPTION}", re.MULTILINE)
_ENTRIES = re.compile(rf"""^[ \t]*-[ \t]+["']?{_OPTION}""", re.MULTILINE)
_COMMENT = re.compile(r"\s#.*")
_REQUIREMENT = ("-r", "--requirement")


def closure(files: Iterable[str], *, constraints: bool = True) -> list[str]:
    """The files and their includes, each once, whether they exist or not.

    :param constraints: with the files that only restrict versions.
    """
    included: list[str] = []
    queue = list(files)
    while queue:
        file = queue.pop(0)
        if file in included:
            continue
        included.append(file)
        folder = os.path.dirname(file)
        pattern = _ENTRIES if is_conda(file) else _INCLUDES
        found = [
            _COMMENT.sub("", match["file"]).strip().strip("\"'")
            for match in pattern.finditer(content(file))
            if constraints or match["option"] in _REQUIREMENT
        ]
        queue += [os.path.normpath(os.path.join(folder, f)) for f in found if "://" not in f]
    return included


def lines(files: Iterable[str]) -> list[str]:
    """The requirements in pip's files, without options and comments."""
    texts = [content(f) for f in closure(files, constraints=False) if not is_conda(f)]
    found = [re.split(r"(?:^|\s)#", line)[0].strip() for text in texts for line in text.split("\n")]
    return [line for line in found if line and not line.startswith("-")]


def is_conda(file: str) -> bool:
    """Whether a file is an `environment.yml`."""
    return file.endswith((".yml", ".yaml"))


def content(file: str) -> str:
    """The text of a requirements file; empty if it cannot be read."""
    try:
        return os.fsdecode(read(file)).replace("\r\n", "\n")
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return ""
