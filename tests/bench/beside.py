"""Compares this checkout with another one, row by row.

    make bench BENCH="--beside CHECKOUT --only exec --runs 25"

The other checkout, for example an older version, needs its own `.cache/venv`: `make checkout` there.
Both take turns in scenes of the same kind. A ratio is the median of all turns, with its quartiles. A
busy machine disturbs the ratio of CPU time less; it includes the start of the shell that repeats a
line. A row counts as slower if both ratios say so. System calls are counted where their number is
the same each time.
"""

import resource
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from bench import module_trees
from bench.measure import (
    SHELLS,
    Counts,
    Loop,
    Measure,
    Spread,
    at_once,
    counted,
    spread,
    static_true,
    taking_turns,
    timed,
)
from bench.scenes import Scene, Stage

_OURS, _THEIRS = "autoenv-hpc", "beside"
_RANKS = (1, 16, 64)
_BUILDERS = 50
_LIMIT = 1.05


class Row(NamedTuple):
    """One thing that both checkouts do."""

    time: Measure
    calls: Callable[[], Counts] | None = None


Rows = Iterator[tuple[str, Row]]


def _loop(scene: Scene, loop: Loop) -> Row:
    return Row(partial(loop.timed, scene.env), partial(loop.counted, scene.env, _log(scene)))


def _process(scene: Scene, words: list[str]) -> Row:
    return Row(partial(timed, words, scene.env), partial(counted, words, scene.env, _log(scene)))


def _log(scene: Scene) -> Path:
    return scene.home / "calls"


def _idle(stage: Stage) -> Rows:
    scene = stage.small(8)
    for shell in SHELLS:
        for inside in (False, True):
            loop = scene.idle(shell, _OURS, inside=inside)
            yield f"{shell}, {'inside' if inside else 'outside'}", _loop(scene, loop)


def _enter(stage: Stage) -> Rows:
    for title, number, scene in stage.all():
        for shell in SHELLS:
            yield f"{shell}, {number} of {title}", _loop(scene, scene.round_trip(shell, _OURS))


def _first(stage: Stage) -> Rows:
    for title, number, scene in stage.all():
        for who in (_OURS, "modules known"):
            yield f"{who}, {number} of {title}", Row(partial(scene.first, who))


def _exec(stage: Stage) -> Rows:
    for title, number, scene in stage.all():
        yield f"{number} of {title}", _process(scene, [*scene.exec, static_true(scene.home)])


def _ranks(stage: Stage) -> Rows:
    scene = stage.small(8)
    command = static_true(scene.home)
    for number in _RANKS:
        each = partial(at_once, [*scene.exec, command], [scene.env] * number)
        yield f"{number}, each alone", Row(each)
        yield f"{number}, of one step", Row(partial(scene.in_ranks, number, command))


def _miss(stage: Stage) -> Rows:
    scene = stage.small(1)
    yield "no modules", _process(scene, scene.question())


def _build(stage: Stage) -> Rows:
    scene = stage.small(1)
    words = [*scene.exec_in("many"), static_true(scene.home)]
    for number in (1, _BUILDERS):
        yield f"{number} at once", Row(partial(scene.built, "many", words, number))


def _real(stage: Stage) -> Rows:
    for number in module_trees.CLOSURES:
        scene = stage.real(number)
        for shell in SHELLS:
            yield f"{shell}, {number} modulefiles", _loop(scene, scene.round_trip(shell, _OURS))
        yield f"exec, {number} modulefiles", _process(scene, [*scene.exec, static_true(scene.home)])
        for who in (_OURS, "modules known"):
            yield f"{who}, {number} modulefiles", Row(partial(scene.first, who))


PARTS: dict[str, Callable[[Stage], Rows]] = {
    "idle": _idle,
    "enter": _enter,
    "first": _first,
    "exec": _exec,
    "ranks": _ranks,
    "miss": _miss,
    "build": _build,
    "real": _real,
}


def compare(ours: Stage, theirs: Stage, parts: Iterable[str], runs: int) -> None:
    """Print a row for each thing that both do, and mark where ours is slower by more than 5 %."""
    columns = ["row", "ours, ms", "theirs, ms", "ratio", "ratio of CPU time", "calls", ""]
    print(_joined(columns), _joined(["---"] * len(columns)), sep="\n")  # noqa: T201
    for part in parts:
        both = zip(PARTS[part](ours), PARTS[part](theirs), strict=True)
        for (name, mine), (_, other) in both:
            print(_joined([f"{part}: {name}", *_cells(mine, other, runs)]), flush=True)  # noqa: T201


def _cells(ours: Row, theirs: Row, runs: int) -> Iterator[str]:
    spent: dict[str, list[float]] = {_OURS: [], _THEIRS: []}
    measures: dict[str, Measure] = {
        who: partial(_timed, row.time, spent[who])
        for who, row in ((_OURS, ours), (_THEIRS, theirs))
    }
    times = taking_turns(measures, runs)
    yield from (f"{spread(found).median:.3g}" for found in times.values())
    ratios = [_ratios(found[_OURS], found[_THEIRS]) for found in (times, spent)]
    yield from (f"{middle:.2f} ({low:.2f} to {high:.2f})" for low, middle, high in ratios)
    yield " / ".join(f"{row.calls().calls:.0f}" for row in (ours, theirs) if row.calls)
    yield "slower" if min(ratio.median for ratio in ratios) > _LIMIT else ""


def _timed(measure: Measure, spent: list[float]) -> float:
    """One run; `spent` gets the CPU time of all its processes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken = measure()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return taken


def _ratios(ours: list[float], theirs: list[float]) -> Spread:
    return spread([mine / other for mine, other in zip(ours, theirs, strict=True)])


def _joined(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
