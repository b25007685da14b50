"""An activation: what leads a shell into a project."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from autoenv_hpc import guards, shell_definitions
from autoenv_hpc.environment import Change, Value
from autoenv_hpc.guards import Guards
from autoenv_hpc.shell_definitions import ShellDefinitions

DISABLED = "[cache] enabled = false"  # the user's own reason to store nothing


class Activation(NamedTuple):
    """The result of compiling a project in one environment; it applies nothing by itself.

    It holds text and numbers only, so a dialect can write it and JSON can hold it.
    """

    root: str
    name: str
    change: Change  # from outside the project to inside, AUTOENV_HPC_STATE included
    guards: Guards = Guards()
    shared: tuple[str, ...] = ()  # guarded files that a rank checks for its neighbours too
    watched: Mapping[str, int | None] = {}  # like `Guards.files`; checked before each prompt
    definitions: ShellDefinitions = ShellDefinitions()
    prompt: str = ""  # the text before the shell's own prompt
    outer_prompts: tuple[str, ...] = ()  # what a deactivated environment added there
    summary: str = ""  # the line that reports the entry
    notices: tuple[str, ...] = ()  # further messages, shown once, at the compilation
    variant: str = ""  # distinguishes the activations of one project
    choice: str = ""  # the options that chose a site or a named environment
    command: str = ""  # the path of the command, which is one of the variables
    link: str = ""  # the link to the root, if the shell knows the project by one

    @property
    def way(self) -> str:
        """The project's folder as the shell knows it."""
        return self.link or self.root

    @property
    def reads(self) -> dict[str, str | None]:
        """The variables on which the change depends, but which it leaves as they are."""
        values = self.guards.variables.items()
        return {name: value for name, value in values if name not in self.change}

    def as_json(self) -> dict[str, Any]:
        """Return its fields for JSON, without the notices, which are shown only once."""
        return {**self._asdict(), "guards": self.guards._asdict(), "notices": ()}


def restored(fields: Mapping[str, Any]) -> Activation:
    """An activation from its fields in JSON, which has no tuples.

    :raises TypeError: these are not the fields of an activation.
    :raises KeyError: one of the fields is missing.
    """
    parts: dict[str, Any] = {
        "change": Change((name, Value(*pair)) for name, pair in fields["change"].items()),
        "guards": guards.restored(fields["guards"]),
        "definitions": shell_definitions.restored(fields["definitions"]),
        "shared": tuple(fields["shared"]),
        "outer_prompts": tuple(fields["outer_prompts"]),
        "notices": (),
    }
    return Activation(**{**fields, **parts})
