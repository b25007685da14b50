"""The commands, as a user types them."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.request import url2pathname

import pytest
from homes import COMMAND, MODULE_TOOLS, Home
from sessions import Shell

PLAIN = '[env]\nCOLOUR = "blue"\n'


def test_help_and_version_and_wrong_usage(home: Home) -> None:
    assert home.command("--version").stdout.startswith("autoenv-hpc ")
    for command in (
        "hook",
        "exec",
        "allow",
        "deny",
        "status",
        "init",
        "prepare",
        "on",
        "off",
        "reload",
        "demo",
    ):
        assert command in home.command(command, "--help").stdout
    for words in (["nonsense"], ["hook"], ["hook", "csh"], ["status", "--nonsense"]):
        said = home.command(*words, status=2).stderr
        assert said.startswith("autoenv-hpc: ")
        assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("lst", "unknown command lst (did you mean list?)"),
        ("alow", "unknown command alow (did you mean allow?)"),
        ("help", "unknown command help (did you mean --help?)"),
        ("deactivate", "unknown command deactivate (did you mean off?)"),
        ("qqqqq", "unknown command qqqqq (see `autoenv-hpc --help`)"),
        ("status --jsn", "status: unknown option --jsn (did you mean --json?)"),
        ("cache list --wy", "cache: unknown option --wy (did you mean --why?)"),
        ("-C p exec true", "unknown option -C (options come after the command)"),
        ("--versoin", "unknown option --versoin (did you mean --version?)"),
    ],
)
def test_a_mistyped_word_gets_a_similar_one(home: Home, words: str, said: str) -> None:
    assert home.command(*words.split(), status=2).stderr == f"autoenv-hpc: {said}\n"


def test_no_word_at_all_gets_the_help(home: Home) -> None:
    assert home.command().stdout == home.command("--help").stdout


def test_init_writes_a_file_that_is_valid_allowed_and_never_overwritten(home: Home) -> None:
    root = home.folder / "new"
    root.mkdir()
    home.command("init", cwd=root)
    file = root / ".hpcenv.toml"
    home.command("exec", "-C", str(root), "--", "true")
    uncommented = "\n".join(
        line.removeprefix("# ")
        for line in file.read_text().splitlines()[3:]
        if "=" in line or line.startswith("# [")
    )
    file.write_text(uncommented)
    assert not [
        line for line in home.command("status", cwd=root).stdout.splitlines() if "problem" in line
    ]
    assert f"{file} exists" in home.command("init", cwd=root, status=1).stderr
    assert file.read_text() == uncommented
    home.command("init", "--force", cwd=root)


def test_init_names_the_schema_unless_it_is_in_the_home_folder(home: Home) -> None:
    root = home.folder / "new"
    root.mkdir()
    home.command("init", cwd=root)
    line = (root / ".hpcenv.toml").read_text().splitlines()[0]
    path = Path(url2pathname(line.removeprefix("#:schema file://")))
    assert json.loads(path.read_text())["$schema"] == "http://json-schema.org/draft-07/schema#"
    home.env["HOME"] = str(path.parent.parent)
    home.env["XDG_STATE_HOME"] = home.env["XDG_CACHE_HOME"] = str(home.folder)
    home.command("init", "--force", cwd=root)
    assert "#:schema" not in (root / ".hpcenv.toml").read_text()


def test_a_variable_with_a_path_is_expanded_and_a_text_is_not(home: Home) -> None:
    text = '[env]\nDATA = { path = "$HOME/data" }\nHERE = { path = "in" }\nTEXT = "$HOME/data"\n'
    root = home.project(text, "p", allow=False)
    said = home.command("allow", cwd=root).stderr
    assert "TEXT becomes the text $HOME/data, unexpanded" in said
    assert '(if you mean a path, write TEXT = { path = "$HOME/data" })' in said
    assert "DATA" not in said
    for _ in ("compiled", "stored"):
        shown = home.command("exec", "--", "printenv", "DATA", "HERE", "TEXT", cwd=root).stdout
        assert shown == f"{home.folder}/data\n{root}/in\n$HOME/data\n"
    (root / ".hpcenv.toml").write_text('modules = ["a" "b"]\n')
    home.command("allow", cwd=root)
    lines = home.command("exec", "true", cwd=root, status=125).stderr.splitlines()
    assert lines[1:] == ['    modules = ["a" "b"]', f"    {' ' * 15}^"]


def test_status_tells_what_is_and_what_would_be(home: Home) -> None:
    assert "none: no .hpcenv.toml" in home.command("status").stdout
    root = home.project(f'name = "n"\n{PLAIN}', "p", allow=False)
    known = json.loads(home.command("status", "--json", "-C", str(root)).stdout)
    assert known["version"] == 1
    assert known["file"] == f"{root}/.hpcenv.toml"
    assert (known["trust"], known["active"], known["name"], known["site"]) == (
        "unknown",
        None,
        "n",
        None,
    )
    assert "`autoenv-hpc allow`" in home.command("status", cwd=root).stdout
    home.command("allow", cwd=root)
    assert json.loads(home.command("status", "--json", cwd=root).stdout)["trust"] == "allowed"
    (root / ".hpcenv.toml").write_text("modles = 1")
    done = home.command("status", cwd=root, status=1)
    assert "modles: unknown key" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        "status", "status --json", "export", "export --format json", "export --format fish", "explain", "doctor",
        "list --json", "cache list", "hook bash", "hook zsh", "hook fish", "completion bash", "--version", "--help",
    ],
)  # fmt: skip
def test_a_full_disk_is_told_in_one_line(home: Home, words: str) -> None:
    root = home.project('[env]\nCOLOUR = "blue"\n', "p")
    home.command("exec", "--", "true", cwd=root)
    assert home.command(*words.split(), cwd=root).stdout
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [COMMAND, *words.split()], cwd=root, env=home.env, stdout=full, stderr=subprocess.PIPE,
            text=True, check=False,
        )  # fmt: skip
    assert done.returncode
    (said,) = done.stderr.splitlines()
    assert said.startswith("autoenv-hpc: ")
    assert "No space left on device" in said


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_status_knows_the_state_of_its_shell(home: Home, shell: str) -> None:
    root = home.project(PLAIN, "p")

    def status(here: Shell) -> dict[str, Any]:
        known: dict[str, Any] = json.loads(here.output("autoenv-hpc status --json"))
        return known

    here = home.shell(shell, cwd=root)
    here.run("set -gx COLOUR mine" if shell == "fish" else "export COLOUR=mine")
    inside = status(here)
    assert (inside["hook"], inside["active"], inside["off"]) == (shell, str(root), False)
    assert inside["modified"] == ["COLOUR"]
    here.run("autoenv-hpc off")
    assert (status(here)["active"], status(here)["off"]) == (None, True)
    assert "autoenv-hpc on" in here.output("autoenv-hpc status")
    (root / ".hpcenv.toml").write_text('[venv]\ncreate = "never"\n')
    here.run("autoenv-hpc allow")
    here.run("autoenv-hpc on")
    failed = status(here)
    assert failed["failure"]["time"] == pytest.approx(time.time(), abs=60)
    assert "forbids a build" in failed["failure"]["problem"]
    assert failed["environment"]["state"] == "missing"
    assert here.output("autoenv-hpc status").count("forbids a build") == 1
    (root / ".hpcenv.toml").write_text(PLAIN)
    here.run("autoenv-hpc allow")
    assert status(here)["failure"] is None


def test_a_shell_without_a_hook_is_told(home: Home) -> None:
    root = home.project(PLAIN, "p", allow=False)
    advice = "run `autoenv-hpc setup`"
    for words, status in (("allow",), 0), (("status",), 0), (("on",), 1), (("init", "--force"), 0):
        done = home.command(*words, cwd=root, status=status)
        assert advice in done.stdout + done.stderr, words
    assert "no hook" not in home.command("allow", cwd=root, SLURM_JOB_ID="1").stderr
    here = home.shell("bash", cwd=root)
    assert "no hook" not in here.run("autoenv-hpc allow")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_hook_is_the_same_with_and_without_a_configuration_file(home: Home, shell: str) -> None:
    quick = home.command("hook", shell).stdout
    file = home.folder / ".config/autoenv-hpc/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text("[search]\nceiling = '/'\n")
    slow = home.command("hook", shell).stdout
    assert quick.splitlines()[-1] == slow.splitlines()[-1]
    assert "hook." in quick


def test_exec_passes_everything_through(home: Home) -> None:
    root = home.project(PLAIN, "p")
    code = "import sys, os; print(sys.argv[1:], os.environ['COLOUR'], sys.stdin.read()); sys.stderr.write('e'); sys.exit(42)"
    words = ["", "a b", "*", "$HOME", "-x", "--", "é", "new\nline", "'\""]
    for _ in range(2):  # by Python, then by the stored activation
        done = subprocess.run(
            [COMMAND, "exec", "--", "python3", "-c", code, *words],
            cwd=root,
            env=home.env,
            input="in",
            text=True,
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (42, f"{words!r} blue in\n", "e")


def test_exec_gives_signals_descriptors_and_limits_to_the_command(home: Home) -> None:
    root = home.project(PLAIN, "p")
    home.command("exec", "-C", str(root), "--", "true")
    process = subprocess.Popen(
        [COMMAND, "exec", "-C", str(root), "--", "sleep", "60"], env=home.env
    )
    for _ in range(100):
        if b"sleep" in Path(f"/proc/{process.pid}/cmdline").read_bytes():
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == -signal.SIGTERM
    line = f"umask 027; ulimit -n 99; exec 7<{root}/.hpcenv.toml; '{COMMAND}' exec -C '{root}' -- sh -c 'umask; ulimit -n; cat <&7; echo $SHLVL'; true"
    out = subprocess.run(
        ["bash", "-c", line],
        env={**home.env, "SHLVL": "3"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert out == f"0027\n99\n{PLAIN}4\n"


@pytest.mark.parametrize("seen", [False, True])
def test_exec_fails_as_env_does(home: Home, seen: bool) -> None:
    root = home.project(PLAIN, "p")
    if seen:
        home.command("exec", "-C", str(root), "--", "true")
    (root / "data").write_text("no program")
    for words, status, said in (
        (["nosuch"], 127, "nosuch: not found on the PATH of the project p"),
        (["./nosuch"], 127, "nosuch"),
        (["./data"], 126, "./data"),
        (["/"], 126, "/"),
    ):
        done = home.command("exec", "--", *words, cwd=root, status=status)
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert "no .hpcenv.toml in" in home.command("exec", "--", "true", status=125).stderr
    assert "the command is missing" in home.command("exec", cwd=root, status=2).stderr


@pytest.mark.parametrize("seen", [False, True])
def test_exec_says_when_the_project_took_a_command_away(home: Home, seen: bool) -> None:
    root = home.project("[paths]\nPATH = { prepend = ['bin'] }\n", "p")
    program = home.folder / "before/mine"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    home.env["PATH"] = f"{program.parent}:{home.env['PATH']}"
    home.command("exec", "--", "mine", cwd=root)
    program.unlink()
    if not seen:
        home.env["OTHER"] = "1"
    assert "mine: not found" in home.command("exec", "--", "mine", cwd=root, status=127).stderr


def test_exec_finds_the_project_where_the_job_was_submitted(home: Home, tmp_path: Path) -> None:
    root = home.project(PLAIN, "p")
    show = ("exec", "--", "/bin/sh", "-c", 'echo "$COLOUR"')
    for name in ("SLURM_SUBMIT_DIR", "PBS_O_WORKDIR", "LS_SUBCWD", "SGE_O_WORKDIR"):
        for _ in range(2):
            assert home.command(*show, cwd=tmp_path, env={name: str(root)}).stdout == "blue\n"


def test_exec_takes_out_what_was_inherited(home: Home) -> None:
    home.project('[env]\nONLY_A = "1"\nCOLOUR = "red"\n', "a")
    root = home.project(PLAIN, "b")
    here = home.shell("bash", cwd=home.folder / "a")
    for _ in range(2):
        out = here.output(f"autoenv-hpc exec -C {root} -- env")
        assert "ONLY_A" not in out
        assert "COLOUR=blue" in out
    assert "COLOUR=red" in here.output("autoenv-hpc exec -- env")


@pytest.mark.parametrize(
    "context", [["bash", "-eu"], ["sh"], ["dash"], ["zsh"], ["env", "-i", "bash"]]
)
def test_exec_from_every_kind_of_script(home: Home, context: list[str]) -> None:
    root = home.project(PLAIN, "p")
    if context[0] == "env":
        context = ["env", "-i", f"HOME={home.folder}", *context[2:]]
    line = f"cd '{root}'; {COMMAND} exec -- /bin/sh -c 'echo $COLOUR'"
    for _ in range(2):
        out = subprocess.run(
            [*context, "-c", line], env=home.env, capture_output=True, text=True, check=True
        ).stdout
        assert out == "blue\n"


@pytest.mark.parametrize("tool", MODULE_TOOLS)
def test_exec_is_the_same_from_each_context(cluster: Home, tool: str) -> None:
    root = cluster.project('modules = ["python/3.9.5", "samtools/1.12"]\n[venv]\n')
    show = ("exec", "-C", str(root), "--", "/usr/bin/env")

    def seen(**more: str) -> dict[str, str]:
        lines = cluster.command(*show, env=more).stdout.splitlines()
        names = ("PATH", "LOADEDMODULES", "VIRTUAL_ENV", "SAMTOOLS_ROOT", "AUTOENV_HPC_ROOT")
        return {
            name: value
            for name, _, value in (line.partition("=") for line in lines)
            if name in names
        }

    expected = seen()
    assert expected["LOADEDMODULES"] == "python/3.9.5:samtools/1.12"
    for functions in (True, False):
        if not functions:
            for name in [n for n in cluster.env if n.startswith("BASH_FUNC_")]:
                del cluster.env[name]
        assert seen() == expected
        assert (
            seen(BASH_ENV="/nonexistent", PYTHONHOME="/x", PYTHONPATH="/y")["VIRTUAL_ENV"]
            == expected["VIRTUAL_ENV"]
        )


def test_exported_functions_reach_the_command(home: Home) -> None:
    root = home.project(PLAIN, "p")
    line = f"f() {{ echo function; }}; export -f f; '{COMMAND}' exec -C '{root}' -- bash -c f"
    for _ in range(2):
        assert (
            subprocess.run(
                ["bash", "-c", line], env=home.env, capture_output=True, text=True, check=True
            ).stdout
            == "function\n"
        )


def test_fresh_and_named_choices_do_not_spoil_what_is_stored(home: Home) -> None:
    root = home.project(PLAIN + '[envs.green.env]\nCOLOUR = "green"\n', "p")
    show = ("--", "/bin/sh", "-c", 'echo "$COLOUR"')
    for words, colour in (
        ([], "blue"),
        (["--env", "green"], "green"),
        ([], "blue"),
        (["--fresh"], "blue"),
        (["--site", "uppmax"], "blue"),
    ):
        assert home.command("exec", *words, *show, cwd=root).stdout == f"{colour}\n"


def test_a_home_that_is_not_there(home: Home, tmp_path: Path) -> None:
    root = home.project(PLAIN, "p")
    state = tmp_path / "state"
    env = {
        "AUTOENV_HPC_STATE_DIR": str(state),
        "AUTOENV_HPC_CACHE_DIR": str(tmp_path / "cache"),
        "HOME": "/nonexistent",
    }
    home.command("allow", str(root), env=env)
    for _ in range(2):
        assert (
            home.command(
                "exec", "-C", str(root), "--", "/bin/sh", "-c", 'echo "$COLOUR"', env=env
            ).stdout
            == "blue\n"
        )
    assert os.stat(tmp_path / "cache").st_mode & 0o777 == 0o700
