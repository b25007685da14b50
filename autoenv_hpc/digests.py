"""Digests without OpenSSL, whose loading costs as much as the rest of the start."""

try:
    from _blake2 import blake2b  # what hashlib gives out, without its detour
except ImportError:
    from hashlib import blake2b

__all__ = ["blake2b"]
