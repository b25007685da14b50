"""The hook as a guest in the user's shell: what went wrong for others must not go wrong here."""

import os
import time
from pathlib import Path

import pytest
from homes import SHELLS, Home
from sessions import assert_same

EVERY_SHELL = pytest.mark.parametrize("shell", SHELLS)
PLAIN = '[env]\nCOLOUR = "blue"\n'


@EVERY_SHELL
def test_variables_come_and_go_with_the_folder(home: Home, shell: str) -> None:
    home.project(PLAIN, "blue")
    here = home.shell(shell)
    before = here.snapshot()
    entered = here.run("cd blue")
    assert "autoenv-hpc: blue: entered" in entered
    env = here.env()
    assert env["COLOUR"] == "blue"
    assert env["AUTOENV_HPC_NAME"] == "blue"
    assert env["AUTOENV_HPC_ROOT"] == str(home.folder / "blue")
    assert "(blue) " in here.run("true")
    assert "autoenv-hpc: left blue" in here.run("cd ..")
    assert_same(before, here.snapshot())


@EVERY_SHELL
def test_an_unset_variable_is_unset_again_and_an_empty_one_empty(home: Home, shell: str) -> None:
    home.project('[env]\nWAS_UNSET = "1"\nWAS_EMPTY = "1"\nGOES = false\n', "p")
    here = home.shell(shell, WAS_EMPTY="", GOES="here")
    here.run("cd p")
    env = here.env()
    assert (env["WAS_UNSET"], env["WAS_EMPTY"], "GOES" in env) == ("1", "1", False)
    here.run("cd ..")
    env = here.env()
    assert ("WAS_UNSET" in env, env["WAS_EMPTY"], env["GOES"]) == (False, "", "here")


@EVERY_SHELL
def test_a_value_set_inside_stays(home: Home, shell: str) -> None:
    home.project(PLAIN, "p")
    here = home.shell(shell, COLOUR="red")
    here.run("cd p")
    here.run("set -gx COLOUR green" if shell == "fish" else "export COLOUR=green OTHER=mine")
    here.run("true")
    assert here.env()["COLOUR"] == "green"
    here.run("cd ..")
    assert here.env()["COLOUR"] == "green"


@EVERY_SHELL
def test_path_entries_of_the_user_stay_where_they_are(home: Home, shell: str) -> None:
    home.project('[paths]\nPATH = { prepend = ["bin"], append = ["more"] }\n', "p")
    here = home.shell(shell, PATH="/usr/bin:/bin:/usr/bin")
    here.run("cd p")
    root = home.folder / "p"
    assert here.env()["PATH"] == f"{root}/bin:/usr/bin:/bin:/usr/bin:{root}/more"
    here.run("set -gx PATH /mine $PATH /last" if shell == "fish" else "PATH=/mine:$PATH:/last")
    here.run("cd ..")
    assert here.env()["PATH"] == "/mine:/usr/bin:/bin:/usr/bin:/last"


@EVERY_SHELL
def test_an_unset_search_path_gets_no_stray_colon(home: Home, shell: str) -> None:
    home.project('[paths]\nPYTHONPATH = { append = ["lib"] }\n', "p")
    here = home.shell(shell)
    here.run("cd p")
    assert here.env()["PYTHONPATH"] == str(home.folder / "p/lib")
    here.run("cd ..")
    assert "PYTHONPATH" not in here.env()


@EVERY_SHELL
def test_pushd_and_cd_minus_and_a_new_shell_inside(home: Home, shell: str) -> None:
    root = home.project(PLAIN, "p")
    here = home.shell(shell)
    here.run("pushd p")
    assert here.env().get("COLOUR") == "blue"
    here.run("popd")
    assert "COLOUR" not in here.env()
    here.run("cd -")
    here.run("true")
    inside = home.shell(shell, cwd=root)
    assert "p: entered" in inside.greeting
    assert inside.env()["COLOUR"] == "blue"


@EVERY_SHELL
def test_a_configuration_that_appears_and_disappears(home: Home, shell: str) -> None:
    home.project(PLAIN, "p")
    config = home.folder / "p/.hpcenv.toml"
    away = home.folder / "away.toml"
    config.rename(away)
    here = home.shell(shell, cwd=home.folder / "p")
    assert "COLOUR" not in here.env()
    away.rename(config)
    here.run("true")
    assert here.env().get("COLOUR") == "blue"
    config.unlink()
    assert "left p" in here.run("true")
    assert "COLOUR" not in here.env()


@EVERY_SHELL
def test_an_edit_within_the_same_second_and_an_older_file_are_noticed(
    home: Home, shell: str
) -> None:
    root = home.project(PLAIN, "p")
    here = home.shell(shell, cwd=root)
    assert here.env()["COLOUR"] == "blue"
    config = root / ".hpcenv.toml"
    config.write_text(PLAIN.replace("blue", "green"))
    shown = here.run("true")
    assert "autoenv-hpc allow" in shown, shown
    assert "COLOUR" not in here.env()
    home.command("allow", str(root))
    assert "p: entered" in here.run("true")
    assert here.env()["COLOUR"] == "green"
    config.write_text(PLAIN.replace("blue", "red"))
    os.utime(config, (1, 1))
    home.command("allow", str(root))
    here.run("true")
    assert here.env()["COLOUR"] == "red"


@EVERY_SHELL
def test_moving_straight_from_one_project_to_another(home: Home, shell: str) -> None:
    home.project('[env]\nCOLOUR = "blue"\nONLY_A = "1"\n', "a")
    home.project('[env]\nCOLOUR = "green"\nONLY_B = "1"\n', "b")
    here = home.shell(shell, COLOUR="red")
    before = here.snapshot()
    for _ in range(2):  # at first compiled, then replayed
        here.run("cd a")
        here.run("cd ../b")
        env = here.env()
        assert (env["COLOUR"], env["ONLY_B"], "ONLY_A" in env) == ("green", "1", False)
        here.run("cd ..")
        assert_same(before, here.snapshot())


@EVERY_SHELL
def test_a_project_inside_a_project(home: Home, shell: str) -> None:
    home.project('[env]\nCOLOUR = "blue"\nOUTER = "1"\n', "a")
    home.project('[env]\nCOLOUR = "green"\n', "a/sub/b")
    here = home.shell(shell)
    before = here.snapshot()
    for _ in range(2):
        here.run("cd a/sub")
        assert here.env()["COLOUR"] == "blue"
        here.run("cd b")
        env = here.env()
        assert (env["COLOUR"], "OUTER" in env) == ("green", False)
        here.run("cd ..")
        assert here.env()["OUTER"] == "1"
        here.run("cd ../..")
        assert_same(before, here.snapshot())


@EVERY_SHELL
def test_an_untrusted_inner_file_leaves_the_outer_project_active(home: Home, shell: str) -> None:
    home.project(PLAIN, "a")
    home.project('[env]\nCOLOUR = "evil"\n', "a/b", allow=False)
    here = home.shell(shell, cwd=home.folder / "a")
    shown = here.run("cd b")
    assert "a/b/.hpcenv.toml is new or was edited" in shown
    assert here.env()["COLOUR"] == "blue"
    assert "autoenv-hpc" not in here.run("true")
    here.run("cd ..")
    assert here.env()["COLOUR"] == "blue"


@EVERY_SHELL
def test_an_error_is_told_once_and_tried_again_after_an_edit(home: Home, shell: str) -> None:
    root = home.project("modles = []\n[venv]\npth = 1\n", "p")
    here = home.shell(shell)
    before = here.snapshot()
    shown = here.run("cd p")
    assert f"{root}/.hpcenv.toml:1: modles: unknown key (did you mean modules?)" in shown
    assert f"{root}/.hpcenv.toml:3: venv.pth: unknown key (did you mean path?)" in shown
    assert "modles" not in here.run("true")
    assert_same(before, here.snapshot())
    (root / ".hpcenv.toml").write_text(PLAIN)
    home.command("allow", str(root))
    here.run("true")
    assert here.env()["COLOUR"] == "blue"


@EVERY_SHELL
def test_off_on_reload_and_deactivate(home: Home, shell: str) -> None:
    home.project(PLAIN, "p")
    here = home.shell(shell)
    outside = here.snapshot()
    here.run("cd p")
    for leave, enter in (("autoenv-hpc off", "autoenv-hpc on"), ("deactivate", "autoenv-hpc on")):
        assert "left p" in here.run(leave)
        here.run("cd .")
        here.run("true")
        assert "COLOUR" not in here.env()
        here.run(enter)
        assert here.env()["COLOUR"] == "blue"
    assert "p: entered" in here.run("autoenv-hpc reload")
    here.run("deactivate")
    here.run("cd ..")
    assert_same(outside, here.snapshot())
    here.run("cd p")
    assert here.env()["COLOUR"] == "blue"


@EVERY_SHELL
def test_the_exit_status_is_the_users_own(home: Home, shell: str) -> None:
    home.project(PLAIN, "p")
    here = home.shell(shell)
    status = "$status" if shell == "fish" else "$?"
    for line in ("false", "cd p; false", "cd ..; false"):
        here.type(line)
        here.type(f"echo {status} > {home.folder}/status")
        here.run("true")
        assert (home.folder / "status").read_text() == "1\n", line


@EVERY_SHELL
def test_quiet_and_disabled(home: Home, shell: str) -> None:
    home.project(PLAIN, "p")
    home.project("nonsense = 1\n", "bad")
    quiet = home.shell(shell, AUTOENV_HPC_QUIET="1")
    assert "autoenv-hpc:" not in quiet.run("cd p")
    assert quiet.env()["COLOUR"] == "blue"
    assert "unknown key" in quiet.run("cd ../bad")
    disabled = home.shell(shell, AUTOENV_HPC_DISABLE="1")
    assert "autoenv-hpc:" not in disabled.run("cd p")
    assert "COLOUR" not in disabled.env()


@EVERY_SHELL
def test_a_deleted_working_directory_is_met_with_silence(home: Home, shell: str) -> None:
    root = home.project(PLAIN, "p")
    here = home.shell(shell, cwd=root)
    (root / ".hpcenv.toml").unlink()
    root.rmdir()
    shown = here.run("true") + here.run("true")
    assert "Traceback" not in shown
    assert "No such file" not in shown
    here.run("cd ..")
    here.run(f"cd {home.folder}")
    assert "COLOUR" not in here.env()


@EVERY_SHELL
def test_the_tool_is_uninstalled_while_the_shell_is_open(
    home: Home, shell: str, tmp_path: Path
) -> None:
    home.project(PLAIN, "p")
    home.project(PLAIN.replace("blue", "green"), "q")
    here = home.shell(shell)
    before = here.snapshot()
    here.run("cd p")
    gone = str(tmp_path / "gone")
    here.run(
        f"set -g __autoenv_hpc_command {gone}"
        if shell == "fish"
        else f"__autoenv_hpc_command={gone}"
    )
    shown = here.run("cd ../q") + here.run("true") + here.run("cd ..")
    assert "gone" not in shown
    assert_same(before, here.snapshot())


@EVERY_SHELL
def test_an_unwritable_cache_costs_speed_and_nothing_else(home: Home, shell: str) -> None:
    home.project(PLAIN, "p")
    cache = home.folder / "cache"
    cache.write_text("a file where a folder should be")
    here = home.shell(shell, AUTOENV_HPC_CACHE_DIR=str(cache))
    here.run("cd p")
    assert here.env()["COLOUR"] == "blue"
    shown = here.run("true")
    assert "autoenv-hpc:" not in shown
    here.run("cd ..")
    assert "COLOUR" not in here.env()


@EVERY_SHELL
def test_ctrl_c_during_a_slow_entry_leaves_the_shell_outside(
    home: Home, shell: str, tmp_path: Path
) -> None:
    slow = tmp_path / "slow-python"
    slow.write_text("#!/bin/sh\nsleep 60\n")
    slow.chmod(0o755)
    home.project(f'[venv]\npython = "{slow}"\n[env]\nCOLOUR = "blue"\n', "p")
    here = home.shell(shell)
    before = here.snapshot()
    here.type("cd p")
    time.sleep(1.5)
    start = time.monotonic()
    here.interrupt()
    assert time.monotonic() - start < 20
    assert "COLOUR" not in here.env()
    shown = here.run("true")
    assert "Traceback" not in shown
    here.run("cd ..")
    assert_same(before, here.snapshot())


@EVERY_SHELL
def test_hooking_twice_is_hooking_once(home: Home, shell: str) -> None:
    home.project(PLAIN, "p")
    again = {
        "bash": "source ~/.bashrc",
        "zsh": "source ~/.zshrc",
        "fish": "source ~/.config/fish/config.fish",
    }[shell]
    here = home.shell(shell)
    before = here.snapshot()
    here.run(again)
    assert_same(before, here.snapshot())
    here.run("cd p")
    here.run(again)
    here.run("cd ..")
    assert "COLOUR" not in here.env()
    assert_same(before, here.snapshot())


@EVERY_SHELL
def test_a_nested_shell_takes_the_project_over_and_leaves_it(home: Home, shell: str) -> None:
    home.project(PLAIN, "p")
    here = home.shell(shell, "" if shell == "fish" else "PATH=/usr/bin:/bin", EXTRA="1")
    before = here.snapshot()
    here.run("cd p")
    nested = {"bash": "bash --noprofile -i", "zsh": "zsh -i", "fish": "fish -i"}[shell]
    shown = here.run(nested)
    assert "entered" not in shown
    assert here.env()["COLOUR"] == "blue"
    assert "left p" in here.run("cd ..")
    assert "COLOUR" not in here.env()
    here.run("cd p")
    assert here.env()["COLOUR"] == "blue"
    here.run("exit")
    here.run("cd ..")
    assert_same(before, here.snapshot())


@EVERY_SHELL
def test_a_nested_shell_whose_rc_file_resets_path(home: Home, shell: str) -> None:
    home.project('[paths]\nPATH = { prepend = ["bin"] }\n', "p")
    reset = (
        "set -gx PATH /usr/bin /bin /sbin" if shell == "fish" else "export PATH=/usr/bin:/bin:/sbin"
    )
    here = home.shell(shell, cwd=home.folder / "p")
    home.write_rc(shell, reset)
    here.run({"bash": "bash --noprofile -i", "zsh": "zsh -i", "fish": "fish -i"}[shell])
    assert here.env()["PATH"] == f"{home.folder}/p/bin:/usr/bin:/bin:/sbin"
    here.run("cd ..")
    assert here.env()["PATH"] == "/usr/bin:/bin:/sbin"


@EVERY_SHELL
def test_a_shell_started_outside_with_an_inherited_project_takes_it_out(
    home: Home, shell: str
) -> None:
    home.project(PLAIN, "p")
    here = home.shell(shell, cwd=home.folder / "p")
    inside = {"bash": "bash --noprofile -i", "zsh": "zsh -i", "fish": "fish -i"}[shell]
    here.run(f"env -C {home.folder} {inside}")
    assert "COLOUR" not in here.env()
    assert "AUTOENV_HPC_STATE" not in here.env()


@EVERY_SHELL
def test_a_subshell_that_changes_directory_leaves_the_shell_alone(home: Home, shell: str) -> None:
    home.project(PLAIN, "p")
    here = home.shell(shell, cwd=home.folder / "p")
    line = "begin; cd ..; cd p; end" if shell == "fish" else "(cd ..; pwd)"
    shown = here.run(line) if shell != "fish" else here.run("fish -N -c 'cd ..; pwd'")
    assert "left" not in shown
    assert here.env()["COLOUR"] == "blue"


@EVERY_SHELL
def test_nothing_is_ever_written_to_stdout(home: Home, shell: str) -> None:
    home.project(PLAIN, "p")
    here = home.shell(shell)
    line = (
        f"begin; cd p; true; end > {home.folder}/out"
        if shell == "fish"
        else f"{{ cd p; true; }} > {home.folder}/out"
    )
    here.run(line)
    here.run("cd ..")
    assert (home.folder / "out").read_text() == ""


@EVERY_SHELL
def test_the_prompt_obeys_the_configuration_and_the_variable(home: Home, shell: str) -> None:
    home.project(f'name = "%F{{red}}$(touch {home.folder}/executed)`id`\\\\u"\n', "odd")
    home.project("[venv]\nbackend='existing'\npath='../base'\nprompt = false\n", "none")
    (home.folder / "base/bin").mkdir(parents=True)
    (home.folder / "base/bin/python3").symlink_to("/usr/bin/env")
    here = home.shell(shell)
    here.run("cd odd")
    here.run("true")
    assert not (home.folder / "executed").exists()
    here.run("cd ..")
    silent = home.shell(shell, cwd=home.folder / "odd", VIRTUAL_ENV_DISABLE_PROMPT="1")
    assert "(%" not in silent.run("true").replace("entered", "")
