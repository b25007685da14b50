"""zsh alone: options, hooks, tied parameters, start-up."""

import pytest
from homes import Home
from sessions import assert_same

PLAIN = '[env]\nCOLOUR = "blue"\n'


@pytest.mark.parametrize(
    "option",
    [
        "setopt posix_identifiers", "setopt auto_name_dirs", "setopt null_glob", "setopt csh_null_glob", "setopt sh_word_split",
        "setopt csh_junkie_quotes", "setopt ksh_arrays", "setopt no_unset", "setopt warn_create_global", "setopt glob_subst",
        "typeset -U path", "setopt err_return", "setopt no_glob", "setopt all_export", "IFS=/", "setopt extended_glob",
        "setopt prompt_subst", "setopt ksh_glob", "setopt interactive_comments", "setopt auto_cd",
    ],
)  # fmt: skip
def test_odd_options_change_nothing(home: Home, option: str) -> None:
    home.project(PLAIN + '[paths]\nPATH = { prepend = ["bin"] }\n', "p")
    here = home.shell("zsh", after=option)
    before = here.snapshot()
    for _ in range(2):
        shown = here.run("cd p")
        assert "p: entered" in shown
        env = here.env()
        assert (env["COLOUR"], env["PATH"].split(":")[0]) == ("blue", f"{home.folder}/p/bin")
        here.run("cd ..")
        assert_same(before, here.snapshot())


def test_an_option_set_before_the_hook_does_not_reach_it(home: Home) -> None:
    home.project(PLAIN, "p")
    here = home.shell(
        "zsh",
        "setopt ksh_arrays sh_word_split no_unset csh_junkie_quotes; alias export='echo no' typeset='echo no'",
    )
    here.run("cd p")
    assert here.env()["COLOUR"] == "blue"
    here.run("cd ..")
    assert "COLOUR" not in here.env()


def test_one_cd_runs_once_and_other_hooks_live(home: Home) -> None:
    home.project(PLAIN, "p")
    rc = "precmd() { print -r p >> ~/calls }; chpwd() { print -r c >> ~/calls }; typeset -ga precmd_functions; precmd_functions+=(mine); mine() { print -r $? >> ~/mine }"
    here = home.shell("zsh", rc)
    assert here.run("cd p").count("p: entered") == 1
    here.run("(exit 3)")
    here.run("cd ..")
    calls = (home.folder / "calls").read_text()
    assert calls.count("c") == 2


def test_a_widget_that_changes_directory_is_noticed(home: Home) -> None:
    home.project(PLAIN, "p")
    here = home.shell("zsh", after="up() { builtin cd ~/p; typeset -g seen=$COLOUR }; zle -N up")
    here.run("up")
    assert here.output("print $seen").strip() == "blue"


def test_special_parameters_come_back_as_they_were(home: Home) -> None:
    home.project(
        '[paths]\nMANPATH = { prepend = ["man"] }\nCDPATH = { append = ["x"] }\n[env]\nFPATH = "/x"\n',
        "p",
    )
    for rc in ("", "export MANPATH=/a: CDPATH=/b FPATH", "MANPATH=/a CDPATH=/b"):
        here = home.shell("zsh", rc)
        before = here.snapshot()
        for _ in range(2):
            here.run("cd p")
            assert here.env()["MANPATH"].startswith(f"{home.folder}/p/man")
            here.run("cd ..")
            assert_same(before, here.snapshot())


def test_a_foreign_fpath_does_no_harm(home: Home) -> None:
    home.project(PLAIN, "p")
    here = home.shell("zsh", FPATH="/nonexistent")
    assert "function definition file not found" not in here.greeting
    here.run("cd p")
    assert here.env()["COLOUR"] == "blue"


def test_nothing_is_said_during_an_instant_prompt(home: Home) -> None:
    root = home.project(PLAIN, "p")
    here = home.shell(
        "zsh",
        "__p9k_instant_prompt_active=1",
        after="precmd_functions+=(drawn); drawn() { unset __p9k_instant_prompt_active }",
        cwd=root,
    )
    assert "p: entered" in here.greeting or "p: entered" in here.run("true")
    assert here.env()["COLOUR"] == "blue"
