"""Shells that stay open while another version of the package is installed under them."""

import re
import shutil
import site
import subprocess
import venv
from pathlib import Path
from typing import NamedTuple

import homes
import pytest
from homes import CHECKOUT, SHELLS, Home
from sessions import PLAIN, assert_same

UPGRADED = (
    "autoenv-hpc: another version was installed while this shell was open;"
    " start a new shell to use it"
)
NUMBERS = {  # where the number stands
    "shells/protocol.py": "NUMBER = {}  ",
    "shell/hook.common": "\n__autoenv_hpc_protocol={}\n",
    "shell/hook.fish": "\nset -g __autoenv_hpc_protocol {}\n",
    "../../../../bin/autoenv-hpc": "\n__autoenv_hpc_protocol={} ",
}
OURS = 2


class Installed(NamedTuple):
    """A copy of the package in an environment of its own."""

    command: Path
    package: Path

    def speak(self, number: int, before: int = OURS) -> None:
        """Install the version that speaks another protocol: the number is its only difference."""
        for name, line in NUMBERS.items():
            file = self.package / name
            text = file.read_text()
            assert text.count(line.format(before)) == 1, name
            file.write_text(text.replace(line.format(before), line.format(number)))


@pytest.fixture
def installed(tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch) -> Installed:
    """The copy; the home's shells and commands use it."""
    folder = tmp_path / "installed"
    venv.create(folder, symlinks=True)
    packages = next(folder.glob("lib/python3*/site-packages"))
    # the libraries are found, but not the package of this checkout
    (packages / "libraries.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    package = packages / "autoenv_hpc"
    shutil.copytree(CHECKOUT / "autoenv_hpc", package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(CHECKOUT / "shell", package / "shell")
    command = folder / "bin/autoenv-hpc"
    shutil.copy(CHECKOUT / "shell/autoenv-hpc", command)
    monkeypatch.setattr(homes, "COMMAND", str(command))
    home.env["PYTHONDONTWRITEBYTECODE"] = "1"  # an edit within a second is read
    for name in ("p", "q", "r"):
        home.project(f'[env]\nCOLOUR = "{name}"\n', name)
    return Installed(command, package)


@pytest.mark.parametrize("number", [1, 3], ids=["downgrade", "upgrade"])
@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_leaves_cleanly_and_says_once_that_it_is_too_old(
    home: Home, installed: Installed, shell: str, number: int
) -> None:
    here = home.shell(shell)
    for folder in ("p", "q"):  # both are stored
        here.run(f"cd {folder}")
        here.run("cd ..")
    before = here.snapshot()
    here.run("cd p")
    assert here.env()["COLOUR"] == "p"
    installed.speak(number)
    shown = here.run("true") + here.run("cd ..")
    assert "left p" in shown
    assert UPGRADED not in shown
    assert_same(before, here.snapshot())
    shown = here.run("cd r")  # never seen: it has to ask
    assert shown.count(UPGRADED) == 1
    assert shown.count("autoenv-hpc: ") == 1
    assert_same(before, here.snapshot())
    shown = "".join(here.run(line) for line in ("cd ../q", "cd ../r", "true", "cd .."))
    assert "autoenv-hpc: " not in shown
    assert_same(before, here.snapshot())

    new = home.shell(shell)
    before = new.snapshot()
    for folder in ("r", "q"):
        assert UPGRADED not in new.run(f"cd {folder}")
        assert new.env()["COLOUR"] == folder
        new.run("cd ..")
        assert_same(before, new.snapshot())


@pytest.mark.parametrize("shell", SHELLS)
def test_what_a_newer_version_stored_does_not_fit(
    home: Home, installed: Installed, shell: str
) -> None:
    here = home.shell(shell)
    before = here.snapshot()
    installed.speak(3)
    new = home.shell(shell)
    new.run("cd q")
    new.run("cd ..")
    shown = here.run("cd q")
    assert shown.count(UPGRADED) == 1
    assert_same(before, here.snapshot())


@pytest.mark.parametrize("shell", SHELLS)
def test_an_edit_inside_changes_nothing_and_the_project_is_left_cleanly(
    home: Home, installed: Installed, shell: str
) -> None:
    here = home.shell(shell)
    before = here.snapshot()
    here.run("cd p")
    installed.speak(3)
    (home.folder / "p/.hpcenv.toml").write_text('[env]\nCOLOUR = "edited"\n')
    home.command("allow", str(home.folder / "p"))
    shown = here.run("true") + here.run("true")
    assert shown.count(UPGRADED) == 1
    assert here.env()["COLOUR"] == "p"
    for line in ("autoenv-hpc reload", "autoenv-hpc off", "autoenv-hpc on"):
        assert UPGRADED not in here.run(line)
    assert "COLOUR" not in here.env()
    here.run("cd ..")
    assert_same(before, here.snapshot())


@pytest.mark.parametrize("shell", SHELLS)
def test_what_the_user_changed_inside_is_merged_by_the_new_version(
    home: Home, installed: Installed, shell: str
) -> None:
    (home.folder / "p/.hpcenv.toml").write_text(
        '[env]\nCOLOUR = "p"\nSHAPE = "round"\n[paths]\nPATH = { prepend = ["bin"] }\n'
    )
    home.command("allow", str(home.folder / "p"))
    here = home.shell(shell)
    path = here.env()["PATH"]
    here.run("cd p")
    here.run("set -gx COLOUR mine" if shell == "fish" else "COLOUR=mine")
    installed.speak(3)
    shown = here.run("cd ..")
    assert shown.count(UPGRADED) == 1
    env = here.env()
    assert (env["COLOUR"], env["PATH"], "SHAPE" in env) == ("mine", path, False)
    assert "AUTOENV_HPC_STATE" not in env
    assert "deactivate" not in here.output(
        "functions" if shell == "fish" else "typeset -f deactivate"
    )
    assert "autoenv-hpc: " not in here.run("cd q")


@pytest.mark.parametrize("shell", SHELLS)
def test_an_answer_of_another_number_is_not_evaluated(
    home: Home, installed: Installed, shell: str
) -> None:
    here = home.shell(shell)
    before = here.snapshot()
    answer = "# autoenv-hpc answer, protocol 22\\nexport COLOUR=half\\n"
    installed.command.write_text(f"#!/bin/sh\nprintf '{answer}'\n")
    shown = here.run("cd p") + here.run("cd ../q")
    assert shown.count(UPGRADED) == 1
    assert_same(before, here.snapshot())


# As the hooks of 0.1.0 ask, and what they have: three names, in an eval.
OLD = {
    "bash": ("bash", "look", "/r", "", "coarse"),
    "zsh": ("zsh", "look", "/r", ""),
    "fish": ("fish", "look", "/r", ""),
}
OLD_HOOK = {
    "bash": '__autoenv_hpc_cache=/c __autoenv_hpc_active=$2; __autoenv_hpc_end() { echo "ended$*"; }; eval "$1"\n'
    '__autoenv_hpc_ask look /r; echo "[$__autoenv_hpc_cache]"; command env -0',
    "fish": 'set -g __autoenv_hpc_cache /c; function __autoenv_hpc_end; echo ended"$argv"; end; eval $argv[1]\n'
    '__autoenv_hpc_ask look /r; echo "[$__autoenv_hpc_cache]"; command env -0',
}
OLD_HOOK["zsh"] = OLD_HOOK["bash"]


def evaluated(shell: str, code: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """What the part of the old hook prints that evaluates an answer."""
    program = [shell, *PLAIN[shell], "-c", OLD_HOOK[shell], *([] if shell == "fish" else ["0"])]
    return subprocess.run([*program, code], env=env, capture_output=True, text=True, check=True)


@pytest.mark.parametrize("dialect", ["bash", "bash4", "zsh", "fish"])
def test_a_shell_of_the_first_version_gets_what_it_understands(home: Home, dialect: str) -> None:
    shell = dialect.removesuffix("4")
    root = home.project(
        '[env]\nCOLOUR = "p"\nEMPTY = false\n[paths]\nMANPATH = { prepend = ["man"] }\n', "p"
    )
    before = {**home.env, "EMPTY": "", "ZDOTDIR": str(home.folder)}
    here = home.shell(shell, cwd=root, env=before)
    inside = here.env()
    assert inside["COLOUR"] == "p"
    _, what, _, _, *precision = OLD[shell]
    for question, env, left in (
        ((what, str(root), ""), before, False),  # it would enter
        ((what, str(root), str(root)), inside, False),  # it would enter again
        (("leave", "", str(root)), inside, True),
        (("leave", "", ""), inside, True),  # it inherited the project
    ):
        asked = ("__shell", dialect, *question, *precision)
        code = home.command(*asked, cwd=root, env={**env, "PWD": str(root)}).stdout
        names = set(re.findall(r"__autoenv_hpc_\w+", code))
        assert names <= {
            *("__autoenv_hpc_cache", "__autoenv_hpc_ask", "__autoenv_hpc_end"),
            "__autoenv_hpc_retired",
        }
        done = evaluated(shell, code, env)
        assert done.stderr == f"{UPGRADED}\n"
        said, _, values = done.stdout.rpartition("[]\n")
        assert said == ("ended\n" if left and question[2] else "")
        after = dict(field.split("=", 1) for field in values.split("\0") if "=" in field)
        for name in ("_", "SHLVL", "PWD", "OLDPWD"):
            after.pop(name, None)
        assert after == (before if left else env)


@pytest.mark.parametrize("shell", SHELLS)
def test_an_answer_of_our_own_number_is_the_whole_one(home: Home, shell: str) -> None:
    root = home.project('[env]\nCOLOUR = "p"\n', "p")
    code = home.command("__shell", str(OURS), shell, "look", str(root), "", "fine").stdout
    assert code.startswith(f"# autoenv-hpc answer, protocol {OURS}\n")
    assert "COLOUR" in code
    code = home.command("__shell", str(OURS + 1), shell, "look", str(root), "", "fine").stdout
    assert code.startswith(f"# autoenv-hpc answer, protocol {OURS + 1}\n")
    assert "COLOUR" not in code
