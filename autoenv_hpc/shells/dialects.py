"""The dialects by the names of their shells."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autoenv_hpc.shells.dialect import Dialect


def dialect_for(shell: str) -> "Dialect":
    """The dialect of a shell.

    :param shell: bash, bash4 (bash before 4.4), zsh or fish; any other name means bash.
    """
    if shell == "fish":
        from autoenv_hpc.shells.fish import Fish  # noqa: PLC0415 - a process serves one shell

        return Fish()
    if shell == "zsh":
        from autoenv_hpc.shells.zsh import Zsh  # noqa: PLC0415 - as above

        return Zsh()
    from autoenv_hpc.shells.bash import Bash, Bash4  # noqa: PLC0415 - as above

    return Bash4() if shell == "bash4" else Bash()
