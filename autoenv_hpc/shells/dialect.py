"""What every dialect shares: which parts an activation has, and in which order they are written."""

import itertools
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping

from autoenv_hpc.activation import Activation
from autoenv_hpc.environment import Change, Env
from autoenv_hpc.guards import Guards
from autoenv_hpc.shells.protocol import NUMBER, UPGRADED

Files = Mapping[str, int | None]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z", re.ASCII)
_EXPANDED = re.compile(r"[\\$`\x00-\x1f\x7f]")


def settable(name: str) -> bool:
    """Whether a shell can hold a variable of this name; it cannot hold `BASH_FUNC_x%%`."""
    return _NAME.match(name) is not None


def assigned(change: Change) -> Env:
    """What a change exports."""
    return {n: v.after for n, v in change.items() if v.after is not None and settable(n)}


def removed(change: Change) -> list[str]:
    """The variables that a change unsets."""
    return [name for name, value in change.items() if value.after is None and settable(name)]


def compared(values: Mapping[str, str | None]) -> dict[str, str | None]:
    """The variables that a shell can compare with these values."""
    return {name: value for name, value in values.items() if settable(name)}


class Dialect(ABC):
    """How one shell is written: quoting, assignments, guards, calls."""

    name: str
    suffix: str
    or_operator: str  # between tests of which one is enough
    silenced: tuple[str, str]  # after these lines a hook replays nothing, and asks nothing

    @abstractmethod
    def quote(self, text: str) -> str:
        """The word that stands for this very text in the shell."""

    @abstractmethod
    def stored(self, activation: Activation, stamps: str) -> str:
        """The text of a stored activation: modes, guards, change and way back.

        :param stamps: the folder of the stamps.
        """

    @abstractmethod
    def entering(self, activation: Activation, present: Change) -> str:
        """The text that applies an activation now, without guards.

        :param present: the change from what the shell holds at this moment.
        """

    @abstractmethod
    def leaving(self, present: Change, *, end: bool = True, keep_deactivate: bool = False) -> str:
        """The text that takes out what is active: variables first, then the shell's own part.

        :param end: whether this shell has a part of its own; one that inherited has none yet.
        :param keep_deactivate: the user's own environment has defined its `deactivate`.
        """

    def retiring(
        self, present: Change, *, end: bool, keep_deactivate: bool = False, silence: bool = True
    ) -> str:
        """The text for a hook that has another protocol; it enters nothing more after it.

        It consists of what every hook understands, since 0.1.0 and for ever: assignments, one
        function, two names. docs/reference/protocol.md lists them.

        :param silence: let the hook ask no more; one that must still leave may ask for that.
        """
        lines = self.assign_plainly(assigned(present), removed(present))
        if end:
            lines.append("__autoenv_hpc_end" + (" keep-deactivate" if keep_deactivate else ""))
        say = f"builtin printf '%s\\n' {self.quote(UPGRADED)} >&2"
        lines += [*self.once(say), *(self.silenced if silence else self.silenced[:1])]
        return "".join(f"{line}\n" for line in lines)

    def title(self, activation: Activation) -> str:
        """The comment by which a stored activation is recognised on disk."""
        kind = f"protocol {NUMBER}, {self.name}, variant {activation.variant}"
        return f" # autoenv-hpc activation, {kind}"

    def leave_shell_part(self) -> str:
        """The text that takes out only what belongs to this shell."""
        return self.leaving(Change())

    def changed(self, guards: Guards, stamps: str, folder: str = "") -> str:
        """The test for files: one is newer or older than its stamp, is gone or has appeared.

        Files with the same modification time form a ring with their stamp. If none is newer than
        its successor, all times are equal: two comparisons a file instead of four.

        :param stamps: the folder of the stamps.
        :param folder: a word for that folder, since a long text takes long to read.
        """
        operators = {"anything": "-e", "file": "-f", "folder": "-d"}
        tests = [f"! {operators[kind]} {self.quote(path)}" for path, kind in guards.present.items()]
        for path, target in guards.links.items():
            link = self.quote(path)
            tests.append(f"-L {link}" if target is None else f"! {link} -ef {self.quote(target)}")
        rings: dict[int, list[str]] = {}
        for file, modified in guards.files.items():
            if modified is None:
                tests.append(f"-e {self.quote(file)}")
            else:
                rings.setdefault(modified, []).append(file)
        for modified, files in rings.items():
            name = str(modified)
            stamp = f"{folder}/{name}" if folder else self.quote(os.path.join(stamps, name))
            ring = [stamp, *map(self.quote, files), stamp]
            tests += self.missing(ring[:-1])
            tests += [f"{one} -nt {other}" for one, other in itertools.pairwise(ring)]
        return self.or_operator.join(tests)

    def missing(self, _words: list[str]) -> list[str]:
        """Tests for files that are not there, where `-nt` does not notice."""
        return []

    def watching(self, files: Files, stamps: str) -> str:
        """The text that says what is checked before each prompt."""
        return self.call("watch", self.changed(Guards(files=files), stamps))

    @abstractmethod
    def assign(self, values: Env, unset: Iterable[str]) -> list[str]:
        """The lines that export the values and unset the names."""

    def assign_plainly(self, values: Env, unset: Iterable[str]) -> list[str]:
        """The same lines, without a function of the hook."""
        return self.assign(values, unset)

    @abstractmethod
    def once(self, command: str) -> list[str]:
        """The lines that run a command for the first time only, as long as the shell lives."""

    @abstractmethod
    def extend_path(self, name: str, head: str, tail: str) -> str:
        """The line that adds entries before and behind a search path, whatever it holds."""

    def call(self, function: str, *words: str) -> str:
        """A call of one of the hook's functions."""
        return " ".join([f"__autoenv_hpc_{function}", *map(self.quote, words)])

    def prompt(self, text: str) -> str:
        """The text as a part of the prompt in which nothing is expanded."""
        return _EXPANDED.sub("?", text)

    def shell_part(self, activation: Activation) -> list[str]:
        """The lines for what exists in the shell alone."""
        prompts = map(self.prompt, (activation.prompt, *activation.outer_prompts))
        lines = [self.call("begin", activation.root, activation.name, *prompts)]
        lines += self.definitions(activation)
        if activation.definitions.umask is not None:
            lines.append(self.call("set_umask", activation.definitions.umask))
        return lines

    def definitions(self, activation: Activation) -> list[str]:
        """The lines for aliases, functions and completions."""
        parts = activation.definitions
        return [
            *(self.call("alias", n, *([] if t is None else [t])) for n, t in parts.aliases.items()),
            *(
                self.call("function", n, *([] if t is None else [t]))
                for n, t in parts.functions.items()
            ),
            *(self.call("completion", n, t) for n, t in parts.completions.items()),
        ]
