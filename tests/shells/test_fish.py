"""fish alone: lists, universal variables, its own quoting."""

from homes import Home
from sessions import assert_same

PLAIN = '[env]\nCOLOUR = "blue"\n'


def test_path_variables_are_lists(home: Home) -> None:
    home.project('[paths]\nPATH = { prepend = ["bin"] }\nMY_PATH = { append = ["x"] }\n', "p")
    here = home.shell("fish", MY_PATH="/a:/b")
    here.run("cd p")
    assert here.output("count $MY_PATH; echo $PATH[1]").split() == ["3", f"{home.folder}/p/bin"]
    here.run("cd ..")
    assert here.output("count $MY_PATH").split() == ["2"]


def test_a_universal_variable_is_shadowed_and_stays(home: Home) -> None:
    home.project(PLAIN, "p")
    here = home.shell("fish", after="set -Ux COLOUR red")
    for _ in range(2):
        here.run("cd p")
        assert here.env()["COLOUR"] == "blue"
        here.run("cd ..")
        assert here.env()["COLOUR"] == "red"
        assert here.output("set -qg COLOUR; echo $status").strip() == "1"


def test_odd_values_arrive(home: Home) -> None:
    value = "back\\slash 'single' \"double\" $dollar `tick` (paren) tail\\"
    home.project(f"[env]\nODD = '''{value}'''\n", "p")
    here = home.shell("fish")
    before = here.snapshot()
    for _ in range(2):
        here.run("cd p")
        assert here.env()["ODD"] == value
        here.run("cd ..")
        assert_same(before, here.snapshot())


def test_a_prompt_that_was_defined_inside_stays(home: Home) -> None:
    home.project(PLAIN, "p")
    here = home.shell("fish")
    here.run("cd p")
    here.run("function fish_prompt; printf 'mine> '; end")
    here.run("cd ..")
    assert "mine> " in here.output("functions fish_prompt")


def test_the_users_own_deactivate_comes_back(home: Home) -> None:
    home.project(PLAIN, "p")
    here = home.shell("fish", "function deactivate; echo mine; end")
    here.run("cd p")
    here.run("cd ..")
    assert here.output("deactivate").strip() == "mine"
