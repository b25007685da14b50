"""Measures the times that users notice, next to those of other tools, and writes the page.

    make bench                              the whole page, in half an hour
    make bench BENCH="--quick"              a short run that does not write the page
    make bench BENCH="--only exec"          one part: idle, enter, first, exec, callers, ranks, miss, build, real, listener
    make bench BENCH="--beside CHECKOUT"    this checkout and another one alone, row by row; see beside.py

Numbers are medians and quartiles of several runs, in which the tools take turns.
"""

import argparse
import itertools
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

import provision
from bench import beside, module_trees, plots, rivals
from bench.measure import (
    SHELLS,
    Environment,
    Measure,
    Spread,
    alternately,
    at_once,
    counted,
    spread,
    static_true,
    taking_turns,
    timed,
)
from bench.page import Cell, Page, ratio
from bench.scenes import CHECKOUT, Stage, Tools, forget_notes
from trees import interpreter_of

SIZES = (1, 8, 40, 100)
RANKS = (1, 4, 16, 64, 256)
OURS, BY_HAND, DIRENV = "autoenv-hpc", "by hand", "direnv"
TITLES = {"lmod": "Lmod", "modules": "Environment Modules"}
Rows = list[list[Cell]]


class Bench(NamedTuple):
    """The values that all parts need."""

    tools: Tools
    page: Page
    pictures: Path
    runs: int
    sizes: tuple[int, ...]
    ranks: tuple[int, ...]
    builders: int
    stage: Stage

    @property
    def rivals(self) -> dict[str, rivals.Rival]:
        return self.tools.rivals

    @property
    def log(self) -> Path:
        return self.tools.folder / "calls"


def idle(bench: Bench) -> None:
    """A prompt after which nothing has changed."""
    scene = bench.stage.small(8)
    rows: Rows = []
    for shell in SHELLS:
        for inside in (False, True):
            loops = {
                who: scene.idle(shell, who, inside=inside)
                for who in ("no hook", OURS, *bench.rivals)
            }
            times = alternately(
                {who: partial(loop.timed, scene.env) for who, loop in loops.items()}, bench.runs
            )
            for who, loop in loops.items():
                micro = Spread(*(1000 * value for value in times[who]))
                place = "inside" if inside else "outside"
                counts = map(round, loop.counted(scene.env, bench.log))
                rows.append([shell, place, who, micro, *counts])
    columns = ("shell", "place", "hook", "µs", "processes", "file-system calls")
    bench.page.table("idle", columns, rows)


def enter(bench: Bench) -> None:
    """Enter a project with a stored activation, and leave it."""
    times: Rows = []
    counts: Rows = []
    panels: dict[str, plots.Lines] = {}
    for title, number, scene in bench.stage.all():
        loops = {shell: scene.round_trip(shell, OURS) for shell in SHELLS}
        loops[BY_HAND] = scene.by_hand()
        if DIRENV in bench.rivals:
            loops[DIRENV] = scene.round_trip("bash", DIRENV)
        found = alternately(
            {who: partial(loop.timed, scene.env) for who, loop in loops.items()}, bench.runs
        )
        rival = found[BY_HAND]
        ours = [cell for shell in SHELLS for cell in (found[shell], ratio(found[shell], rival))]
        times.append([title, number, *ours, rival, found.get(DIRENV)])
        seen = {who: loop.counted(scene.env, bench.log) for who, loop in loops.items()}
        counts.append([title, number, *(seen.get(who) for who in (*SHELLS, BY_HAND, DIRENV))])
        place = "small tree" if title == "small" else f"tree of {title}"
        lines = panels.setdefault(f"enter and leave, {place}", {})
        for who, value in found.items():
            lines.setdefault(who if who not in SHELLS else f"{OURS}, {who}", []).append(value)
    columns = ["tree", "modules", "bash, ms", "ratio", "zsh, ms", "ratio", "fish, ms", "ratio"]
    bench.page.table("enter", [*columns, "by hand in bash, ms", "direnv in bash, ms"], times)
    bench.page.table(
        "enter counted", ["tree", "modules", *SHELLS, "by hand in bash", "direnv in bash"], counts
    )
    plots.draw(bench.pictures / "performance-modules.svg", "modules", bench.sizes, panels)


def first(bench: Bench) -> None:
    """Enter a project without a stored activation."""
    whos = (OURS, "modules known", BY_HAND, *((DIRENV,) if DIRENV in bench.rivals else ()))
    rows: Rows = []
    for title, number, scene in bench.stage.all():
        found = alternately({who: partial(scene.first, who) for who in whos}, bench.runs)
        rival = found[BY_HAND]
        cells = [cell for who in whos[:2] for cell in (found[who], ratio(found[who], rival))]
        rows.append([title, number, *cells, rival, found.get(DIRENV)])
    columns = ["tree", "modules", "first, ms", "ratio", "modules known, ms", "ratio"]
    bench.page.table("first", [*columns, "load and activate, ms", "direnv, ms"], rows)


def execute(bench: Bench) -> None:
    """`exec` with a stored activation, next to the lines of a batch script."""
    command = static_true(bench.tools.folder)
    rows: Rows = []
    for title, number, scene in bench.stage.all():
        words = {OURS: scene.exec, BY_HAND: scene.recipe}
        if DIRENV in bench.rivals:
            words[DIRENV] = scene.direnv_exec
        measures: dict[str, Measure] = {
            who: partial(timed, [*start, command], scene.env) for who, start in words.items()
        }
        found = alternately(measures, 2 * bench.runs)
        seen = {who: counted([*w, command], scene.env, bench.log) for who, w in words.items()}
        fewer = seen[BY_HAND].calls / seen[OURS].calls
        rows.append(
            [
                title, number, found[OURS], found[BY_HAND], ratio(found[OURS], found[BY_HAND]), found.get(DIRENV),
                seen[OURS], seen[BY_HAND], f"1/{fewer:.2g}", seen.get(DIRENV),
            ]
        )  # fmt: skip
    columns = [
        "tree", "modules", "exec, ms", "recipe, ms", "ratio", "direnv exec, ms", "exec, processes / calls",
        "recipe", "ratio of calls", "direnv exec",
    ]  # fmt: skip
    bench.page.table("exec", columns, rows)


def callers(bench: Bench) -> None:
    """`exec` for callers with different PATHs, by turns, and for one of them."""
    scene = bench.stage.small(8)
    number = 50
    turns = itertools.cycle(range(number))
    paths = [f"{scene.home}/tools{i}/bin:{scene.env['PATH']}" for i in range(number)]

    def call(caller: int) -> float:
        return at_once([*scene.exec, "true"], [scene.env | {"PATH": paths[caller]}])

    for caller in range(number):  # from now on all are stored
        call(caller)
    ways = {"by turns": lambda: call(next(turns)), "one": lambda: call(number - 1)}
    found = alternately(ways, 2 * number)
    cells = [found["by turns"], ratio(found["by turns"], found["one"]), found["one"]]
    bench.page.table(
        "callers", ["callers", "by turns, ms", "ratio", "one of them, ms"], [[number, *cells]]
    )


def ranks(bench: Bench) -> None:
    """Many processes at the same time on one node."""
    scene, command = bench.stage.small(8), static_true(bench.tools.folder)
    rows: Rows = []
    lines: plots.Lines = {}
    for number in bench.ranks:
        measures: dict[str, Measure] = {
            "exec in each": partial(at_once, [*scene.exec, command], [scene.env] * number),
            "exec in ranks of one step": partial(scene.in_ranks, number, command),
            "recipe in each": partial(at_once, [*scene.recipe, command], [scene.env] * number),
        }
        found = alternately(measures, 5)
        each, step, rival = found.values()
        rows.append([number, each, ratio(each, rival), step, ratio(step, rival), rival])
        for who, value in found.items():
            lines.setdefault(who, []).append(value)
    columns = [
        "ranks", "exec in each, ms", "ratio", "exec in ranks of one step, ms", "ratio", "recipe in each, ms",
    ]  # fmt: skip
    bench.page.table("ranks", columns, rows)
    rank = scene.env | scene.step("counted")
    calls: list[tuple[str, list[str], Environment]] = [
        ("exec alone", scene.exec, scene.env),
        ("the first rank of a step", scene.exec, rank),
        ("each further rank", scene.exec, rank),
        ("the recipe", scene.recipe, scene.env),
    ]
    counts: Rows = [[who, counted([*words, command], env, bench.log)] for who, words, env in calls]
    forget_notes()
    bench.page.table("ranks counted", ["", "processes / calls"], counts)
    picture = bench.pictures / "performance-ranks.svg"
    plots.draw(
        picture, "ranks at once on one node", bench.ranks, {"until the last has ended": lines}
    )


def miss(bench: Bench) -> None:
    """The cost of Python when a shell has to ask it."""
    scene = bench.stage.small(1)
    words = {"ask": scene.question(), "python": [sys.executable, "-I", "-c", "pass"]}
    found = alternately(
        {who: partial(timed, line, scene.env) for who, line in words.items()}, 3 * bench.runs
    )
    times = ratio(found["ask"], found["python"])
    columns = ["a miss without modules, ms", "`python -I -c pass`, ms", "ratio"]
    bench.page.table("miss", columns, [[found["ask"], found["python"], times]])


def build(bench: Bench) -> None:
    """Many processes that need a missing environment: one of them builds, the others wait."""
    scene = bench.stage.small(1)
    command = [*scene.exec_in("many"), static_true(bench.tools.folder)]
    numbers = {"one": 1, "many": bench.builders}
    found = alternately(
        {who: partial(scene.built, "many", command, n) for who, n in numbers.items()}, 3
    )
    columns = ["one builds, ms", f"{bench.builders} at once, ms", "ratio"]
    row = [found["one"], found["many"], ratio(found["many"], found["one"])]
    bench.page.table("build", columns, [row])


def real(bench: Bench) -> None:
    """An application of a site's size: all that was measured above for plain modules."""
    command = static_true(bench.tools.folder)
    times: Rows = []
    counts: Rows = []
    for number in module_trees.CLOSURES:
        scene = bench.stage.real(number)
        loops = {shell: scene.round_trip(shell, OURS) for shell in SHELLS}
        loops[BY_HAND] = scene.by_hand()
        words = {"exec": [*scene.exec, command], "recipe": [*scene.recipe, command]}
        measures: dict[str, Measure] = {
            **{who: partial(timed, line, scene.env) for who, line in words.items()},
            **{who: partial(loop.timed, scene.env) for who, loop in loops.items()},
            "first": partial(scene.first, OURS),
            "load": partial(scene.first, BY_HAND),
        }
        found = alternately(measures, bench.runs)
        times.append([number, *found.values(), ratio(found["first"], found["load"])])
        calls = [counted(line, scene.env, bench.log) for line in words.values()]
        calls += [loop.counted(scene.env, bench.log) for loop in loops.values()]
        counts.append([number, *calls])
    whos = ["modulefiles", "`exec`", "recipe", *SHELLS, BY_HAND]
    bench.page.table("real", [*whos, "first enter", "load and activate", "ratio"], times)
    bench.page.table("real counted", whos, counts)


def listener(bench: Bench) -> None:
    """The module tool's own program, alone and under its listener."""
    closures = {n: module_trees.application(n) for n in module_trees.CLOSURES}
    rows: Rows = []
    for tool, language in (("lmod", "lua"), ("lmod", "tcl"), ("modules", "tcl")):
        tree = module_trees.real(bench.tools.folder / f"heard-{language}", language)
        for number, name in {1: module_trees.COMPILER, **closures}.items():
            times = _heard(bench, tool, tree, name)
            pairs = zip(times["heard"], times["alone"], strict=True)
            factor = statistics.median(heard / alone for heard, alone in pairs)
            cells = (spread(times["alone"]), spread(times["heard"]), f"{factor:.2f} times")
            rows.append([TITLES[tool], language.title(), number, *cells])
    columns = ["tool", "language", "modulefiles", "load, ms", "under the listener, ms", "ratio"]
    bench.page.table("listener", columns, rows)


def _heard(bench: Bench, tool: str, tree: Path, name: str) -> dict[str, list[float]]:
    variables = bench.tools.modules[tool]
    program = variables["LMOD_CMD" if tool == "lmod" else "MODULES_CMD"]
    env = {
        "HOME": str(bench.tools.folder), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "USER": "user", **variables,
        "MODULEPATH": str(tree),
    }  # fmt: skip
    start, load = interpreter_of(program), [program, "bash", "load", name]
    record = bench.tools.folder / "record"
    observer = CHECKOUT / f"shell/observe.{'lua' if tool == 'lmod' else 'tcl'}"

    def heard() -> float:
        record.unlink(missing_ok=True)
        return timed([*start, str(observer), str(record), *load], env)

    alone = partial(timed, [*start, *load], env)
    return taking_turns({"alone": alone, "heard": heard}, 3 * bench.runs)


PARTS = {
    "idle": idle,
    "enter": enter,
    "first": first,
    "exec": execute,
    "callers": callers,
    "ranks": ranks,
    "miss": miss,
    "build": build,
    "real": real,
    "listener": listener,
}


def machine(bench: Bench) -> str:
    """The machine and the programs of the measurement."""
    model = next(
        (line.partition(": ")[2] for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )  # fmt: skip
    shells = [f"{shell} {_version(shell)}" for shell in SHELLS]
    others = [f"{rival.name} {rival.version}" for rival in bench.rivals.values()]
    return (
        f"Measured on {time.strftime('%Y-%m-%d')} with `make bench`: {os.cpu_count()} cores of {model}, Linux"
        f" {platform.release().partition('-')[0]}, Python {platform.python_version()},"
        f" Lmod {bench.tools.modules['lmod']['LMOD_VERSION']}, {', '.join([*others, *shells])}."
    )


def _version(program: str) -> str:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    return next(word for word in said.split() if word[0].isdigit()).partition("(")[0]


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few runs; the page is left alone")
    parser.add_argument("--only", choices=PARTS, action="append", help="one part")
    parser.add_argument("--beside", type=Path, metavar="CHECKOUT", help="another checkout alone")
    parser.add_argument("--runs", type=int, help="of each row; the parts multiply it")
    asked = parser.parse_args()
    cache = CHECKOUT / ".cache/tools"
    sizes = (1, 8) if asked.quick else SIZES
    runs = asked.runs or (3 if asked.quick else 9)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        found = {} if asked.beside else rivals.found(cache)
        tools = Tools(folder, provision.provision(cache).tools, found)
        stage = Stage(tools, sizes)
        if asked.beside:
            parts = asked.only or list(beside.PARTS)
            beside.compare(stage, Stage(tools, sizes, asked.beside.resolve()), parts, runs)
            return
        docs = CHECKOUT / "docs/explanation"
        if asked.quick:
            docs = Path(shutil.copytree(docs, folder / "docs"))
        bench = Bench(
            tools, Page(docs / "performance.md"), docs, runs, sizes, RANKS[:3] if asked.quick else RANKS,
            20 if asked.quick else 200, stage,
        )  # fmt: skip
        for part in asked.only or PARTS:
            PARTS[part](bench)
        bench.page.text("machine", machine(bench))


if __name__ == "__main__":
    main()
