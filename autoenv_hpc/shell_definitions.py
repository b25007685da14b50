"""What modulefiles define in a shell besides variables."""

from collections.abc import Sequence
from typing import Any, NamedTuple


class ShellDefinitions(NamedTuple):
    """What modulefiles define apart from variables; None removes a definition."""

    aliases: dict[str, str | None] = {}
    functions: dict[str, str | None] = {}  # name to its whole definition, in bash
    completions: dict[str, str] = {}  # command to its whole `complete` line, in bash
    umask: str | None = None
    untransferable: tuple[str, ...] = ()  # what cannot be transferred, as text

    def __or__(self, then: "ShellDefinitions") -> "ShellDefinitions":
        """The result of two steps, one after the other."""
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
