"""The user's variables may bear the names that our shell code uses for itself."""

import re
import subprocess
from pathlib import Path

import pytest
from homes import CHECKOUT, COMMAND, MODULE_TOOLS, Home
from ranks import STEP, modulefile, note
from sessions import PLAIN, TICK


def our_names() -> set[str]:
    """The short names of variables in the shell code; all else begins with `__autoenv_hpc_`."""
    found = {"name", "file", "folder", "path", "python", "version", "slot", "code", "i"}
    for file in (CHECKOUT / "shell").iterdir():
        code = re.sub(r"(^|\s)#.*", "", file.read_text(), flags=re.MULTILINE)
        found |= set(re.findall(r"(?<![\w$/.-])([a-z]\w*)\+?=", code))
        for words in re.findall(r"\b(?:local|set -l|for|read -r|function \S+ -a) ([^;\n]+)", code):
            found |= set(re.findall(r"(?<![\w$/.])[a-z]\w*(?=[\s=]|$)", words))
    return found


NAMES = our_names()
# what zsh or fish keeps for itself, so that no configuration may set it
THEIRS = {
    *("path", "status", "options", "version", "argv", "precmd_functions", "chpwd_functions"),
    *("fish_prompt", "modules"),
}


def show(names: set[str]) -> str:
    """A line that prints them, and what ends it."""
    return f"env | grep -E '^({'|'.join(names)})=' | sort; printf 'end\\n'"


def shown(names: set[str], value: str) -> list[str]:
    """What it prints if all of them have this value; none if it is empty."""
    return sorted(f"{name}={value}" for name in names if value)


@pytest.mark.parametrize("tool", MODULE_TOOLS)
def test_exec_hands_them_on(cluster: Home, tool: str, tmp_path: Path) -> None:
    modulefile(cluster, tool, tmp_path)
    root = cluster.project('modules = ["lib/1.0"]\n', "p")
    cluster.command("prepare", cwd=root)
    theirs = dict.fromkeys(NAMES, "user's")
    no_python = {"AUTOENV_HPC_PYTHON": "/bin/false"}
    try:
        for more in ({"X": "miss"}, no_python, STEP | no_python, STEP | no_python):
            for program in ("sh", "/bin/sh"):
                words = [COMMAND, "exec", "--", program, "-c", show(NAMES)]
                done = subprocess.run(
                    words,
                    cwd=root,
                    env=cluster.env | theirs | more,
                    capture_output=True,
                    text=True,
                    check=True,
                )
                assert sorted(done.stdout.splitlines()[:-1]) == shown(NAMES, "user's"), more
    finally:
        note(STEP).unlink(missing_ok=True)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize("before", ["", "user's"])
def test_they_may_be_set_for_a_project(home: Home, shell: str, before: str, tmp_path: Path) -> None:
    names = NAMES - THEIRS
    root = home.project("[env]\n" + "".join(f'{name} = "ours"\n' for name in names), "p")
    home.command("prepare", cwd=root)
    done = home.command("exec", "--", "/bin/sh", "-c", show(names), cwd=root)
    assert sorted(done.stdout.splitlines()[:-1]) == shown(names, "ours")
    hook, without = f"eval \"$('{COMMAND}' hook {shell})\"", "export AUTOENV_HPC_PYTHON=/bin/false"
    if shell == "fish":
        hook, without = f"'{COMMAND}' hook fish | source", "set -gx AUTOENV_HPC_PYTHON /bin/false"
    moves = [f"cd '{place}'; {TICK[shell]}; {show(names)}\n" for place in (root, "/")]
    script = tmp_path / "script"
    script.write_text("".join([hook, "\n", *moves, without, "\n", *moves]))
    env = home.env | (dict.fromkeys(names, before) if before else {}) | {"AUTOENV_HPC_QUIET": "1"}
    done = subprocess.run(
        [shell, *PLAIN[shell], script], env=env, capture_output=True, text=True, check=True
    )
    there, back = shown(names, "ours"), shown(names, before)
    parts = [sorted(part.splitlines()) for part in done.stdout.split("end\n")]
    assert parts == [there, back, there, back, []], done.stderr
