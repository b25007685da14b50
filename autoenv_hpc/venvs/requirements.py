"""Requirements files with their includes."""

import os
import re
from collections.abc import Iterable

from autoenv_hpc.system import files
from autoenv_hpc.system.digests import digest
from autoenv_hpc.venvs.types import Requested

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
                for name in _INCLUDES.findall(_text(file))
                if "://" not in name
            ]
    return included


def is_conda(file: str) -> bool:
    """Whether a file is an `environment.yml`."""
    return file.endswith((".yml", ".yaml"))


def fingerprint(requested: Requested) -> str:
    """A digest of the request: packages, content of the files and their includes, arguments."""
    contents = [_text(file) for file in closure(requested.requirements)]
    return digest([requested.packages, requested.arguments, contents])


def _text(file: str) -> str:
    try:
        return os.fsdecode(files.read(file)).replace("\r\n", "\n")
    except OSError:
        return ""
