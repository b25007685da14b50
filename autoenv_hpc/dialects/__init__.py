"""How each shell writes down a change, its guards and its way back."""

from typing import TYPE_CHECKING, NamedTuple

from autoenv_hpc.environment import Change
from autoenv_hpc.shellparts import ShellParts

if TYPE_CHECKING:
    from autoenv_hpc.dialects.base import Dialect


class Document(NamedTuple):
    """All that a shell needs to know of one activation; text, names and numbers only."""

    variant: str  # tells activations of one project apart: a digest of what they start from
    root: str
    name: str
    change: Change
    shell: ShellParts = ShellParts()
    prompt: str = ""  # what goes before the shell's own prompt
    outer_prompts: tuple[str, ...] = ()  # what an environment that is out of the way put there
    entered: str = ""  # the line that tells of it
    watch: tuple[tuple[str, str], ...] = ()  # file and stamp, looked at before each prompt
    reads: dict[str, str | None] = {}  # further variables that must hold these values
    files: tuple[tuple[str, str], ...] = ()  # file and stamp, looked at before a replay
    host: str | None = None  # the only host on which it may be replayed
    made: int = 0  # seconds since the epoch
    life: int = 0  # seconds; 0 for ever
    born: str = ""  # a stamp that is as old as the activation


def dialect(shell: str) -> "Dialect":
    """The dialect of a shell: bash, bash4 (before 4.4), zsh or fish."""
    if shell == "fish":
        from autoenv_hpc.dialects.fish import Fish  # noqa: PLC0415 - one shell asks at a time

        return Fish()
    from autoenv_hpc.dialects.posix import Bash, Bash4, Zsh  # noqa: PLC0415

    return {"bash": Bash, "bash4": Bash4, "zsh": Zsh}[shell]()
