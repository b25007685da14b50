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
    limits: dict[str, tuple[str, str]] = {}  # letter, as for bash's ulimit, to soft and hard limit

    @property
    def of_the_process(self) -> tuple[str, ...]:
        """What belongs to a process itself. No guard tells what it was."""
        umask = () if self.umask is None else ("umask",)
        return (*umask, *(("limits",) if self.limits else ()), *self.untransferable)

    def __or__(self, then: "ShellDefinitions") -> "ShellDefinitions":
        """The result of two steps, one after the other."""
        return ShellDefinitions(
            self.aliases | then.aliases,
            self.functions | then.functions,
            self.completions | then.completions,
            self.umask if then.umask is None else then.umask,
            (*self.untransferable, *then.untransferable),
            self.limits | then.limits,
        )


def restored(fields: Sequence[Any]) -> ShellDefinitions:
    """The same value from its fields in JSON, which has no tuples. Limits are never stored."""
    aliases, functions, completions, umask, untransferable, *_ = fields
    return ShellDefinitions(aliases, functions, completions, umask, tuple(untransferable))
