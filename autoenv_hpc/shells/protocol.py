"""The seam between the compiler and the shells: its number, with the words that both sides use.

docs/reference/protocol.md describes it. A shell keeps the functions that it sourced at its start,
so it may be older or newer than the package that answers it. The hook, each answer and each
stored activation carry the number; what carries another one is not used.
"""

from typing import Literal, NamedTuple

NUMBER = 2  # 0.1.0 had none, and counts as 1
UPGRADED = (
    "autoenv-hpc: another version was installed while this shell was open;"
    " start a new shell to use it"
)

What = Literal["leave", "look", "watched", "fresh"]
Precision = Literal["fine", "coarse"]


class Question(NamedTuple):
    """What a hook asks, in the order of its words behind `__shell`."""

    protocol: int
    shell: str  # its dialect
    what: What  # watched: a watched file changed; fresh: compile again
    root: str  # the folder of the nearest configuration; empty to leave
    active: str  # the project that this shell entered itself; empty for one that inherited it
    precision: Precision = "fine"  # coarse: the shell compares times of files by the second


def answer_line(number: int) -> str:
    """The first line of an answer; a hook evaluates no answer with another number than its own."""
    return f"# autoenv-hpc answer, protocol {number}\n"


def question(words: list[str]) -> Question:
    """The question in the words of the command line; 0.1.0 gave no number.

    Of a question of another number only the shell and what is active in it are sure to be right.
    """
    if not words[0].isdecimal():
        words = ["1", *words]
    number, shell, what, root, active, *precision = words
    known: list[What] = ["leave", "look", "watched", "fresh"]
    asked: What = next((word for word in known if word == what), "look")
    is_coarse = precision[:1] == ["coarse"]
    return Question(int(number), shell, asked, root, active, "coarse" if is_coarse else "fine")
