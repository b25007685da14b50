"""Project configurations as they were parsed and found valid, remembered by their very bytes.

Importing a TOML parser costs a fifth of a start; what was read once is read from JSON.
"""

import os

from autoenv_hpc import config, memory
from autoenv_hpc.digests import blake2b
from autoenv_hpc.environment import Env

_RULES = os.path.join(os.path.dirname(__file__), "schema.py")  # what is valid may change with them


def parse(data: bytes, file: str, environ: Env) -> config.Document:
    """Read one project's configuration.

    :raises ConfigError: as `config.parse`.
    """
    rules = str(os.stat(_RULES).st_mtime_ns).encode()
    name = blake2b(rules + b"\0" + data, digest_size=32).hexdigest()
    known = memory.recall(environ, "documents", name)
    if isinstance(known, dict):
        return config.Document(file, known)
    document = config.parse(data, file)
    memory.keep(environ, "documents", name, document.data)
    return document
