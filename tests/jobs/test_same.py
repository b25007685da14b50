"""CMD finds the same at the first call of `exec`, which Python answers, as at later ones."""

import os
import re
import resource
import signal
import subprocess
from collections.abc import Mapping

import pytest
from homes import COMMAND, MODULE_TOOLS, Home
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from trees import Tree

# What bash, Python or a C library sets, reads or replaces, and names that no shell can hold.
VALUES = {
    "LC_CTYPE": ["C", "POSIX", "C.UTF-8"],
    "LC_ALL": ["C", ""],
    "LANG": ["C", "", "C.UTF-8"],
    "PATH": ["", "/usr/bin:/bin", ":/bin"],
    "SHLVL": ["", "x", "7"],
    "SHELLOPTS": ["braceexpand:hashall:errexit"],
    "BASHOPTS": ["extglob:nullglob"],
    "POSIXLY_CORRECT": ["y"],
    "BASH_ENV": ["/none"],
    "PWD": ["/none"],
    "OLDPWD": ["/tmp"],
    "_": ["x"],
    "PS4": ["$(exit 3)"],
    "GLOBIGNORE": ["*"],
    "TMOUT": ["1"],
    "OURS": ["", "0", "1"],
    "PYTHONHOME": ["/none"],
    "LD_LIBRARY_PATH": ["/none", ""],
    "odd.name": ["1"],
    "BASH_FUNC_f%%": ["() {  echo x\n}"],
    "LATIN": ["caf\udce9\n"],
}
ENVS = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(values) for name, values in VALUES.items()}
)
SIGNALS = ("PIPE", "XFSZ", "INT", "HUP", "TERM", "CHLD", "TSTP", "USR1")
HOSTILE = {name: values[0] for name, values in VALUES.items()}


def seen(
    home: Home, env: Mapping[str, str], ignored: frozenset[str], umask: int, *options: str
) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """The variables, the signals, limits and umask, and the open files that CMD finds."""

    def prepare() -> None:
        for name in ignored:
            signal.signal(getattr(signal, f"SIG{name}"), signal.SIG_IGN)
        os.umask(umask)
        os.dup2(1, 7)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def run(*words: str) -> str:
        done = subprocess.run(
            [COMMAND, "exec", *options, "--", *words], cwd=home.folder / "p", env=env, check=False,
            capture_output=True, preexec_fn=prepare, close_fds=False, restore_signals=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, b"")
        return os.fsdecode(done.stdout)

    own = "/proc/self"
    text = run("/bin/cat", f"{own}/environ", f"{own}/status", f"{own}/limits")
    *variables, rest = text.split("\0")
    found = dict(variable.split("=", 1) for variable in variables)
    found.pop("AUTOENV_HPC_PYTHON", None)
    state = dict(re.findall(r"^(Sig\w+|Umask|Max .*?)\b[: ]\s*(.*)$", rest, re.MULTILINE))
    state.pop("SigQ")
    files = re.findall(r" (\d+ -> \w+)", run("/bin/ls", "-l", f"{own}/fd"))
    return found, state, files


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(env=ENVS, ignored=st.frozensets(st.sampled_from(SIGNALS)), umask=st.sampled_from([0, 0o27]))
@example(env=HOSTILE, ignored=frozenset(SIGNALS), umask=0o77)
@example(env={}, ignored=frozenset(), umask=0o22)
def test_the_first_call_and_later_ones_start_cmd_alike(
    home: Home, env: dict[str, str], ignored: frozenset[str], umask: int
) -> None:
    if not (home.folder / "p").exists():
        home.project('[env]\nOURS = "1"\n[paths]\nPATH = { prepend = ["bin"] }\n', "p")
    outside = {"HOME": str(home.folder), **env}
    first = seen(home, outside, ignored, umask, "--fresh")
    replaced = {"SHELLOPTS", "BASHOPTS"} & env.keys()  # bash cannot give these back
    python = {} if replaced else {"AUTOENV_HPC_PYTHON": "/bin/false"}
    assert seen(home, outside | python, ignored, umask) == first
    found = first[0]
    assert found["OURS"] == "1"
    assert found["PATH"].startswith(f"{home.folder}/p/bin")
    kept = env.keys() - {"OURS", "PATH", "SHLVL", "PWD", "OLDPWD", "_", "PS4"}
    assert {name: found.get(name) for name in kept} == {name: env[name] for name in kept}
    assert not [name for name in found if name.startswith(("AUTOENV_HPC_T", "AUTOENV_HPC_I"))]


def test_without_a_path_cmd_has_that_of_a_login_shell(home: Home) -> None:
    home.project('[paths]\nPATH = { prepend = ["bin"] }\n', "p")
    home.login("export PATH=/usr/bin:/bin:/of/the/site\n")
    line = (
        f"unset PATH; PATH=/usr/bin; export -n PATH; '{COMMAND}' exec -C p -- bash -c 'echo $PATH'"
    )
    for start in (["/usr/bin/env", "-i", f"HOME={home.folder}"], []):
        for _ in range(2):
            done = subprocess.run(
                [*start, "/bin/bash", "-c", line], cwd=home.folder, env=home.env, check=True,
                capture_output=True, text=True,
            )  # fmt: skip
            assert done.stdout == f"{home.folder}/p/bin:/usr/bin:/bin:/of/the/site\n", done.stderr
    home.login("export PATH=/usr/bin:/bin\n")
    done = subprocess.run(
        ["/bin/bash", "-c", line], cwd=home.folder, env={"HOME": str(home.folder)}, check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout == f"{home.folder}/p/bin:/usr/bin:/bin\n"


@pytest.mark.parametrize("tool", MODULE_TOOLS)
def test_functions_of_modules_reach_cmd_each_time(cluster: Home, tool: str) -> None:
    tree = Tree(cluster.folder / "tree", "lua" if tool == "lmod" else "tcl")
    cluster.env["MODULEPATH"] = str(tree.folder)
    file = tree.module("fn/1.0", ("function", "greet", 'echo "hi $1"', "") if tool == "lmod" else ("function", "greet", 'echo "hi $1"'))  # fmt: skip
    if tool == "lmod":  # Lmod defines functions, and leaves it to others to export them
        with file.open("a") as text:
            text.write('execute{cmd="export -f greet", modeA={"load"}}\n')
    os.utime(file, (1, 1))
    root = cluster.project('modules = ["fn/1.0"]\n', "p")
    words = ("exec", "--", "/bin/bash", "-c", "greet you; type -t module")
    first = cluster.command(*words, cwd=root)
    assert first.stdout.startswith("hi you\n")
    for env in ({"AUTOENV_HPC_PYTHON": "/bin/false"} if tool == "modules" else {}, {}):
        assert cluster.command(*words, cwd=root, env=env).stdout == first.stdout
    # one that the user has too is not ours to add
    theirs = {"BASH_FUNC_greet%%": '() {  echo "theirs"\n}'}
    for more in ((), ("--fresh",)):
        said = cluster.command("exec", *more, *words[1:], cwd=root, env=theirs).stdout
        assert said == first.stdout
    nested = f"'{COMMAND}' exec -- bash -c 'greet you'"
    assert cluster.command("exec", "--", "sh", "-c", nested, cwd=root).stdout == "hi you\n"
