"""A load that is made one module after the other, to see which of them sets what."""

import os
import re
from typing import NamedTuple

from autoenv_hpc.environment import Env
from autoenv_hpc.modules import bookkeeping, login, scratch_shell
from autoenv_hpc.modules.loading import Request
from autoenv_hpc.shell_definitions import ShellDefinitions
from autoenv_hpc.system import files


class Step(NamedTuple):
    """The state after one requested module, and the modulefiles that it has loaded."""

    env: Env
    definitions: ShellDefinitions
    modules: dict[str, str]  # the names of those that are new, with their files


class Place(NamedTuple):
    """Where a modulefile sets something."""

    module: str
    file: str
    line: int | None  # None: the file does not spell out the name


def trace(env: Env, request: Request) -> list[Step]:
    """Load the modules of a request one by one in a scratch shell.

    :param env: the environment to start from.
    :returns: the state before them, then that after each.
    :raises ModuleError: the module tool cannot be run.
    """
    start, tool, _ = login.initialised(env)
    first = [(request.policy,)] if request.policy != "keep" else []
    use = [("use", path) for path in reversed(request.paths)]
    steps: list[tuple[str, ...]] = [*first, *use, ("snapshot", "0")]
    for number, entry in enumerate(request.modules, 1):
        steps += [("load", *entry.split()), ("snapshot", str(number))]
    names = [str(number) for number in range(len(request.modules) + 1)]
    states = scratch_shell.run(start, tool, steps, names).earlier
    result: list[Step] = []
    known: dict[str, str] = {}
    for name in names:
        state = states[name]
        loaded = _files(state.env)
        new = {module: file for module, file in loaded.items() if known.get(module) != file}
        result.append(Step(state.env, state.definitions, new if result else {}))
        known = loaded
    return result


def place(name: str, value: str, modules: dict[str, str]) -> Place:
    """The modulefile that sets a variable, or defines an alias or function, and the line.

    :param value: the value or the entry of a search path.
    :param modules: the candidates with their files; not empty.
    """
    word = re.compile(rf"(?<![\w.]){re.escape(name)}(?![\w.])")
    found = []
    for module, file in modules.items():
        try:
            lines = files.read(file).decode(errors="surrogateescape").splitlines()
        except OSError:
            lines = []
        numbers = [i for i, line in enumerate(lines, 1) if word.search(line)]
        fits = [i for i in numbers if os.path.basename(value) in lines[i - 1]] if value else []
        shared = max((len(p) for p in _paths(lines) if value.startswith(p)), default=0)
        line = next(iter(fits or numbers), None)
        found.append((line is not None, shared, Place(module, file, line)))
    return max(found, key=lambda entry: entry[:2])[2]


def _files(env: Env) -> dict[str, str]:
    names = bookkeeping.loaded(env)
    return dict(zip(names, env.get("_LMFILES_", "").split(":"), strict=False))


def _paths(lines: list[str]) -> set[str]:
    return {path for line in lines for path in re.findall(r"""/[^\s"'{}\[\]:;,()$]+""", line)}
