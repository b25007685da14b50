"""The module tool behaves under its listener as it does alone: output, messages, exit status.

LMOD_UNDER_TEST and MODULES_UNDER_TEST may name the programs of other versions (`…/libexec/lmod`,
`…/modulecmd.tcl`), separated by colons; without them only the version of the other tests is tried.
"""

import base64
import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import trees
from homes import CHECKOUT, MODULE_TOOLS

from autoenv_hpc.modules import observations

_OTHERS = {"lmod": "LMOD_UNDER_TEST", "modules": "MODULES_UNDER_TEST"}
_FAILING = {"failing/1.0"}


class Program(NamedTuple):
    """A module tool's program, alone or under its listener, in an environment."""

    command: list[str]
    listener: list[str]
    env: dict[str, str]

    def answer(self, *words: str, listened: bool) -> tuple[str, str, int]:
        """What it prints, what it says, and its exit status."""
        command = [*self.listener, *self.command[-1:]] if listened else self.command
        done = subprocess.run(
            [*command, "bash", *words], check=False, capture_output=True, env=self.env,
            stdin=subprocess.DEVNULL, cwd="/", encoding="utf-8", errors="surrogateescape",
        )  # fmt: skip
        return _without_times(done.stdout), done.stderr, done.returncode

    def with_loaded(self, *modules: str) -> "Program":
        """The same in the environment that these modules make."""
        code, _, _ = self.answer("load", *modules, listened=False)
        script = f"{code}\n/usr/bin/env -0"
        done = subprocess.run(
            ["/bin/bash", "--norc", "-c", script], check=False, capture_output=True, env=self.env,
            text=True,
        )  # fmt: skip
        fields = done.stdout.rpartition("NOISE")[2] or done.stdout
        env = dict(field.split("=", 1) for field in fields.split("\0") if "=" in field)
        return self._replace(env=self.env | env)


@pytest.fixture(params=MODULE_TOOLS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def programs(kind: str, tool_env: dict[str, dict[str, str]], tmp_path: Path) -> list[Program]:
    """Each version that is here, with a home of its own."""
    own = tool_env[kind]["LMOD_CMD" if kind == "lmod" else "MODULES_CMD"]
    others = [path for path in os.environ.get(_OTHERS[kind], "").split(":") if path]
    return [_program(kind, path, tool_env, tmp_path) for path in (own, *others)]


def _program(kind: str, path: str, tool_env: dict[str, dict[str, str]], folder: Path) -> Program:
    interpreter = trees.interpreter_of(path)
    listener = CHECKOUT / f"shell/observe.{'lua' if kind == 'lmod' else 'tcl'}"
    home = folder / "home"
    home.mkdir(exist_ok=True)
    env = {
        "HOME": str(home), "USER": "user", "LANG": "C.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TERM": "dumb", "MODULES_PAGER": "", "LMOD_PAGER": "none",
    }  # fmt: skip
    if path in tool_env[kind].values():
        env |= {n: v for n, v in tool_env[kind].items() if not n.startswith("BASH_FUNC")}
    return Program([*interpreter, path], [*interpreter, str(listener), str(folder / "record")], env)


def _without_times(code: str) -> str:
    """Lmod's table without the times of its caches; each chunk is base64 of a part."""
    chunks = re.findall(r"_ModuleTable\d+_=([\w+/=]*);", code)
    table = base64.b64decode("".join(chunks) + "==").decode(errors="replace")
    table = re.sub(r"c_\w*Time[^=]*=\s*(?:[\d.]+|false)", "", table)
    return re.sub(r"_ModuleTable\d+_=[\w+/=]*;", "", code) + table


def _commands(modules: list[str], home: str) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """What is loaded before, and the words of one call."""
    good = [name for name in modules if name not in _FAILING]
    for name in modules:
        yield (), ("load", name)
    first, last = good[0], good[-1]
    for words in (
        ("unload", first), ("swap", first, last), ("purge",), ("reset",), ("restore",), ("list",),
        ("avail",), ("is-loaded", first), ("is-loaded", "nowhere"), ("load", "nowhere/1"), ("load", last),
        ("use", "/nonexistent/place"), ("use", "--append", home), ("unuse", home), ("show", last),
        ("whatis", first), ("refresh",), ("save", "mine"), ("restore", "mine"), ("spider", first), ("-t", "avail"),
        ("load", "--no-such-option"), ("nosuchcommand",), (),
    ):  # fmt: skip
        yield (first,), words


def _modules(tree: trees.Tree) -> list[str]:
    folder = tree.folder
    files = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    names = [str(path).removesuffix(".lua") for path in files]
    return [n for n in names if not re.search(r"(\.modulerc|\.version|/default)$", n)]


@pytest.mark.parametrize("language", MODULE_TOOLS)
@pytest.mark.parametrize("tree_name", ["flat", "hierarchy", "odd"])
def test_the_tool_prints_the_same_under_its_listener(
    kind: str,
    language: str,
    tree_name: str,
    programs: list[Program],
    module_trees: dict[str, trees.Trees],
) -> None:
    if kind == "modules" and language == "lmod":
        pytest.skip("Environment Modules reads no Lua")
    tree = getattr(module_trees[language], tree_name)
    different = []
    for program in programs:
        start = program._replace(env=program.env | {"MODULEPATH": str(tree.folder)})
        for loaded, words in _commands(_modules(tree), start.env["HOME"]):
            at = start.with_loaded(*loaded) if loaded else start
            alone = at.answer(*words, listened=False)
            record = Path(at.listener[-1])
            record.write_bytes(b"call\0\0\0\0")
            heard = at.answer(*words, listened=True)
            if alone != heard:
                different.append((program.command[-1], loaded, words, alone, heard))
            observed = observations.observed(record.read_bytes(), at.env, time.time_ns())
            assert observed is not None, (program.command[-1], words)
    assert not different, f"{len(different)}: {different[0]}"


def test_an_interpreter_that_is_made_anew_is_listened_to(
    programs: list[Program], tmp_path: Path
) -> None:
    """Environment Modules makes one anew if a modulefile adds a command to it."""
    for name, text in (
        ("first", "interp alias {} of {} set ::env(HOME)\nsetenv FIRST [of]"),
        ("second", "family one\nif {[info exists env(ASKED)]} { setenv SECOND 1 }"),
    ):
        (tmp_path / "tree" / name).mkdir(parents=True)
        (tmp_path / "tree" / name / "1").write_text(f"#%Module\n{text}\n")
    for program in programs:
        at = program._replace(env=program.env | {"MODULEPATH": f"{tmp_path}/tree"})
        alone = at.answer("load", "first/1", "second/1", listened=False)
        record = Path(at.listener[-1])
        record.write_bytes(b"call\0\0\0\0")
        assert at.answer("load", "first/1", "second/1", listened=True) == alone
        seen = observations.observed(record.read_bytes(), at.env, time.time_ns())
        assert seen is not None
        assert {"HOME", "ASKED"} <= seen.variables.keys()


def _observed(kind: str, command: str, folder: Path, env: dict[str, str]) -> str | None:
    """Why a load of `asks/1` cannot be stored, as the scratch shell hears it."""
    heard = folder / "heard"
    heard.mkdir()
    script = str(CHECKOUT / "shell/module-tool.bash")
    words = [str(heard), kind, command, "bash", "load", "asks/1", ";", "snapshot", "end", ";"]
    command_line = ["/bin/bash", "--norc", "--noprofile", "-p", script, *words]
    subprocess.run(command_line, check=True, capture_output=True, env=env, stdin=subprocess.DEVNULL)
    seen = observations.observed((heard / "questions").read_bytes(), env, time.time_ns())
    assert seen is not None
    return seen.unstorable


@pytest.mark.parametrize("is_wrapped", [False, True])
def test_who_asks_is_named_with_file_and_line_also_behind_a_script(
    kind: str, is_wrapped: bool, tool_env: dict[str, dict[str, str]], tmp_path: Path
) -> None:
    command = tool_env[kind]["LMOD_CMD" if kind == "lmod" else "MODULES_CMD"]
    if is_wrapped:
        wrapper = tmp_path / "wrapper"
        wrapper.write_text(f'#!/bin/sh\n# the site\nexec {command} "$@"\n')
        wrapper.chmod(0o755)
        command = str(wrapper)
    folder = tmp_path / "tree/asks"
    folder.mkdir(parents=True)
    if kind == "lmod":
        (folder / "1.lua").write_text("\n\nsetenv('NOW', os.time())\n")
    else:
        (folder / "1").write_text("#%Module\n\nsetenv NOW [clock seconds]\n")
    env = {
        **tool_env[kind],
        "HOME": str(tmp_path),
        "PATH": "/usr/bin:/bin",
        "MODULEPATH": str(tmp_path / "tree"),
    }
    file = folder / ("1.lua" if kind == "lmod" else "1")
    assert _observed(kind, command, tmp_path, env) == f"{file}:3 asks what time it is"
