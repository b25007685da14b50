"""Digests without OpenSSL, which takes as long to load as all the rest."""

import json
from collections.abc import Iterable

try:
    from _blake2 import blake2b  # hashlib returns this too, but loads OpenSSL first
except ImportError:
    from hashlib import blake2b

__all__ = ["blake2b", "digest"]


def digest(parts: Iterable[object]) -> str:
    """A short digest of some values, stable across runs."""
    text = json.dumps(list(parts), sort_keys=True, default=str).encode()
    return blake2b(text, digest_size=12).hexdigest()
