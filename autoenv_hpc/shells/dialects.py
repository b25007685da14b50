"""The dialect of each shell, imported only when it is used."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autoenv_hpc.shells.dialect import Dialect


def dialect_for(shell: str) -> "Dialect":
    """The dialect of a shell: bash, bash4 (before 4.4), zsh or fish."""
    if shell == "fish":
        from autoenv_hpc.shells.fish import Fish  # noqa: PLC0415 - one shell asks at a time

        return Fish()
    if shell == "zsh":
        from autoenv_hpc.shells.zsh import Zsh  # noqa: PLC0415 - likewise

        return Zsh()
    from autoenv_hpc.shells.bash import Bash, Bash4  # noqa: PLC0415 - likewise

    return Bash4() if shell == "bash4" else Bash()
