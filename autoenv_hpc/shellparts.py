"""What modulefiles set outside the environment: aliases, functions, completions, umask."""

from collections.abc import Sequence
from typing import Any, NamedTuple


class ShellParts(NamedTuple):
    """What modulefiles set outside the environment; None takes a definition away."""

    aliases: dict[str, str | None] = {}
    functions: dict[str, str | None] = {}  # name to its whole definition, in bash
    completions: dict[str, str] = {}  # command to its whole `complete` line, in bash
    umask: str | None = None
    odd: tuple[str, ...] = ()  # what cannot be carried over, in words


def revived(fields: Sequence[Any]) -> ShellParts:
    """The same from its fields in JSON, which knows no tuples."""
    aliases, functions, completions, umask, odd = fields
    return ShellParts(aliases, functions, completions, umask, tuple(odd))


def merged(first: ShellParts, then: ShellParts) -> ShellParts:
    """What two steps set, one after the other."""
    return ShellParts(
        first.aliases | then.aliases,
        first.functions | then.functions,
        first.completions | then.completions,
        first.umask if then.umask is None else then.umask,
        (*first.odd, *then.odd),
    )
