"""The scratch bash in which module tools and conda run, and what is read back from it."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from autoenv_hpc import resources
from autoenv_hpc.environment import SHELL_OWN, Env
from autoenv_hpc.errors import ModuleError
from autoenv_hpc.shellparts import ShellParts

if TYPE_CHECKING:
    from autoenv_hpc.modules import Tool

_TIMEOUT = 600  # seconds; a load on a cold parallel file system takes some
_BASH = "/bin/bash"

# Set for the tool's own sake only: its text is read by a program. None of it reaches the user.
_OVERRIDES = {
    "LMOD_COLORIZE": "no",
    "LMOD_REDIRECT": "no",
    "LMOD_PAGER": "none",
    "MODULES_COLOR": "never",
    "MODULES_PAGER": "",
}
# BASH_ENV runs a file in each scratch shell, up to 19 ms; the others would change how it works.
_WITHHELD = frozenset(("BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS", "POSIXLY_CORRECT"))


class Snapshot(NamedTuple):
    """The state of the scratch shell at one moment."""

    env: Env
    shell: ShellParts
    words: str = ""  # what the tool wrote to stderr until the end
    earlier: dict[str, "Snapshot"] = {}


def run(
    env: Env, tool: "Tool | None", steps: Sequence[tuple[str, ...]], snapshots: Sequence[str] = ()
) -> Snapshot:
    """Run subcommands of the module tool one after the other; return the state after the last.

    :param env: the whole environment of the scratch shell.
    :param tool: None if no step is a subcommand of it.
    :param steps: subcommand and arguments each; ``("snapshot", NAME)`` notes the state midway,
        ``("evaluate", PROGRAM, WORD, …)`` evaluates what it prints, ``("source", FILE)`` sources.
    :param snapshots: the names of those, to be found in `earlier`.
    :raises ModuleError: the scratch shell itself failed or took too long.
    """
    with tempfile.TemporaryDirectory(prefix="autoenv-hpc-") as folder:
        words = [
            w for step in [("snapshot", "start"), *steps, ("snapshot", "end")] for w in (*step, ";")
        ]
        command = [_BASH, "--norc", "--noprofile", "-p", resources.shell_file("resolve.bash")]
        kind, program = tool or ("none", "")
        said = _call([*command, folder, kind, program, *words], _scratch_env(env))
        start = _read(os.path.join(folder, "start"), env, None)
        if start is None:
            raise ModuleError(f"{program or _BASH} cannot be run: {said.strip()}")
        earlier = {}
        for name in snapshots:
            state = _read(os.path.join(folder, name), env, start)
            if state is not None:
                earlier[name] = state
        end = _read(os.path.join(folder, "end"), env, start)
        if end is None or len(earlier) != len(snapshots):
            raise ModuleError(f"{program or steps[0][1]} ended the shell: {said.strip()}")
        return end._replace(words=said, earlier=earlier)


def answer(env: Env, tool: "Tool", subcommand: tuple[str, ...]) -> str:
    """The code that the tool prints for one subcommand, not evaluated."""
    done = subprocess.run(
        [tool.command, "bash", *subcommand],
        env=_scratch_env(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        check=False,
        timeout=_TIMEOUT,
    )
    return done.stdout


def login_environment(env: Env) -> Env:
    """What a login shell of this user exports, from nothing but who the user is."""
    who: Env = {n: env[n] for n in ("HOME", "USER", "LOGNAME", "SHELL") if n in env}
    with tempfile.TemporaryFile() as out:
        try:
            subprocess.run(
                [_BASH, "-lc", "command env -0"],
                env={**who, "TERM": "dumb"},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.DEVNULL,
                check=False,
                timeout=_TIMEOUT,
                start_new_session=True,
            )
        except (OSError, subprocess.TimeoutExpired):
            return {}
        out.seek(0)
        fields = os.fsdecode(out.read()).split("\0")
    pairs = (field.split("=", 1) for field in fields if "=" in field)
    return {name: value for name, value in pairs if name not in SHELL_OWN}


def _scratch_env(env: Env) -> Env:
    kept = {name: value for name, value in env.items() if name not in _WITHHELD}
    return {**kept, **_OVERRIDES}


def _call(command: list[str], env: Env) -> str:
    """Run in a process group of its own, so that nothing of it outlives us; return its stderr."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            process_group=0,
        )
        try:
            process.wait(_TIMEOUT)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                raise ModuleError(f"the module tool took longer than {_TIMEOUT} s") from None
            raise
        errors.seek(0)
        return os.fsdecode(errors.read())


def _read(path: str, given: Env, start: Snapshot | None) -> Snapshot | None:
    """Read one snapshot; None if it is not there whole."""
    try:
        with open(path, "rb") as file:
            text = os.fsdecode(file.read())
    except OSError:
        return None
    exported, found, rest = text.partition("\0\0umask\0")
    if not found or not rest.endswith("end\0\0\0"):
        return None
    env = dict(field.split("=", 1) for field in exported.split("\0") if "=" in field)
    for name in SHELL_OWN | _WITHHELD | _OVERRIDES.keys():
        if name not in env or (name in _OVERRIDES and env[name] == _OVERRIDES[name]):
            env.pop(name, None)
            if name in given:
                env[name] = given[name]
    fields = ("umask\0" + rest).split("\0")
    records = list(zip(fields[0::3], fields[1::3], fields[2::3], strict=False))
    return Snapshot(env, _shell_parts(records, start))


def _shell_parts(records: list[tuple[str, str, str]], start: Snapshot | None) -> ShellParts:
    def of(kind: str) -> dict[str, str]:
        return {name: value for what, name, value in records if what == kind}

    umask, directory, limits = (of(kind)[""] for kind in ("umask", "directory", "limits"))
    state = (f"umask {umask}", f"directory {directory}", f"limits {limits}")
    if start is None:
        return ShellParts(odd=state)
    same = [now == before for now, before in zip(state, start.shell.odd, strict=True)]
    return ShellParts(
        {**of("alias"), **dict.fromkeys(of("no alias"))},
        {**of("function"), **dict.fromkeys(of("no function"))},
        of("completion"),
        None if same[0] else umask,
        tuple(
            w for w, is_same in zip(("directory", "limits"), same[1:], strict=True) if not is_same
        ),
    )
