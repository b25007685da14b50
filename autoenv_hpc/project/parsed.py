"""A cache of parsed project configurations, by their content.

The import of a TOML parser takes a fifth of a start, while JSON is read at once.
"""

import os

from autoenv_hpc.project import config
from autoenv_hpc.system import json_cache
from autoenv_hpc.system.digests import blake2b

_RULES = os.path.join(
    os.path.dirname(__file__), "schema.py"
)  # a new version may accept other content


def parse(data: bytes, file: str, cache: str) -> config.Document:
    """Read one project's configuration.

    :param cache: the user's cache folder.
    :raises ConfigError: as `config.parse`.
    """
    rules = str(os.stat(_RULES).st_mtime_ns).encode()
    name = blake2b(rules + b"\0" + data, digest_size=32).hexdigest()
    cached = json_cache.load(cache, "documents", name)
    if isinstance(cached, dict):
        return config.Document(file, cached)
    document = config.parse(data, file)
    json_cache.save(cache, "documents", name, document.data)
    return document
