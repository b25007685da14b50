"""Project configurations as they were parsed and found valid, kept by their very bytes.

Importing a TOML parser costs a fifth of a start; what was parsed once is read from JSON.
"""

import os

from autoenv_hpc.project import config
from autoenv_hpc.system import json_cache
from autoenv_hpc.system.digests import blake2b

_RULES = os.path.join(os.path.dirname(__file__), "schema.py")  # what is valid may change with them


def parse(data: bytes, file: str, cache: str) -> config.Document:
    """Read one project's configuration.

    :param cache: the user's cache folder.
    :raises ConfigError: as `config.parse`.
    """
    rules = str(os.stat(_RULES).st_mtime_ns).encode()
    name = blake2b(rules + b"\0" + data, digest_size=32).hexdigest()
    known = json_cache.load(cache, "documents", name)
    if isinstance(known, dict):
        return config.Document(file, known)
    document = config.parse(data, file)
    json_cache.save(cache, "documents", name, document.data)
    return document
