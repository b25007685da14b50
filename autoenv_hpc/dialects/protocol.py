"""The number of the protocol between the package and the hooks in the users' shells."""

PROTOCOL = 2  # shell/hook.common, shell/hook.fish and shell/autoenv-hpc set the same number
FIRST = 1  # the hooks of 0.1.0 speak this one; they send no number
UPGRADED = (
    "autoenv-hpc: another version was installed while this shell was open;"
    " start a new shell to use it"
)


def answer_line(protocol: int) -> str:
    """The first line of an answer: a hook evaluates no answer with another number."""
    return f"# autoenv-hpc answer, protocol {protocol}\n"
