"""What every dialect shares: which parts a document has, and in which order they stand."""

import itertools
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable

from autoenv_hpc.dialects import Document
from autoenv_hpc.dialects.protocol import PROTOCOL, UPGRADED
from autoenv_hpc.environment import Change, Env

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z", re.ASCII)
_LIVELY = re.compile(r"[\\$`\x00-\x1f\x7f]")


def settable(name: str) -> bool:
    """Whether a shell can hold a variable of this name; `BASH_FUNC_x%%` is none."""
    return _NAME.match(name) is not None


def is_absent(pair: tuple[str, str]) -> bool:
    """Whether a file was not there when its stamp was taken."""
    return pair[1].endswith("/none")


def is_present(pair: tuple[str, str]) -> bool:
    """Whether a file must be there, however old it is."""
    return pair[1].endswith("/some")


def targets(change: Change) -> Env:
    """What entering exports."""
    return {n: v.after for n, v in change.items() if v.after is not None and settable(n)}


def sources(change: Change) -> Env:
    """What leaving exports again."""
    return {n: v.before for n, v in change.items() if v.before is not None and settable(n)}


def removed(change: Change) -> list[str]:
    """The variables that entering unsets."""
    return [name for name, value in change.items() if value.after is None and settable(name)]


def added(change: Change) -> list[str]:
    """The variables that entering sets anew, so that leaving unsets them."""
    return [name for name, value in change.items() if value.before is None and settable(name)]


def befores(change: Change) -> dict[str, str | None]:
    """What each variable must hold before entering."""
    return {name: value.before for name, value in change.items() if settable(name)}


def afters(change: Change) -> dict[str, str | None]:
    """What each variable must hold before leaving."""
    return {name: value.after for name, value in change.items() if settable(name)}


class Dialect(ABC):
    """One shell's way of writing. Subclasses quote, assign, guard and call."""

    name: str
    suffix: str
    either: str  # what stands between tests of which one is enough
    silenced: tuple[str, ...]  # the lines after which a hook asks nothing and replays nothing

    @abstractmethod
    def quote(self, text: str) -> str:
        """The word that stands for this very text in the shell."""

    @abstractmethod
    def stored(self, document: Document) -> str:
        """The text of a stored activation: modes, guards, change and way back."""

    def headline(self, document: Document) -> str:
        """The comment in the first line of a stored activation."""
        variant = document.variant
        return f"# autoenv-hpc activation, protocol {PROTOCOL}, {self.name}, variant {variant}"

    @abstractmethod
    def entering(self, document: Document, present: Change) -> str:
        """The text that applies an activation now, without guards.

        :param present: the change from what the shell holds at this moment.
        """

    @abstractmethod
    def leaving(self, present: Change, *, end: bool = True, keep_deactivate: bool = False) -> str:
        """The text that takes out what is active: variables first, then the shell's own part.

        :param end: whether this shell has a part of its own; one that inherited has none yet.
        :param keep_deactivate: the user's own environment has put its `deactivate` there.
        """

    def retiring(self, present: Change, *, end: bool = False, keep_deactivate: bool = False) -> str:
        """The text for a hook that speaks another protocol; it asks and enters no more after it.

        It is made of what every hook understands, since 0.1.0 and for ever: assignments, one
        function, two names. The arguments are those of `leaving`.
        """
        lines = self.plainly(targets(present), removed(present))
        if end:
            lines.append("__autoenv_hpc_end" + (" keep-deactivate" if keep_deactivate else ""))
        lines += [f"builtin printf '%s\\n' {self.quote(UPGRADED)} >&2", *self.silenced]
        return "".join(f"{line}\n" for line in lines)

    def ending(self) -> str:
        """The text that takes out the shell's own part alone."""
        return self.leaving({})

    def changed(self, pairs: Iterable[tuple[str, str]], stamps: str = "") -> str:
        """The test for files: one is newer or older than its stamp, is gone or has come.

        Files of one time stand in a ring with their stamp, and none may be newer than the next: so
        all are as old as the stamp, and each is looked at twice instead of four times.

        :param stamps: a word for the folder of the stamps, as a long text is read slowly.
        """
        rings: dict[str, list[str]] = {}
        tests = []
        for file, stamp in pairs:
            if is_absent((file, stamp)):
                tests.append(f"-e {self.quote(file)}")
            elif is_present((file, stamp)):
                tests.append(f"! -e {self.quote(file)}")
            else:
                rings.setdefault(stamp, []).append(file)
        for stamp, files in rings.items():
            word = f"{stamps}/{os.path.basename(stamp)}" if stamps else self.quote(stamp)
            ring = [word, *map(self.quote, files), word]
            tests += self.missing(ring[:-1])
            tests += [f"{one} -nt {other}" for one, other in itertools.pairwise(ring)]
        return self.either.join(tests)

    def missing(self, _words: list[str]) -> list[str]:
        """Tests for files that are not there, where `-nt` does not tell."""
        return []

    def watching(self, pairs: Iterable[tuple[str, str]]) -> str:
        """The text that says what is looked at before each prompt."""
        return self.call("watch", self.changed(pairs))

    @abstractmethod
    def assign(self, values: Env, unset: Iterable[str]) -> list[str]:
        """The lines that export the values and unset the names."""

    def plainly(self, values: Env, unset: Iterable[str]) -> list[str]:
        """The same lines, without a function of the hook."""
        return self.assign(values, unset)

    @abstractmethod
    def surrounded(self, name: str, head: str, tail: str) -> str:
        """The line that puts entries before and behind a search path, whatever it holds."""

    def call(self, function: str, *words: str) -> str:
        """A call of one of the hook's functions."""
        return " ".join([f"__autoenv_hpc_{function}", *map(self.quote, words)])

    def prompt(self, text: str) -> str:
        """The text as a part of the prompt in which nothing is expanded."""
        return _LIVELY.sub("?", text)

    def private(self, document: Document) -> list[str]:
        """The lines for what lives in the shell alone."""
        outer = map(self.prompt, document.outer_prompts)
        lines = [
            self.call("begin", document.root, document.name, self.prompt(document.prompt), *outer)
        ]
        lines += self.definitions(document)
        if document.shell.umask is not None:
            lines.append(self.call("set_umask", document.shell.umask))
        return lines

    def definitions(self, document: Document) -> list[str]:
        """The lines for aliases, functions and completions."""
        parts = document.shell
        return [
            *(self.call("alias", n, *([] if t is None else [t])) for n, t in parts.aliases.items()),
            *(
                self.call("function", n, *([] if t is None else [t]))
                for n, t in parts.functions.items()
            ),
            *(self.call("completion", n, t) for n, t in parts.completions.items()),
        ]
