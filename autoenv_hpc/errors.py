"""The errors that a user can fix.

Any other exception is a bug and keeps its traceback.
"""

from autoenv_hpc.guards import Guards


class Problem(Exception):  # noqa: N818 - the name is for users: a problem, not an error in Python
    """A problem whose text is the whole message: the place, what is wrong, and the remedy.

    Each line of the text is one fault. The command prints each line on stderr, after
    ``autoenv-hpc: ``, and exits with `status`.
    """

    status = 1
    guards = Guards()  # while they hold, another try fails in the same way


class UsageError(Problem):
    """The command line itself is wrong."""

    status = 2


class ConfigError(Problem):
    """A configuration file is not valid; each line is one fault."""


class ModuleError(Problem):
    """The module tool failed."""


class VenvError(Problem):
    """The environment cannot be built or used as requested."""


class TrustError(Problem):
    """A configuration is not allowed, or it is not safe to allow it."""
