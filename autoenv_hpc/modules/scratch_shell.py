"""The scratch bash in which module tools run."""

import os
import re
import time
from collections.abc import Sequence
from typing import Literal, NamedTuple, cast

from autoenv_hpc import verbose
from autoenv_hpc.environment import SHELL_OWN, Env
from autoenv_hpc.errors import ModuleError
from autoenv_hpc.modules.tool import FUNCTION, Tool
from autoenv_hpc.shell_definitions import ShellDefinitions
from autoenv_hpc.system import own_files, programs

_TIMEOUT = 600  # seconds; a load from a cold parallel file system is slow
_BASH = "/bin/bash"
_EXPORTED = "command env -0"  # prints all exported variables

# A program reads the tool's text, so these make it plain. None of them reaches the user.
_OVERRIDES = {
    "LMOD_COLORIZE": "no",
    "LMOD_REDIRECT": "no",
    "LMOD_PAGER": "none",
    "LMOD_TERM_WIDTH": "1000",  # else Lmod starts four processes to find the width
    "MODULES_COLOR": "never",
    "MODULES_PAGER": "",
}
# BASH_ENV runs a file in each scratch shell (up to 19 ms); the others change how it works.
_WITHHELD = frozenset(("BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS", "POSIXLY_CORRECT", FUNCTION))


# Whether the tool carried out all loads; unknown if what it printed does not tell.
Verdict = Literal["loaded", "refused", "unknown"]
_LIMIT = re.compile(r"-(\w)\)\s+(\w+)$", re.MULTILINE)  # of `ulimit -a`
_Record = tuple[str, str, str]  # kind, name and value of a shell definition


class Snapshot(NamedTuple):
    """The state of the scratch shell at one moment."""

    env: Env
    definitions: ShellDefinitions
    verdict: Verdict = "unknown"
    words: str = ""  # what the tool wrote to stderr until the end
    questions: bytes = b""  # what it asked of the world: `observations`
    trace: bytes = b""  # which commands the scripts ran: `shell_trace`
    earlier: dict[str, "Snapshot"] = {}


def run(
    env: Env,
    tool: Tool | None,
    steps: Sequence[tuple[str, ...]],
    snapshots: Sequence[str] = (),
    shell: str = "bash",
) -> Snapshot:
    """Run subcommands of the module tool in turn; return the state after the last.

    :param env: the whole environment of the scratch shell.
    :param tool: None if no step is one of its subcommands.
    :param steps: a subcommand with its arguments; ``("snapshot", NAME)`` records the state so far,
        ``("evaluate", PROGRAM, WORD, …)`` evaluates the program's output, ``("source", FILE)``
        sources a file.
    :param shell: the shell for which modules are loaded; a modulefile may ask for its name.
    :param snapshots: the names of the snapshots to return in `earlier`.
    :raises ModuleError: the scratch shell fails or takes too long.
    """
    program = tool.command if tool else ""
    kind = f"{'protected-' if tool.is_protected else ''}{tool.kind}" if tool else "none"
    words = [w for step in [*steps, ("snapshot", "end")] for w in (*step, ";")]
    command = [_BASH, "--norc", "--noprofile", "-p", own_files.shell_file("module-tool.bash")]
    began = time.monotonic_ns()
    with programs.scratch_folder() as folder:
        errors = _run(
            [*command, folder, kind, program, shell, *words], _scratch_env(env), folder
        ).stderr
        try:
            start = _records(programs.content(os.path.join(folder, "start")))
        except (OSError, ValueError):
            raise ModuleError(f"{program or _BASH} cannot be run: {errors.strip()}") from None
        earlier = {}
        for name in snapshots:
            state = _read(os.path.join(folder, name), env, start)
            if state is not None:
                earlier[name] = state
        end = _read(os.path.join(folder, "end"), env, start)
        questions = os.fsencode(_content(os.path.join(folder, "questions")))
        trace = os.fsencode(_content(os.path.join(folder, "trace")))
    if verbose.is_on():
        said = "; ".join(" ".join(step) for step in steps)
        verbose.say(f"{program or _BASH}: {said}", began)
    if end is None or len(earlier) != len(snapshots):
        raise ModuleError(f"{program or steps[0][1]} ended its shell: {errors.strip()}")
    return end._replace(words=errors, questions=questions, trace=trace, earlier=earlier)


def login_shell(env: Env) -> tuple[Env, bytes]:
    """What a login shell exports that starts with only the given variables, and its trace.

    The trace is empty if bash could not write it until the end.
    """
    # Lmod's own init files would end a trace of them.
    traced = {"TERM": "dumb", "BASH_XTRACEFD": "9", "LMOD_SH_DBG_ON": "1"}
    with programs.scratch_folder() as folder:
        trace = os.path.join(folder, "trace")
        begin = """exec 9>"$0"; echo "+ : 'own process' $$" >&9; exec "$@\""""
        words = ["--norc", "--noprofile", "-c", begin, trace]
        try:
            output = _run(
                [_BASH, *words, _BASH, "-xlc", _EXPORTED], {**env, **traced}, folder
            ).stdout
        except ModuleError:
            return {}, b""
        text, end, _ = os.fsencode(_content(trace)).rpartition(f"+ {_EXPORTED}\n".encode())
    pairs = (field.split("=", 1) for field in output.split("\0") if "=" in field)
    own = SHELL_OWN | traced.keys()
    return {name: value for name, value in pairs if name not in own}, text if end else b""


def _scratch_env(env: Env) -> Env:
    kept = {name: value for name, value in env.items() if name not in _WITHHELD}
    return {**kept, **_OVERRIDES}


def _run(command: list[str], env: Env, folder: str) -> programs.Outcome:
    try:
        return programs.run(command, env, folder, _TIMEOUT)
    except TimeoutError:
        raise ModuleError(f"the module tool took longer than {_TIMEOUT} s") from None
    except OSError as error:
        raise ModuleError(f"{command[0]} cannot be run: {error.strerror}") from None


def _content(path: str) -> str:
    try:
        return programs.content(path)
    except OSError:
        return ""


def _read(path: str, given: Env, start: list[_Record]) -> Snapshot | None:
    """Read one snapshot; None if it is absent or incomplete."""
    try:
        exported, found, rest = programs.content(path).partition("\0\0umask\0")
    except OSError:
        return None
    if not found or not rest.endswith("end\0\0\0"):
        return None
    env = dict(field.split("=", 1) for field in exported.split("\0") if "=" in field)
    for name in SHELL_OWN | _WITHHELD | _OVERRIDES.keys():
        if name not in env or (name in _OVERRIDES and env[name] == _OVERRIDES[name]):
            env.pop(name, None)
            if name in given:
                env[name] = given[name]
    records = _records("umask\0" + rest)
    verdict = next((value for kind, _, value in records if kind == "verdict"), "unknown")
    return Snapshot(env, _definitions(records, start), cast("Verdict", verdict))


def _records(text: str) -> list[_Record]:
    """The kind, name and value of each definition.

    :raises ValueError: the last one is incomplete.
    """
    fields = [field.removesuffix("\n") for field in text.split("\0")[:-1]]
    return list(zip(fields[0::3], fields[1::3], fields[2::3], strict=True))


def _definitions(records: list[_Record], start: list[_Record]) -> ShellDefinitions:
    def of(kind: str) -> dict[str, str]:
        return {name: value for what, name, value in records if what == kind}

    before = {what: value for what, _, value in start}
    now = {what: value for what, _, value in records if what in before}
    touched = of("touched").get("", "").split()
    is_masked = now["umask"] != before["umask"] or "umask" in touched
    moved = ("working directory",) if now["directory"] != before["directory"] else ()
    return ShellDefinitions(
        {**of("alias"), **dict.fromkeys(of("no alias"))},
        {**of("function"), **dict.fromkeys(of("no function"))},
        of("completion"),
        now["umask"] if is_masked else None,
        moved,
        _limits(before, now, touched),
    )


def _limits(
    before: dict[str, str], now: dict[str, str], touched: list[str]
) -> dict[str, tuple[str, str]]:
    """The soft and hard limits that were set, by letter."""
    soft, hard = (_values(now[f"{kind} limits"]) for kind in ("soft", "hard"))
    old_soft, old_hard = (_values(before[f"{kind} limits"]) for kind in ("soft", "hard"))
    return {
        letter: (value, hard[letter])
        for letter, value in soft.items()
        if letter in touched or value != old_soft[letter] or hard[letter] != old_hard[letter]
    }


def _values(listed: str) -> dict[str, str]:
    """The limits by letter, from the output of `ulimit -a`."""
    return dict(_LIMIT.findall(listed))
