"""The attempts at one load, until one works."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from autoenv_hpc.environment import Env
from autoenv_hpc.modules import outcome, scratch_shell
from autoenv_hpc.modules.bookkeeping import loaded
from autoenv_hpc.modules.scratch_shell import Snapshot
from autoenv_hpc.modules.tool import Tool, settings

if TYPE_CHECKING:
    from autoenv_hpc.modules.loading import Request


class Load(NamedTuple):
    """The attempt that worked, or the first one if none did."""

    result: Snapshot
    absent: dict[str, str | None]  # modules that are not there, with what took their place
    questions: bytes  # of all attempts: each decided whether there was another one


def load(start: Env, tool: Tool, request: "Request", shell: str) -> Load:
    """Load the requested modules, in one call of the tool if that is enough.

    A module may set the tool up for those that come after it. Then they need calls of their own.
    """
    tried: list[Load] = []
    worked: list[Load] = []
    plans = _plans(request, tool, is_loaded=bool(loaded(start)))
    while plans:
        plan = plans.pop(0)
        result = scratch_shell.run(start, tool, plan.steps, shell=shell)
        absent = outcome.absent(request.modules, result, tool, loaded(start))
        tried.append(Load(result, absent, result.questions))
        if None not in absent.values():
            worked.append(tried[-1])
            plans = []
        if plan.is_together and settings(result.env) != settings(start):
            plans.insert(0, plan.apart(request.modules))
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


def _plans(request: "Request", tool: Tool, *, is_loaded: bool) -> list[_Plan]:
    """The attempts, in the order in which they are made until one works."""
    use = tuple(("use", path) for path in reversed(request.paths))
    words = tuple(_words(request.modules))
    policy = () if request.policy == "keep" else ((request.policy,),)
    together = _Plan((*policy, *use), (words,) if words else ())
    plans = [together]
    if is_loaded and not policy:
        # Environment Modules refuses where Lmod swaps; after a purge, both can load.
        plans.append(together._replace(first=(("purge",), *use)))
    if tool.kind == "lmod" and together.is_together:
        # A module may change Lmod's settings for the next one; Lmod applies all loads or none.
        plans.append(together.apart(request.modules))
    return plans


def _words(modules: Iterable[str]) -> list[str]:
    """The words to type after `load`; an entry may have a version and variants behind its name."""
    return [word for entry in modules for word in entry.split()]
