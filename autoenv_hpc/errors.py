"""What a user can mend, one line a fault; anything else is a bug and keeps its traceback."""

from autoenv_hpc.guards import Guards


class Problem(Exception):  # noqa: N818 - it names what the user has, not what Python had
    """A problem whose text is the whole message: the place, what is wrong, and the remedy.

    Each line of the text is one fault. A command that meets it prints the lines behind
    ``autoenv-hpc: `` on stderr and ends with `status`.
    """

    status = 1
    guards = Guards()  # conditions under which it is the same again; a change is worth a new try


class UsageError(Problem):
    """The command line itself is wrong."""

    status = 2


class ConfigError(Problem):
    """A configuration file is not what the contract says; one line a fault."""


class ModuleError(Problem):
    """The module tool did not do what was asked."""


class VenvError(Problem):
    """The isolated environment cannot be had as it is described."""


class TrustError(Problem):
    """The user has not allowed a configuration, or must not allow it."""
