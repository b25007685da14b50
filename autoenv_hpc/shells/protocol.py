"""The protocol by which hooks talk to the compiler.

docs/reference/protocol.md describes it. A shell keeps the functions that it sourced at its start,
so it can be older or newer than the package that answers it. The hook, each answer and each stored
activation contain the number. A shell does not use code with another number.
"""

from typing import Literal, NamedTuple

NUMBER = 2  # 0.1.0 has no number and counts as 1
UPGRADED = (
    "autoenv-hpc: another version was installed while this shell was open;"
    " start a new shell to use it"
)

END = "# autoenv-hpc: the end"  # the last line of each stored activation; a cut one has none
ENTERED = "__autoenv_hpc_entered=1"  # ends the change in `exec`, which reads no further

What = Literal["leave", "look", "watched", "fresh"]
Precision = Literal["fine", "coarse"]


class Question(NamedTuple):
    """The question of a hook, in the order of the words that follow `__shell`."""

    protocol: int
    shell: str  # the name of its dialect
    what: What  # watched: a watched file changed; fresh: compile again
    root: str  # the folder of the nearest configuration; empty to leave
    active: str  # the root that this shell entered; empty if it inherited the project
    precision: Precision = "fine"  # coarse: the shell compares file times in whole seconds


def answer_line(number: int) -> str:
    """The first line of an answer. A hook only evaluates an answer with its own number."""
    return f"# autoenv-hpc answer, protocol {number}\n"


def question(words: list[str]) -> Question:
    """The question in the words of the command line.

    0.1.0 sends no number. If the number differs from ours, only `shell` and `active` are reliable.
    """
    if not words[0].isdecimal():
        words = ["1", *words]
    number, shell, what, root, active, *precision = words
    words_for_what: list[What] = ["leave", "look", "watched", "fresh"]
    checked: What = next((word for word in words_for_what if word == what), "look")
    is_coarse = precision[:1] == ["coarse"]
    return Question(int(number), shell, checked, root, active, "coarse" if is_coarse else "fine")
