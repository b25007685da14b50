"""The attempts at one load, until one works."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from autoenv_hpc.environment import Env
from autoenv_hpc.modules import outcome, scratch_shell
from autoenv_hpc.modules.bookkeeping import loaded
from autoenv_hpc.modules.scratch_shell import Snapshot
from autoenv_hpc.modules.tool import Tool, settings
from autoenv_hpc.project.choices import ModulePolicy


class Load(NamedTuple):
    """The attempt that worked, or the first one if none did."""

    result: Snapshot
    absent: dict[str, str | None]  # modules that are not there, with what took their place
    questions: bytes  # of all attempts: each decided whether there was another one


def load(  # noqa: PLR0913 - the parts of a request
    start: Env,
    tool: Tool,
    modules: Sequence[str],
    paths: Sequence[str],
    policy: ModulePolicy,
    *,
    shell: str,
) -> Load:
    """Load the requested modules, in one call of the tool if that is enough.

    A module may set the tool up for those that come after it. Then they need calls of their own.
    """
    tried: list[Load] = []
    worked: list[Load] = []
    together = _together(modules, paths, policy)
    plans = [together]
    if loaded(start) and policy == "keep":
        # Environment Modules refuses where Lmod swaps; after a purge, both can load.
        plans.append(_together(modules, paths, "purge"))
    if tool.kind == "lmod" and together.is_together:
        # A module may change Lmod's settings for the next one; Lmod applies all loads or none.
        plans.append(together.apart(modules))
    while plans:
        plan = plans.pop(0)
        result = scratch_shell.run(start, tool, plan.steps, shell=shell)
        absent = outcome.absent(modules, result, tool, loaded(start))
        tried.append(Load(result, absent, result.questions))
        if None not in absent.values():
            worked.append(tried[-1])
            plans = []
        if plan.is_together and settings(result.env) != settings(start):
            plans.insert(0, plan.apart(modules))
    questions = b"".join(attempt.questions for attempt in tried)
    return (worked[-1] if worked else tried[0])._replace(questions=questions)


class _Plan(NamedTuple):
    """The steps of one attempt: those before the load, and the words of each load."""

    first: tuple[tuple[str, ...], ...]
    loads: tuple[tuple[str, ...], ...]

    @property
    def steps(self) -> list[tuple[str, ...]]:
        return [*self.first, *(("load", *words) for words in self.loads)]

    @property
    def is_together(self) -> bool:
        return len(self.loads) == 1 and len(self.loads[0]) > 1

    def apart(self, modules: Iterable[str]) -> "_Plan":
        """The same with a call of the tool for each module, for which the one before is set up."""
        return self._replace(loads=tuple(tuple(_words([name])) for name in modules))


def _together(modules: Sequence[str], paths: Sequence[str], policy: ModulePolicy) -> _Plan:
    words = tuple(_words(modules))
    use = (("use", path) for path in reversed(paths))
    first = () if policy == "keep" else ((policy,),)
    return _Plan((*first, *use), (words,) if words else ())


def _words(modules: Iterable[str]) -> list[str]:
    """The words to type after `load`; an entry may have a version and variants behind its name."""
    return [word for entry in modules for word in entry.split()]
