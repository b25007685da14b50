"""bash alone: PROMPT_COMMAND in all its forms, options, traps, and what others put there."""

import pytest
from homes import Home
from sessions import assert_same

PLAIN = '[env]\nCOLOUR = "blue"\n'
FORMS = {
    "unset": "unset PROMPT_COMMAND",
    "empty": "PROMPT_COMMAND=",
    "string": "PROMPT_COMMAND='seen=$?'",
    "semicolon": "PROMPT_COMMAND='seen=$?; '",
    "array": "PROMPT_COMMAND=('seen=$?' 'second=$?')",
    "vscode": "__vsc_original_prompt_command='__autoenv_hpc_prompt'; PROMPT_COMMAND='__autoenv_hpc_prompt; seen=$?'",
}


@pytest.mark.parametrize("form", FORMS)
def test_prompt_command_in_each_form(home: Home, form: str) -> None:
    home.project(PLAIN, "p")
    here = home.shell("bash", FORMS[form])
    once = here.output("declare -p PROMPT_COMMAND")
    assert once.count("__autoenv_hpc_prompt") == 1
    here.run("source ~/.bashrc")
    assert here.output("declare -p PROMPT_COMMAND").count("__autoenv_hpc_prompt") == 1
    here.run("cd p")
    assert here.env()["COLOUR"] == "blue"
    if form in ("string", "semicolon", "array", "vscode"):
        here.run("(exit 7)")
        here.type("(exit 7)")
        here.type('echo "$seen" > ~/seen')
        here.run("true")
        assert (home.folder / "seen").read_text() == "7\n"


def test_a_shell_under_euxo_pipefail_lives_on(home: Home) -> None:
    home.project(PLAIN, "p")
    home.project("nonsense = 1\n", "bad")
    here = home.shell("bash", after="set -euo pipefail")
    before = here.snapshot()
    for folder in ("p", "bad", "p"):
        here.run(f"cd {folder}")
        here.run("cd ..")
    assert_same(before, here.snapshot())
    here.run("set -x")
    shown = here.run("cd p") + here.run("true")
    assert "__autoenv_hpc_look" not in shown
    here.run("set +x")
    assert here.env()["COLOUR"] == "blue"


@pytest.mark.parametrize(
    "option",
    [
        "shopt -s nocasematch",
        "shopt -s extglob nullglob failglob",
        "set -f",
        "IFS=/",
        "set -o posix",
        "set -k",
        "set -a",
    ],
)
def test_odd_options_change_nothing(home: Home, option: str) -> None:
    home.project(PLAIN, "p")
    here = home.shell("bash", after=option)
    before = here.snapshot()
    for _ in range(2):
        here.run("cd p")
        assert here.env()["COLOUR"] == "blue"
        here.run("cd ..")
        assert_same(before, here.snapshot())


def test_traps_are_left_alone(home: Home) -> None:
    home.project(PLAIN, "p")
    traps = (
        "trap 'echo int' INT; trap 'echo err >> ~/err' ERR; trap 'true' DEBUG; trap 'echo bye' EXIT"
    )
    here = home.shell("bash", after=f"set -E; {traps}")
    before = here.snapshot()
    here.run("cd p")
    here.run("cd ..")
    assert_same(before, here.snapshot())
    assert not (home.folder / "err").exists()


def test_aliases_of_the_user_do_not_reach_the_hook(home: Home) -> None:
    home.project(PLAIN, "p")
    rc = "alias cd='echo no' export='echo no' unset='echo no' local='echo no' source='echo no' test='echo no'"
    here = home.shell("bash", rc)
    here.run(r"\cd p")
    assert here.env()["COLOUR"] == "blue"
    here.run(r"\cd ..")
    assert "COLOUR" not in here.env()


def test_functions_of_the_user_do_not_reach_the_hook(home: Home) -> None:
    home.project(PLAIN, "p")
    here = home.shell(
        "bash",
        after='export() { echo no; }; unset() { echo no; }; eval() { echo no; }; cd() { builtin cd "$@"; }',
    )
    here.run("cd p")
    assert here.env()["COLOUR"] == "blue"
    here.run("cd ..")
    assert "COLOUR" not in here.env()


def test_no_name_of_ours_is_left_in_the_users_space(home: Home) -> None:
    home.project(PLAIN, "p")
    here = home.shell("bash", "compgen -v | sort > ~/before")
    here.run("cd p")
    here.run("cd ..")
    here.run("compgen -v | sort > ~/after")
    new = set((home.folder / "after").read_text().split()) - set(
        (home.folder / "before").read_text().split()
    )
    ours = {name for name in new if name.startswith("__autoenv_hpc_")}
    assert new - ours <= {
        "PROMPT_COMMAND",
        "BASH_REMATCH",
        "OLDPWD",
        "_",
        "PIPESTATUS",
        "COLUMNS",
        "LINES",
        "HISTSIZE",
        "HISTFILESIZE",
    }


def test_a_read_only_variable_stops_the_entry_and_nothing_is_changed(home: Home) -> None:
    home.project('[env]\nAAA = "1"\nFIXED = "2"\n', "p")
    here = home.shell("bash", "declare -rx FIXED=1")
    before = here.snapshot()
    for _ in range(2):
        shown = here.run("cd p")
        assert "FIXED is read-only in this shell, so nothing was changed" in shown
        assert_same(before, here.snapshot())
        here.run("cd ..")


def test_a_variable_that_is_set_but_not_exported_comes_back_so(home: Home) -> None:
    home.project(PLAIN, "p")
    here = home.shell("bash", "COLOUR=private")
    before = here.snapshot()
    for _ in range(2):
        here.run("cd p")
        assert here.env()["COLOUR"] == "blue"
        here.run("cd ..")
        assert here.output("declare -p COLOUR").strip() == 'declare -- COLOUR="private"'
        assert_same(before, here.snapshot())


def test_a_prompt_of_the_users_own_making_inside_stays(home: Home) -> None:
    home.project(PLAIN, "p")
    here = home.shell("bash")
    here.run("cd p")
    here.run("PS1='mine> '")
    here.run("cd ..")
    assert here.output('echo "$PS1"') == "mine> \n"
