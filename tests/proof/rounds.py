"""The rounds of the proof: a replay is what a real load would give now, or is not used.

A round makes a random world and enters its project. Then the world changes a few times. Each time, what
the product gives without a load is compared with a load.
"""

import random
import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from proof import trees
from proof.product import Entered, Env, Product, comparable
from proof.worlds import PLACES, Change, World

_CHANGES = 4  # in each round
_HINTS = re.compile(
    r"; (did you mean .*|\S+ becomes visible .*|`module avail` shows .*)"
)  # looked up once, as they are slow
_WORD = re.compile(r'[^\s;,"]+')  # Lmod names what it does not know in another order each time
_LATE = re.compile(  # Lmod calls known what it could not look up within two seconds
    r"The following module\(s\) are unknown:"
    r"|These module\(s\) or extension\(s\) exist but cannot be loaded as requested:"
    r'|Try: "module spider [^"]*" to see how to load the module\(s\)\.'
)
_ENDLESS = re.compile("too many C levels|stack overflow")  # a module that inherits itself
_SHELLS = ("zsh", "fish", "bash")  # whose hooks take one round in eight


class Round(NamedTuple):
    """What happens in one round."""

    world: World
    steps: tuple[Change, ...]
    shell: str = ""  # whose hook enters; `exec` if empty
    again: frozenset[int] = frozenset()  # after which changes the project is entered again

    @classmethod
    def of(cls, seed: int, tool: str) -> "Round":
        """The round of a seed."""
        rng = random.Random(f"{seed} {tool}")
        world = trees.world(rng, tool)
        steps = tuple(islice(trees.changes(rng, world), _CHANGES))
        shell = rng.choice(_SHELLS) if rng.random() < 1 / 8 else ""
        return cls(
            world, steps, shell, frozenset(i for i in range(_CHANGES) if rng.random() < 1 / 4)
        )


class Outcome(NamedTuple):
    """What a round showed."""

    fault: str = ""  # empty: nothing is wrong
    is_loaded: bool = False
    is_stored: bool = False
    replays: int = 0


class Tally(NamedTuple):
    """What many rounds showed."""

    rounds: int = 0
    loaded: int = 0
    stored: int = 0
    replays: int = 0
    refused: tuple[
        int, ...
    ] = ()  # the seeds of loads that were not stored without a known obstacle
    fault: str = ""

    def __str__(self) -> str:
        refused = f", not stored for no known reason: {list(self.refused)}" if self.refused else ""
        return (
            f"{self.rounds} rounds, {self.loaded} loads, {self.stored} stored,"
            f" {self.replays} replays{refused}"
        )


def prove(product: Product, seeds: range) -> Iterator[Tally]:
    """Play the rounds with these seeds; after each, tell what all have shown. A fault ends them."""
    tally = Tally()
    for seed in seeds:
        played = Round.of(seed, product.tool)
        outcome = play(product, played)
        is_refused = outcome.is_loaded and not outcome.is_stored and played.world.storable
        fault = ""
        if outcome.fault:
            small, text = smallest(product, played)
            lines = as_text(small, text) if text else as_text(played, outcome.fault)
            fault = f"{product.tool}, SEED={seed}\n{lines}\n"
        tally = Tally(
            tally.rounds + 1,
            tally.loaded + outcome.is_loaded,
            tally.stored + outcome.is_stored,
            tally.replays + outcome.replays,
            (*tally.refused, seed) if is_refused else tally.refused,
            fault,
        )
        yield tally
        if fault:
            return


def play(product: Product, played: Round) -> Outcome:
    """Play one round."""
    world = product.begin(played.world)
    if played.shell:
        is_loaded = product.enter_by_hook(world, played.shell) is not None
    else:
        is_loaded = product.enter(world).status == 0
    is_stored = product.is_stored()
    replays = 0
    for number, change in enumerate(played.steps):
        world = change.made_in(world, product.root, number)
        if not is_loaded:
            fault = _believed_failure(product, world)
        else:
            env = product.replay(world, played.shell) if is_stored else None
            replays += env is not None
            if env is None and number in played.again and not played.shell:
                product.enter(world)
                env = product.replay(world)  # the change may have brought an obstacle
            fault = _difference(product, world, env) if env is not None else ""
        if fault:
            text = f"after change {number + 1} of {len(played.steps)}:\n{fault}"
            return Outcome(text, is_loaded, is_stored, replays)
        if not is_loaded:  # it costs two more failures for each change
            break
    return Outcome("", is_loaded, is_stored, replays)


def _difference(product: Product, world: World, env: Env) -> str:
    """How variables differ from those after a load; empty if they do not."""
    got, wanted = comparable(env), {}
    for policy in _tries(world.policy, "purge" if world.before else world.policy):
        wanted = comparable(product.load(world._replace(policy=policy)))
        if got == wanted:
            return ""
    if got == comparable(product.load(world, apart=True)):
        return ""
    names = sorted(n for n in {*got, *wanted} if got.get(n) != wanted.get(n))
    return "\n".join(f"  {n}: {got.get(n)!r}, but a load gives {wanted.get(n)!r}" for n in names)


def _believed_failure(product: Product, world: World) -> str:
    """How a failure, or what came after it, differs from what comes where nothing is remembered."""
    kept = fresh = product.enter(world)
    for _ in _tries(""):
        fresh = product.enter(world, forgetting=True)
        is_endless = _ENDLESS.search(kept.words + fresh.words) and kept.status == fresh.status
        is_random = kept.status == fresh.status == 0 and not product.is_stored()
        if is_endless or is_random or _compared(kept) == _compared(fresh):
            return ""
    return f"  it ends with {kept.status}, {kept.words!r}\n  and should with {fresh.status}, {fresh.words!r}"


def _tries(*policies: str) -> tuple[str, ...]:
    """Lua's tables have another order each time, and what Lmod does depends on it in a few cases."""
    return policies * 4


def _compared(entered: Entered) -> tuple[int, list[str], Env]:
    words = _LATE.sub("", _HINTS.sub("", entered.words)).partition("stack traceback")[0]
    return entered.status, sorted(_WORD.findall(words)), comparable(entered.env)


def smallest(product: Product, played: Round) -> tuple[Round, str]:
    """The same fault with as few files, lines, variables and changes as can be."""
    text, is_smaller = play(product, played).fault, True
    while is_smaller:
        is_smaller = False
        for candidate in _smaller(played):
            found = play(product, candidate).fault
            if found:
                played, text, is_smaller = candidate, found, True
                break
    return played, text


def _smaller(played: Round) -> Iterator[Round]:
    world, steps = played.world, played.steps
    for i in range(len(steps)):
        again = frozenset(n - (n > i) for n in played.again)
        yield played._replace(steps=(*steps[:i], *steps[i + 1 :]), again=again)
    for simpler in _simpler(world):
        if simpler != world:
            yield played._replace(world=simpler)
    if played.shell:
        yield played._replace(shell="")
    for i in played.again:
        yield played._replace(again=played.again - {i})


def _simpler(world: World) -> Iterator[World]:
    for path in world.content:
        if path not in ("tree", "home", *PLACES):
            yield world._replace(content={p: c for p, c in world.content.items() if p != path})
    yield world._replace(before=(), paths=(), policy="keep", place="p")
    yield world._replace(before=())
    yield world._replace(paths=())
    yield world._replace(place="p")
    yield world._replace(policy="keep")
    for name in world.modules if len(world.modules) > 1 else ():
        yield world._replace(modules=(name,))
    for name in world.env:
        if name not in ("HOME", "PATH", "MODULEPATH"):
            yield world._replace(env={n: v for n, v in world.env.items() if n != name})
    for path, text in world.content.items():
        if type(text) is str and path.startswith(("tree/", "more/", "home/", "site")):
            lines = text.splitlines(keepends=True)
            for i in range(len(lines) if len(lines) > 1 else 0):
                shorter = "".join(lines[:i] + lines[i + 1 :])
                yield world._replace(content={**world.content, path: shorter})


def as_text(played: Round, text: str) -> str:
    """A fault as lines that a person can type, and what comes."""
    enter = "autoenv-hpc exec -- env" + (f"   # by the hook of {played.shell}" * bool(played.shell))
    lines = [*played.world.typed(), "autoenv-hpc allow $W/p", enter]
    for i, change in enumerate(played.steps):
        lines += [*change.typed(), *([enter] if i in played.again else [])]
    return "\n".join([*lines, enter, f"module load {' '.join(played.world.modules)}; env", text])
