"""The dialect for zsh, in which some variables are tied to arrays."""

from collections.abc import Iterable, Mapping

from autoenv_hpc.activation import Activation
from autoenv_hpc.environment import Env
from autoenv_hpc.guards import Guards
from autoenv_hpc.shells.bash import Bash, span
from autoenv_hpc.shells.dialect import Dialect, joined

# The variables that zsh ties to an array; it sets them even if they are not exported (zshparam(1)).
_SPECIAL = frozenset(
    ("PATH", "MANPATH", "FPATH", "CDPATH", "MODULE_PATH", "MAILPATH", "FIGNORE", "PSVAR", "WATCH")
)


class Zsh(Bash):
    """The dialect for zsh; its code always runs under `emulate zsh`."""

    name = suffix = shell = "zsh"

    def prompt(self, text: str) -> str:
        return super().prompt(text).replace("%", "%%")

    def assign_plainly(self, values: Env, unset: Iterable[str]) -> list[str]:
        names = list(unset)
        special = [name for name in names if name in _SPECIAL]
        lines = self.assign(values, [name for name in names if name not in _SPECIAL])
        return [*lines, *(f"typeset -g +x {n}; set -A {n.lower()}" for n in special)]

    def _unset_all(self, names: list[str]) -> list[str]:
        special = [f"${{(t){name}}} != *export*" for name in names if name in _SPECIAL]
        return super()._unset_all([name for name in names if name not in _SPECIAL]) + special

    def _exported(self, names: list[str]) -> list[str]:
        return [f"${{(t){name}}} == scalar(|-tied)-export*" for name in names]

    def _if_set(self, name: str) -> str:
        return f"${{{name}+x}}"

    def function(self, activation: Activation, name: str, definition: str) -> str:
        return Dialect.function(self, activation, name, definition)  # zsh exports no functions

    def missing(self, words: list[str]) -> list[str]:
        return [f"! -e {word}" for word in words]

    def _texts(self, own: Mapping[str, str], shared: Mapping[str, str]) -> list[str]:
        texts = {**own, **shared}
        if not texts:
            return []
        name, data = joined(texts.values())
        files = " ".join(map(self.quote, texts))
        test = f'same_texts {len(data)} "$__autoenv_hpc_stamps"/{name} {files}'
        return [f"__autoenv_hpc_{test} || return 1"]

    def _age(self, guards: Guards) -> list[str]:
        if not guards.max_age:
            return []
        now, (begin, end) = "${(%):-%D{%s\\}}", span(guards)
        return [f"(( {begin} < {now} && {now} < {end} )) || return 1"]

    def _unsettable(self, _activation: Activation) -> list[str]:
        return []  # `exec` is bash's

    def _shelve(self, names: list[str]) -> list[str]:
        special = [name for name in names if name in _SPECIAL]
        return [f"[[ $1 == exec ]] || {self.call('shelve', *special)}"] if special else []

    def _unset(self, names: list[str]) -> list[str]:
        special = [name for name in names if name in _SPECIAL]
        plain = [name for name in names if name not in _SPECIAL]
        return [
            *(["\\builtin unset -v " + " ".join(plain)] if plain else []),
            *([self.call("unset", *special)] if special else []),
        ]
