"""The product and the module tool, as a user calls them, in a world of the proof."""

import base64
import json
import os
import re
import resource
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple, Self

from homes import COMMAND
from proof.server import LIMIT, Call
from proof.worlds import World
from sessions import PLAIN, TICK
from trees import interpreter_of

from autoenv_hpc.project import trust

# What a shell sets for itself, and what the product adds.
_OWN = re.compile(
    r"(BASH_FUNC\S+|_|SHLVL|PWD|OLDPWD|COLUMNS|LINES|AUTOENV_HPC_\w+|VIRTUAL_ENV_PROMPT)\Z"
)
_CALLS = {"lmod": "LMOD_CMD", "modules": "MODULES_CMD"}
_TICK = 0.055  # seconds
_CHUNK = re.compile(r"_ModuleTable\d*_")
_TIMES = re.compile(rb"c_\w*Time[^=]*=\s*[\d.]+|\s+")

Env = dict[str, str]


class Entered(NamedTuple):
    """How one call ended: with the variables that CMD got, or with a message."""

    status: int
    env: Env
    words: str


class Product:
    """The command in one folder, with a module tool. Its Python part starts once."""

    def __init__(self, tool: str, set_up: Mapping[str, str], folder: Path) -> None:
        program = set_up[_CALLS[tool]]
        self.tool = tool
        self.root = folder / "world"
        self._folder = folder
        self._program = program
        self._command = [*interpreter_of(program), program]
        self._server = subprocess.Popen(
            [sys.executable, "-I", "-X", "utf8", str(Path(__file__).with_name("server.py"))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.communicate()  # the end of its input ends it

    def begin(self, world: World) -> World:
        """Lay a world out, with nothing stored; return it with the variables of what the user loaded."""
        world.lay_out(self.root)
        written = time.monotonic()
        shutil.rmtree(self._folder / "cache", ignore_errors=True)
        config = self.root / "p/.hpcenv.toml"
        trust.allow(str(config), config.read_bytes(), str(self._folder / "state"))
        for folder, _, files in os.walk(self._folder / "state"):
            for name in files:
                os.utime(os.path.join(folder, name), (1_600_000_000, 1_600_000_000))
        if world.before:
            env = self.load(world._replace(modules=world.before, policy="keep", paths=()))
            world = world._replace(env=world.env | _steady(env, world.environment(self.root)))
        # nothing is stored of what may still change within a tick of the clock
        time.sleep(max(0, written + _TICK - time.monotonic()))
        return world

    def enter(self, world: World, *, forgetting: bool = False) -> Entered:
        """What the Python part of `exec` gives; it looks for no stored activation.

        :param forgetting: as if nothing had been kept of earlier loads.
        """
        cache = "other" if forgetting else "cache"
        if forgetting:
            shutil.rmtree(self._folder / cache, ignore_errors=True)
        return self._call(world, ["exec", "--", "/usr/bin/env", "-0"], cache)

    def is_stored(self) -> bool:
        """Whether there is an activation."""
        return any(self._folder.glob(f"cache/activations{self.root}/p/0.*sh"))

    def replay(self, world: World, shell: str = "") -> Env | None:
        """What a stored activation gives, through `exec` or a shell's hook; None if none fits."""
        env = self._env(world) | {"AUTOENV_HPC_PYTHON": "/bin/false"}
        if shell:
            return self._by_hook(world, shell, env)
        done = self._run(world, [COMMAND, "exec", "--", "/usr/bin/env", "-0"], env)
        return _parsed(done.stdout) if done.returncode == 0 else None

    def enter_by_hook(self, world: World, shell: str) -> Env | None:
        """What a shell has after it entered with its hook, which may compile; None if it did not enter."""
        return self._by_hook(world, shell, self._env(world))

    def load(self, world: World, *, apart: bool = False) -> Env:
        """What the user gets who types the module commands; nothing, if all is loaded as asked.

        :param apart: whether the user types a command for each module, as the product tries, too.
        """
        loaded = world.env.get("LOADEDMODULES", "").split(":")
        if world.policy == "keep" and not world.paths and {*world.modules} <= {*loaded}:
            return self._env(world)
        steps = [["purge"]] if world.policy == "purge" else []
        steps += [["use", str(self.root / path)] for path in reversed(world.paths)]
        loads = [[name] for name in world.modules] if apart else [world.modules]
        return self._load(world, [*steps, *(["load", *names] for names in loads)])

    def _load(self, world: World, steps: Sequence[Sequence[str]]) -> Env:
        lines = [
            f'eval "$({shlex.join([*self._command, "bash", *step])} 2>/dev/null)" >/dev/null 2>&1'
            for step in steps
        ]
        script = "\n".join([*lines, "/usr/bin/env -u LD_LIBRARY_PATH -0"])
        command = ["/bin/bash", "--norc", "--noprofile", "-p", "-c", script]
        return _parsed(self._run(world, command, self._env(world)).stdout)

    def _by_hook(self, world: World, shell: str, env: Env) -> Env | None:
        command = shlex.quote(COMMAND)
        hook = (
            f"{command} hook fish | source"
            if shell == "fish"
            else f'eval "$({command} hook {shell})"'
        )
        place = shlex.quote(str(self.root / world.place))
        script = f"{hook}\ncd {place}\n{TICK[shell]}\n/usr/bin/env -0"
        away = world._replace(place="home")
        done = self._run(
            away, [shell, *PLAIN[shell], "-c", script], {**env, "PWD": str(self.root / "home")}
        )
        result = _parsed(done.stdout)
        return result if "AUTOENV_HPC_STATE" in result else None

    def _env(self, world: World, cache: str = "cache") -> Env:
        return {
            **world.environment(self.root),
            _CALLS[self.tool]: self._program,
            "AUTOENV_HPC_CACHE_DIR": str(self._folder / cache),
            "AUTOENV_HPC_STATE_DIR": str(self._folder / "state"),
        }

    def _run(
        self, world: World, command: list[str], env: Env
    ) -> subprocess.CompletedProcess[bytes]:
        if world.host:
            script = 'hostname "$0" && exec "$@"'
            command = ["unshare", "--uts", "/bin/sh", "-c", script, world.host, *command]
        return subprocess.run(
            command, check=False, capture_output=True, env=env, cwd=self.root / world.place,
            stdin=subprocess.DEVNULL, umask=world.umask, extra_groups=world.groups,
            preexec_fn=partial(resource.setrlimit, resource.RLIMIT_CPU, LIMIT),
        )  # fmt: skip

    def _call(self, world: World, words: list[str], cache: str = "cache") -> Entered:
        call = Call(
            words, self._env(world, cache) | {"AUTOENV_HPC_SELF": COMMAND}, str(self.root / world.place),
            str(self._folder / "output"), str(self._folder / "messages"), world.umask,
            None if world.groups is None else list(world.groups), world.host,
        )  # fmt: skip
        assert self._server.stdin
        assert self._server.stdout
        self._server.stdin.write(json.dumps(call._asdict()) + "\n")
        self._server.stdin.flush()
        status = int(self._server.stdout.readline())
        words_said = Path(call.messages).read_text(errors="surrogateescape")
        return Entered(status, _parsed(Path(call.output).read_bytes()), words_said)


def comparable(env: Mapping[str, str]) -> Env:
    """Without what shells and the product set for themselves, and with Lmod's table as its text."""
    chunks = "".join(env[n] for n in sorted(env) if _CHUNK.fullmatch(n))
    table = _TIMES.sub(b"", base64.b64decode(chunks + "==", validate=False)) if chunks else b""
    rest = {n: v for n, v in env.items() if not (_OWN.match(n) or n.startswith("_ModuleTable"))}
    return {**rest, "_ModuleTable_": table.decode(errors="replace")}


def _steady(env: Env, given: Env) -> Env:
    """What a load added to the variables."""
    return {
        n: v for n, v in env.items() if given.get(n) != v and not re.fullmatch(r"_|SHLVL|OLDPWD", n)
    }


def _parsed(output: bytes) -> Env:
    fields = (field.partition("=") for field in os.fsdecode(output).split("\0"))
    return {name: value for name, equals, value in fields if equals}
