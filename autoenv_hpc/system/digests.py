"""Digests without OpenSSL, since loading it costs as much as the rest of the start."""

import json
from collections.abc import Iterable

try:
    from _blake2 import blake2b  # what hashlib returns, without its detour
except ImportError:
    from hashlib import blake2b

__all__ = ["blake2b", "digest"]


def digest(parts: Iterable[object]) -> str:
    """A short digest of some values, the same in every run."""
    text = json.dumps(list(parts), sort_keys=True, default=str).encode()
    return blake2b(text, digest_size=12).hexdigest()
