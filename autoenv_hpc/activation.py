"""One compiled activation: all that a shell needs to know to enter a project, and to leave it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from autoenv_hpc import guards, shell_definitions
from autoenv_hpc.environment import Change, Value
from autoenv_hpc.guards import Guards
from autoenv_hpc.shell_definitions import ShellDefinitions


class Activation(NamedTuple):
    """The result of compiling a project in one environment; nothing is applied by making it.

    Text, names and numbers only, so that it can be written for a shell, and kept as JSON.
    """

    root: str
    name: str
    change: Change  # from outside the project to inside, AUTOENV_HPC_STATE included
    guards: Guards = Guards()
    watched: Mapping[str, int | None] = {}  # like `Guards.files`; looked at before each prompt
    definitions: ShellDefinitions = ShellDefinitions()
    prompt: str = ""  # what goes before the shell's own prompt
    outer_prompts: tuple[str, ...] = ()  # what a deactivated environment put there
    summary: str = ""  # the line that reports the entry
    notices: tuple[str, ...] = ()  # what else the user should know; said once, when it is compiled
    variant: str = ""  # tells the activations of one project apart

    def as_json(self) -> dict[str, Any]:
        """Its fields as JSON can hold them, without what is said only once."""
        return {**self._asdict(), "guards": self.guards._asdict(), "notices": ()}


def restored(fields: Mapping[str, Any]) -> Activation:
    """An activation from its fields in JSON, which has no tuples.

    :raises TypeError: these are not the fields of an activation.
    :raises KeyError: likewise.
    """
    parts: dict[str, Any] = {
        "change": Change((name, Value(*pair)) for name, pair in fields["change"].items()),
        "guards": guards.restored(fields["guards"]),
        "definitions": shell_definitions.restored(fields["definitions"]),
        "outer_prompts": tuple(fields["outer_prompts"]),
        "notices": (),
    }
    return Activation(**{**fields, **parts})
