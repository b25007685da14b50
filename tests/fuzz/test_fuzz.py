"""Hostile input: nothing that is read from outside ends in a traceback, or takes more than a second.

`make proof FUZZ=1000000` tries as many inputs for each reader; `SEED=…` repeats them.
"""

import binascii
import contextlib
import itertools
import json
import os
import random
import signal
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from seeds import seed

from autoenv_hpc.activations import active, leaving
from autoenv_hpc.errors import ConfigError
from autoenv_hpc.modules import observations, remarks, shell_trace
from autoenv_hpc.project import config, requirement_files
from autoenv_hpc.scripts import checks, drafting, recipe
from autoenv_hpc.scripts.lexer import Unreadable
from autoenv_hpc.system import json_cache
from autoenv_hpc.venvs import contents, installers, record

_INPUTS = int(os.environ.get("FUZZ", "2000"))  # for each reader
_SEED = seed()
_LIMIT = 1.0  # seconds of the processor for one input
_WORDS = (
    b"\0", b"\n", b"\r\n", b"\x1b[31m", b"\xff\xfe", b"'", b'"', b"\\", b"$(touch pwned)", b"`touch pwned`",
    b"[[", b"]]", b"{", b"}", b"[" * 200, b"=", b"#", b":", b"%s%n", b"../" * 50, b"-", b"9" * 5000, b"1e999",
    b"-9223372036854775809", b"true", b"null", b"\xf0\x9f\x9a\x92", b"\xe2\x80\xae", b"<<EOF\n", b"/" * 300, b" " * 999,
)  # fmt: skip
_CONFIGURATION = b"""\
modules = ["GCC/12.3.0", "Python/3.11.3"] # "quoted"
module-policy = "purge"
[venv]
backend = "venv"
requirements = ["requirements.txt"]
[env]
DATA = { path = "$HOME/data" }
N = "4"
[paths]
PATH = { prepend = ["bin"] }
[site.uppmax]
modules = ["python/3.9.5"]
[envs.gpu]
modules = ["CUDA/12"]
"""
_REQUIREMENTS = (
    b"numpy==1.2 # a\n-r other.txt\n--constraint=c.txt\n  - -r x.txt\npip:\n- spacy\nname: x\n"
)
_PYVENV = b"home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.11.2\nexecutable = /usr/bin/python3.11\n"
_SCRIPT = b"""\
#!/bin/bash
#SBATCH --export=NONE
ml purge; module load GCC/12.3.0 \\
  "Python/$V" ${X:-y}
cat <<EOT
module load no
EOT
source env/bin/activate && srun python a.py > out 2>&1 &
for i in 1 2; do export A=$((i + 1)); done
conda activate gpu
"""
_SAID = b"""\
Lmod has detected the following error: The following module(s) are unknown: "x/1"

While processing the following module(s):
    Module fullname  Module Filename
    a/1              /m/a/1.lua
Lmod Warning: retired
"""
_QUESTIONS = b"""\
variable\0HOME\0set\0\0file\0/etc/hosts\0file 1 2 3 4 5\0/m/a:3\0walk\0/m\0unseen\0\0glob\0/m/*/x\0\0\0\
call\0/m/tool\0\0\0tool\0/m/\0\0\0end\0\0\0\0"""
_TRACE = b"+ . /etc/profile.d/x.sh\n++ [ -n 1 ]\n++ export A=1\n+ builtin set +x\n"
_BUILD = (
    b"Collecting x\nERROR: No matching distribution found for x\nmpi.h: No such file or directory\n"
)
_STATE = [
    3,
    "/home/p",
    "p",
    "0" * 32,
    {"PATH": ["/bin", "/p/bin:/bin"], "A": [None, "1"], "LONG": [None, ["abc"]]},
    [["a/1", "/m/a/1"]],
    [],
    [],
    {"B": [None, "2"]},
]


def _packed(data: bytes) -> str:
    return binascii.b2a_base64(zlib.compress(data), newline=False).decode()


def _state(text: str) -> None:
    env = {"AUTOENV_HPC_STATE": text, "PATH": "/p/bin:/bin", "A": "1"}
    project = active.active_project(env)
    if project and not (project.modules or project.displaced or project.paths):
        assert all(isinstance(value, str) for value in leaving.outside(env, project).values())


def _parse(data: bytes) -> None:
    with contextlib.suppress(ConfigError):
        config.parse(data, "p/.hpcenv.toml")


def _unpack(data: bytes) -> None:
    with contextlib.suppress(ValueError):  # as its callers expect
        json_cache.unpack("name", data)


def _requirements(data: bytes, folder: Path) -> None:
    for name in ("requirements.txt", "environment.yml"):
        (folder / name).write_bytes(data)
        requirement_files.closure([str(folder / name)])
        requirement_files.lines([str(folder / name)])


def _venv(data: bytes, folder: Path) -> None:
    (folder / "pyvenv.cfg").write_bytes(data)
    record.pyvenv_cfg(str(folder))
    record.built_at(str(folder))
    place = folder / "lib/python3.11/site-packages/x-1.dist-info"
    place.mkdir(parents=True, exist_ok=True)
    for name in ("RECORD", "METADATA", "top_level.txt", "entry_points.txt"):
        (place / name).write_bytes(data)
    contents.incomplete(str(folder), [])
    contents.top_level(str(place.parent), place.name)
    contents.commands(str(place.parent), place.name)


def _script(data: bytes) -> None:
    text = data.decode(errors="replace")
    checks.check("job.sh", data)
    try:
        script = drafting.Script("job.sh", text, recipe.read(text))
    except Unreadable:
        return  # as its callers expect
    config.parse(drafting.draft([script]).text.encode(), "drafted.toml")
    drafting.replaced([script])


def _said(data: bytes) -> None:
    remarks.remarks(data.decode(errors="surrogateescape"))
    installers.explanation(data.decode(errors="replace").splitlines(), 1)


def _asked(data: bytes) -> None:
    observations.guards(data, {"HOME": "/root"}, 1, "bash")
    questions = shell_trace.questions(data, ["/etc/profile"], {"A": "1"})
    observations.script_guards(questions, {}, 1)


_READERS: dict[str, tuple[list[bytes], Callable[[bytes, Path], Any]]] = {
    "configuration": ([_CONFIGURATION], lambda data, _: _parse(data)),
    "state": ([_packed(json.dumps(_STATE).encode()).encode()], lambda data, _: _state(os.fsdecode(data))),
    "state-inside": ([json.dumps(_STATE).encode()], lambda data, _: _state(_packed(data))),
    "record": ([json_cache.pack("name", {"a": [1, None]})], lambda data, _: _unpack(data)),
    "requirements": ([_REQUIREMENTS], _requirements),
    "pyvenv.cfg": ([_PYVENV], _venv),
    "script": ([_SCRIPT], lambda data, _: _script(data)),
    "output": ([_SAID, _BUILD], lambda data, _: _said(data)),
    "questions": ([_QUESTIONS, _TRACE], lambda data, _: _asked(data)),
}  # fmt: skip


def _mutations(rng: random.Random, seeds: list[bytes]) -> Iterator[bytes]:
    """Endless inputs: texts of the right kind with a few faults each."""
    while True:
        data = bytearray(rng.choice(seeds))
        for _ in range(rng.choice((1, 1, 2, 4, 16))):
            at = rng.randrange(len(data) + 1)
            to = min(len(data), at + rng.choice((1, 1, 4, 30)))
            match rng.randrange(5):
                case 0:
                    del data[at:to]
                case 1:
                    data[at:at] = rng.choice(_WORDS)
                case 2:
                    data[at:to] = rng.choice(_WORDS)
                case 3:
                    data[at:at] = data[at:to] * rng.choice((1, 2, 50))
                case 4 if at < len(data):
                    data[at] = rng.randrange(256)
        yield bytes(data)


@pytest.mark.parametrize("reader", _READERS)
def test_no_input_does_harm(reader: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # where `touch pwned` would leave its file
    seeds, read = _READERS[reader]
    rng = random.Random(f"{_SEED} {reader}")

    def too_slow(_signal: int, _frame: object) -> None:
        raise TimeoutError

    former = signal.signal(signal.SIGPROF, too_slow)
    try:
        for data in itertools.islice(_mutations(rng, seeds), _INPUTS):
            signal.setitimer(signal.ITIMER_PROF, _LIMIT)
            try:
                read(data, tmp_path)
            except Exception as error:
                raise AssertionError(f"SEED={_SEED}: {data!r}") from error
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, former)
    assert not (tmp_path / "pwned").exists()
    sys.stdout.write(f"{reader}: {_INPUTS} inputs, SEED={_SEED}\n")
