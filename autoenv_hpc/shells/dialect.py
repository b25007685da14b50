"""The base class of all dialects, with the order of an activation's parts."""

import itertools
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping

from autoenv_hpc.activation import Activation
from autoenv_hpc.environment import Change, Env
from autoenv_hpc.guards import Guards
from autoenv_hpc.shells.protocol import NUMBER, UPGRADED
from autoenv_hpc.system.digests import blake2b

Files = Mapping[str, int | None]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z", re.ASCII)
_EXPANDED = re.compile(r"[\\$`\x00-\x1f\x7f]")


def settable(name: str) -> bool:
    """Whether a shell can hold a variable of this name; it cannot hold `BASH_FUNC_x%%`."""
    return _NAME.match(name) is not None


def is_state(name: str) -> bool:
    """Whether the variable holds what leaving needs; the way back has that itself."""
    return name == "AUTOENV_HPC_STATE"


def is_saved(name: str) -> bool:
    """Whether a bin/activate saves a value in this variable; only that of fish exports it."""
    return name.startswith(("_OLD_VIRTUAL_", "_OLD_PKG_"))


def assignments(change: Change) -> Env:
    """The variables that a change exports, with their values."""
    return {n: v.after for n, v in change.items() if v.after is not None and settable(n)}


def removals(change: Change) -> list[str]:
    """The variables that a change unsets."""
    return [name for name, value in change.items() if value.after is None and settable(name)]


def comparable(values: Mapping[str, str | None]) -> dict[str, str | None]:
    """Those of the values that a shell can compare."""
    return {name: value for name, value in values.items() if settable(name)}


def compared(activation: Activation) -> dict[str, str]:
    """The files whose content is compared, with that content; those of the modules come last."""
    own, shared = activation.guards.split(activation.shared)
    return {**own.texts, **shared.texts}


def joined(contents: Iterable[str]) -> tuple[str, bytes]:
    """The name of a file with these texts, and its content."""
    data = os.fsencode("\0".join(contents))
    return f"{blake2b(data, digest_size=16).hexdigest()}.texts", data


class Dialect(ABC):
    """One shell's way to write code: quoting, assignments, guards, calls."""

    name: str
    suffix: str
    shell: str  # as module tools call it
    or_operator: str  # between tests, if one of them is enough
    # After the first line a hook replays nothing; after the second it asks nothing.
    silenced: tuple[str, str]

    @abstractmethod
    def quote(self, text: str) -> str:
        """The word that the shell reads as exactly this text."""

    @abstractmethod
    def stored(self, activation: Activation, stamps: str) -> str:
        """The text of a stored activation, with its modes, guards, change and way back.

        :param stamps: the folder of the stamps.
        """

    def beside(self, activation: Activation) -> dict[str, bytes]:
        """The files that the text of a stored activation reads: names to contents.

        They belong into the folder of the stamps. Shells read the content of files there, which is
        faster than to read quoted words.
        """
        texts = compared(activation)
        return dict([joined(texts.values())]) if texts else {}

    @abstractmethod
    def entering(self, activation: Activation, present: Change) -> str:
        """The text that applies an activation now, without guards.

        :param present: the change, starting from the shell's present variables.
        """

    @abstractmethod
    def leaving(self, present: Change, end: tuple[str, ...] | None = ()) -> str:
        """The text that leaves the active project: its variables, then the shell's own part.

        :param present: the change, starting from the shell's present variables.
        :param end: the words for `end`, which docs/reference/protocol.md explains; None if there is
            no such part, as in a shell that inherited the project.
        """

    def retiring(
        self, present: Change, end: tuple[str, ...] | None, *, silence: bool = True
    ) -> str:
        """The text for a hook with another protocol; after it, the hook enters no project.

        The text uses only what every hook since 0.1.0 understands: assignments, one function, two
        names. docs/reference/protocol.md lists them.

        :param silence: whether the hook also stops asking; it must not while it still has to leave.
        """
        lines = self.assign_plainly(assignments(present), removals(present))
        if end is not None:
            lines.append(" ".join(["__autoenv_hpc_end", *filter(None, end[:1])]))
        say = f"builtin printf '%s\\n' {self.quote(UPGRADED)} >&2"
        lines += [*self.once(say), *(self.silenced if silence else self.silenced[:1])]
        return "".join(f"{line}\n" for line in lines)

    def title(self, activation: Activation) -> str:
        """The comment that identifies a stored activation on disk."""
        kind = f"protocol {NUMBER}, {self.name}, variant {activation.variant}"
        return f" # autoenv-hpc activation, {kind}"

    def leave_shell_part(self) -> str:
        """The text that removes only the shell's own part."""
        return self.leaving(Change())

    def changed(self, guards: Guards, stamps: str, folder: str = "") -> str:
        """The test that succeeds if a file has changed, appeared or disappeared.

        Files with the same modification time form a ring with their stamp. If none is newer than
        its successor, all times are equal: two comparisons a file instead of four.

        :param stamps: the folder of the stamps.
        :param folder: a short word for that folder, since a shell reads a long text slowly.
        """
        failing = {
            "anything": "! -e", "file": "! -f", "folder": "! -d",
            "readable": "! -r", "unreadable": "-r",
        }  # fmt: skip
        tests = [f"{failing[kind]} {self.quote(path)}" for path, kind in guards.present.items()]
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
        """Tests for missing files, in shells where `-nt` ignores these."""
        return []

    def watching(self, files: Files, stamps: str) -> str:
        """The text that makes the hook check these files before each prompt."""
        return self.call("watch", self.changed(Guards(files=files), stamps))

    @abstractmethod
    def assign(self, values: Env, unset: Iterable[str]) -> list[str]:
        """The lines that export the values and unset the names."""

    def assign_plainly(self, values: Env, unset: Iterable[str]) -> list[str]:
        """The same lines as from `assign`, but without functions of the hook."""
        return self.assign(values, unset)

    def exported(self, env: Env) -> Env:
        """The exported variables among those that the hook has sent.

        bash and zsh also send what a bin/activate saves for its `deactivate`.
        """
        return {name: value for name, value in env.items() if not is_saved(name)}

    def end(self, words: tuple[str, ...] | None) -> list[str]:
        """The line that calls `end`, if any."""
        return [] if words is None else [self.call("end", *map(self.prompt, words))]

    @abstractmethod
    def once(self, command: str) -> list[str]:
        """The lines that run a command once in the life of the shell."""

    def call(self, function: str, *words: str) -> str:
        """A call of one of the hook's functions."""
        return " ".join([f"__autoenv_hpc_{function}", *map(self.quote, words)])

    def prompt(self, text: str) -> str:
        """The text in a form that a prompt shows without expansion."""
        return _EXPANDED.sub("?", text)

    def shell_part(self, activation: Activation) -> list[str]:
        """The lines for what a shell does not export, such as prompt, aliases and umask."""
        prompts = map(self.prompt, (activation.prompt, *activation.outer_prompts))
        lines = [self.call("begin", activation.way, activation.name, *prompts)]
        lines += self.definitions(activation)
        if activation.definitions.umask is not None:
            lines.append(self.call("set_umask", activation.definitions.umask))
        for letter, (soft, _) in activation.definitions.limits.items():
            lines.append(self.call("set_limit", letter, soft))
        return lines

    def function(self, activation: Activation, name: str, definition: str) -> str:
        """The text that defines a function of a modulefile."""
        del activation, name
        return definition

    def definitions(self, activation: Activation) -> list[str]:
        """The lines for aliases, functions and completions."""
        parts = activation.definitions
        return [
            *(self.call("alias", n, *([] if t is None else [t])) for n, t in parts.aliases.items()),
            *(
                self.call("function", n, *([] if t is None else [self.function(activation, n, t)]))
                for n, t in parts.functions.items()
            ),
            *(self.call("completion", n, t) for n, t in parts.completions.items()),
        ]
