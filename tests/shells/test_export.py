"""`export`: the environment as a text, for prologues and for nodes without this tool or modules."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from homes import COMMAND, MODULE_TOOLS, Home

CONFIG = """
modules = ["python/3.9.5", "samtools/1.12"]
[venv]
[env]
ODD = "it's $HOME `x` \\\\ \\"q\\" # ; é"
GOES = false
[paths]
PYTHONPATH = { append = ["lib"] }
PATH = { prepend = ["bin"] }
"""
RUN = {
    "bash": ["bash", "--norc", "-c"],
    "bash --posix": ["bash", "--norc", "--posix", "-c"],
    "dash": ["dash", "-c"],
    "zsh": ["zsh", "-f", "-c"],
    "zsh as sh": ["zsh", "--emulate", "sh", "-f", "-c"],
    "fish": ["fish", "-N", "-c"],
}
FORMATS = {
    "sh": [*RUN][:-1],
    "bash": ["bash", "bash --posix"],
    "zsh": ["zsh", "zsh as sh"],
    "fish": ["fish"],
}
READERS = [(form, shell) for form, shells in FORMATS.items() for shell in shells]
BARE = {"PATH": "/elsewhere:/usr/bin:/bin", "HOME": "/", "GOES": "x", "PYTHONPATH": "/mine"}
NO_PYTHON = {"AUTOENV_HPC_PYTHON": "/bin/false"}


def read(shell: str, line: str, env: dict[str, str], cwd: str = "/") -> dict[str, str]:
    """The variables after a shell has read a text, but for those that shells have of their own."""
    done = subprocess.run(
        [*RUN[shell], f"{line}; command env -0"], env=env, capture_output=True, check=False, cwd=cwd
    )
    assert (done.returncode, done.stderr) == (0, b"")
    fields = os.fsdecode(done.stdout).split("\0")
    env = dict(field.split("=", 1) for field in fields if "=" in field)
    own = ("_", "SHLVL", "PWD", "OLDPWD", "USER", "LOGNAME", "AUTOENV_HPC_PYTHON")
    # dash drops exported functions
    return {n: v for n, v in env.items() if n not in own and not n.startswith("BASH_FUNC_")}


@pytest.mark.parametrize("tool", MODULE_TOOLS)
def test_it_is_the_environment_of_exec_however_it_is_read(
    cluster: Home, tool: str, tmp_path: Path
) -> None:
    root = cluster.project(CONFIG)
    bare = cluster.env | {"GOES": "x", "PYTHONPATH": "/mine", "SLURM_EXPORT_ENV": "NONE"}
    expected = read("bash", ":", dict(_exec(root, bare)))
    for name in ("AUTOENV_HPC_STATE", "AUTOENV_HPC_SLURM_EXPORT_ENV"):  # for leaving
        del expected[name]
    assert expected["ODD"] == 'it\'s $HOME `x` \\ "q" # ; é'
    assert expected["SLURM_EXPORT_ENV"] == "ALL"
    for form, shell in READERS if tool == "lmod" else [("sh", "dash")]:
        words = f"'{COMMAND}' export --format {form}"
        file = tmp_path / f"environment.{form}"
        file.write_text(cluster.command(*words.split()[1:], cwd=root, env=bare).stdout)
        assert (
            file.read_text()
            == cluster.command(*words.split()[1:], cwd=root, env=bare | NO_PYTHON).stdout
        )
        now = f'eval "$({words})"' if form != "fish" else f"{words} | source"
        again = [f"{now}; {now}"] if shell == "dash" else []
        for line in (f". {file}; . {file}", now, *again):
            assert read(shell, line, bare, str(root)) == expected, (form, shell, line)
    assert read("dash", f". {tmp_path}/environment.sh", BARE)["PATH"].endswith(":" + BARE["PATH"])
    assert "SLURM_EXPORT_ENV" not in read("dash", f". {tmp_path}/environment.sh", BARE)
    head = (tmp_path / "environment.sh").read_text().splitlines()[:3]
    assert ".hpcenv.toml" in head[0]
    assert "python/3.9.5 samtools/1.12" in head[2]


def _exec(root: Path, env: dict[str, str]) -> list[tuple[str, str]]:
    done = subprocess.run(
        [COMMAND, "exec", "--", "env", "-0"], cwd=root, env=env, capture_output=True, check=True
    )
    fields = os.fsdecode(done.stdout).split("\0")
    return [(name, value) for name, _, value in (f.partition("=") for f in fields) if name]


@pytest.mark.parametrize("tool", ["lmod"])
def test_in_an_active_project_it_is_that_of_a_fresh_call(cluster: Home, tool: str) -> None:
    root = cluster.project(CONFIG.replace("[venv]", ""), "p")
    cluster.command("prepare", cwd=root)
    other = cluster.project('modules = ["samtools/1.12"]\n[env]\nODD = "1"\nOTHER = "it\'s"\n', "q")
    words = f"eval \"$('{COMMAND}' export -C '{root}')\""
    fresh = read("bash", words, cluster.env)
    assert fresh["ODD"] != "1"
    for inside, change in (
        (root, ":"), (other, ":"), (root, "export ODD=mine"), (other, "export PATH=/x:$PATH OTHER=y"),
    ):  # fmt: skip
        for env in ({}, NO_PYTHON if change == ":" else {}):
            line = f"{change}; {words}; command env -0"
            done = cluster.command("exec", "-C", str(inside), "--", "bash", "-c", line, env=env)
            found = dict(f.split("=", 1) for f in done.stdout.split("\0") if "=" in f)
            mine = {"PATH": fresh["PATH"].replace("/usr/local", "/x:/usr/local", 1), "OTHER": "y"}
            expected = fresh | (mine if "PATH" in change else {})
            expected.pop("__LMOD_REF_COUNT_PATH", None)  # it counts /x, too
            assert {n: found.get(n) for n in expected} == expected
            more = {
                name
                for name in {*found} - {*expected}
                if name[:9] not in ("BASH_FUNC", "__LMOD_RE")
            }
            assert more <= {"_", "SHLVL", "PWD", "OLDPWD", "USER", "LOGNAME", "AUTOENV_HPC_PYTHON"}


def test_what_was_seen_before_starts_no_process(home: Home, tmp_path: Path) -> None:
    root = home.project('[env]\nA = "1"\n[envs.b.env]\nA = "2"\n', "p")
    log = tmp_path / "calls"
    trace = ["strace", "-f", "-qq", "-e", "trace=execve,clone,clone3,fork,vfork", "-o", str(log)]
    for options, value in {(): "1", ("--env", "b"): "2", ("--env=b", "--format=zsh"): "2"}.items():
        words = [COMMAND, "export", *options, "--project", str(root)]
        for traced in ([], trace):
            done = subprocess.run(
                [*traced, *words], cwd="/", env=home.env, capture_output=True, text=True, check=True
            )
            assert f"A='{value}'" in done.stdout
        (call,) = log.read_text().splitlines()
        assert "execve" in call


@pytest.mark.parametrize("step", [{}, {"SLURM_JOB_ID": "4000000001", "SLURM_STEP_ID": "0"}])
def test_an_edit_is_seen_and_what_is_stored_goes_with_it(home: Home, step: dict[str, str]) -> None:
    root = home.project('[env]\nA = "1"\n', "p")
    for value in "23":
        (root / ".hpcenv.toml").write_text(f'[env]\nA = "{value}"\n')
        assert "exit 125" in home.command("export", cwd=root, status=1, env=step).stdout
        home.command("allow", str(root))
        for _ in range(2):
            assert f"A='{value}'" in home.command("export", cwd=root, env=step).stdout
    home.command("cache", "clear")
    assert not [*(home.folder / ".cache/autoenv-hpc/activations").rglob("*.export*")]


def _ran(shell: str, line: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RUN[shell][:-1], *options, "-c", line], capture_output=True, text=True, check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": "/"}, stdin=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


@pytest.mark.parametrize("form", FORMATS)
def test_another_shell_changes_nothing_and_says_so(home: Home, form: str, tmp_path: Path) -> None:
    root = home.project('[env]\nCOLOUR = "blue"\n', "p")
    file = tmp_path / "environment"
    file.write_text(home.command("export", "--format", form, cwd=root).stdout)
    for shell in [shell for shell in RUN if shell not in FORMATS[form]]:
        done = _ran(shell, f". {file}; echo went on $COLOUR")
        assert "blue" not in done.stdout
        assert done.stderr
        if shell != "fish":
            assert (done.returncode, done.stdout) == (125, ""), shell
            assert f"this text is for {form}, so nothing was changed" in done.stderr
            there = _ran(shell, f". {file}; echo status $?; env", "-i")
            assert "COLOUR" not in there.stdout
            assert form == "fish" or "status 125" in there.stdout


@pytest.mark.parametrize(("form", "shell"), READERS)
def test_it_refuses_on_another_architecture(
    home: Home, form: str, shell: str, tmp_path: Path
) -> None:
    root = home.project('[env]\nCOLOUR = "blue"\n', "p")
    text = home.command("export", "--format", form, cwd=root).stdout
    file = tmp_path / "environment"
    file.write_text(text.replace(os.uname().machine, "vax"))
    done = _ran(shell, f". {file}; echo went on $COLOUR")
    assert "another architecture" in done.stderr
    assert (done.returncode, done.stdout) == (125, "")


@pytest.mark.parametrize("shell", FORMATS["sh"])
def test_a_read_only_variable_stays_and_so_does_the_rest(
    home: Home, shell: str, tmp_path: Path
) -> None:
    root = home.project('[env]\nAAA = "blue"\nCOLOUR = "blue"\n', "p")
    file = tmp_path / "environment"
    file.write_text(home.command("export", cwd=root).stdout)
    line = f"readonly COLOUR=red; . {file}; echo status $? $COLOUR $AAA"
    done = _ran(shell, line)
    assert (done.returncode, done.stdout) == (125, "")
    assert "read-only" in done.stderr
    assert "status 125 red\n" in _ran(shell, line, "-i").stdout


@pytest.mark.parametrize("tool", ["lmod"])
def test_functions_of_modulefiles(cluster: Home, tool: str, tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    (tmp_path / "f/1.0.lua").write_text(
        'set_shell_function("greet", "echo hello $1", "echo hello")\nset_alias("hi", "echo hi")\n'
    )
    root = cluster.project('modules = ["f/1.0"]\n[env]\nA = "1"\n', "p")
    env = {"MODULEPATH": str(tmp_path)}
    file = tmp_path / "environment"
    file.write_text(cluster.command("export", cwd=root, env=env).stdout)
    for shell in FORMATS["sh"]:
        done = _ran(shell, f". {file}; greet you; echo $A")
        said = "1\n" if shell == "dash" else "hello you\n1\n"
        assert (done.stdout, done.returncode) == (said, 0)
        assert ("functions are for bash and zsh only: greet" in done.stderr) == (shell == "dash")
    done = _ran("bash", f"set -e; . {file}; bash -c 'greet you'")
    assert ("hello" in done.stdout) == ("export -f" in file.read_text())


def test_as_data(home: Home) -> None:
    root = home.project("[env]\nA = '''x \"y\" $z \\\\ w'''\nB = false\n", "p")
    found = json.loads(home.command("export", "--format", "json", cwd=root, B="1").stdout)
    assert (found["set"]["A"], found["unset"], found["name"]) == ('x "y" $z \\\\ w', ["B"], "p")
    lines = home.command("export", "--format", "dotenv", cwd=root, B="1").stdout.splitlines()
    assert 'A="x \\"y\\" \\$z \\\\\\\\ w"' in lines
    assert "# unset B" in lines
    several = home.project('[env]\nA = "x\\ny"\n', "q")
    assert (
        "several lines"
        in home.command("export", "--format", "dotenv", cwd=several, status=1).stderr
    )


@pytest.mark.parametrize("wrong", ["untrusted", "unknown option", "no Python", "killed"])
@pytest.mark.parametrize("shell", ["bash", "dash", "zsh", "fish"])
def test_if_it_fails_a_script_ends_and_a_terminal_stays(
    home: Home, shell: str, wrong: str, tmp_path: Path
) -> None:
    root = home.project('[env]\nCOLOUR = "blue"\n', "p", allow=wrong != "untrusted")
    killer = tmp_path / "python"
    killer.write_text("#!/bin/sh\nkill -9 $$\n")
    killer.chmod(0o755)
    python = {"no Python": "/bin/false", "killed": str(killer)}.get(wrong)
    env = home.env | ({"AUTOENV_HPC_PYTHON": python} if python else {})
    options = ["--wrong"] if wrong == "unknown option" else []
    options += ["--format", "fish"] if shell == "fish" else []
    words = f"{COMMAND} export {' '.join(options)}"
    line = f"{words} | source" if shell == "fish" else f'eval "$({words})"'
    run = RUN[shell]
    inner = f"function f; {line}; end; f" if shell == "fish" else f"f() {{ {line}; }}; f"
    for script in (line, inner, f"set -e; {line}" if shell != "fish" else line):
        done = subprocess.run(
            [*run, f"{script}; echo went on"], cwd=root, env=env, capture_output=True, text=True, check=False
        )  # fmt: skip
        assert (done.stdout, done.returncode) == ("", 125), done.stderr
    terminal = [run[0], *run[1:-1], "-i", "-c", f"{line}; echo status $pipestatus[2]$status"]
    if shell != "fish":
        terminal[-1] = f"{line}; echo status $?"
    done = subprocess.run(
        terminal, cwd=root, env=env, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    assert "status 125" in done.stdout


@pytest.mark.parametrize("form", ["json", "dotenv"])
def test_if_it_fails_there_are_no_data(home: Home, form: str) -> None:
    root = home.project("", "p", allow=False)
    assert home.command("export", f"--format={form}", cwd=root, status=1).stdout == ""
