"""What modulefiles set outside the environment: aliases, functions, completions, umask."""

from collections.abc import Sequence
from typing import Any, NamedTuple


class ShellDefinitions(NamedTuple):
    """What modulefiles set outside the environment; None removes a definition."""

    aliases: dict[str, str | None] = {}
    functions: dict[str, str | None] = {}  # name to its whole definition, in bash
    completions: dict[str, str] = {}  # command to its whole `complete` line, in bash
    umask: str | None = None
    untransferable: tuple[str, ...] = ()  # what cannot be carried over, in words

    def __or__(self, then: "ShellDefinitions") -> "ShellDefinitions":
        """What two steps set, one after the other."""
        return ShellDefinitions(
            self.aliases | then.aliases,
            self.functions | then.functions,
            self.completions | then.completions,
            self.umask if then.umask is None else then.umask,
            (*self.untransferable, *then.untransferable),
        )


def restored(fields: Sequence[Any]) -> ShellDefinitions:
    """The same value from its fields in JSON, which has no tuples."""
    aliases, functions, completions, umask, untransferable = fields
    return ShellDefinitions(aliases, functions, completions, umask, tuple(untransferable))
