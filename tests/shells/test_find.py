"""Which project governs a folder: one table of cases for the three hooks, exec's script and Python."""

import os
import pwd
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from homes import CHECKOUT, COMMAND, SHELLS
from sessions import PLAIN

from autoenv_hpc.commands import hook
from autoenv_hpc.guards import Guards
from autoenv_hpc.project import config, project, trust
from autoenv_hpc.system.folders import Folders

SCRIPT = CHECKOUT / "shell/autoenv-hpc"
FOLDERS = (
    "cfs/home/alice/work/deep", "cfs/home/bob/work", "cfs/scratch", "home/carol/work", "proj/group/x/deep", "proj/group2",
    "proj/odd [a]*\n/ $(x)'",
)  # fmt: skip
LINKS = {
    "home/alice": "cfs/home/alice",  # a home that is a link
    "users": "cfs/home",  # a link to where the homes are
    "way": pwd.getpwuid(os.getuid()).pw_dir,  # the home in the password database
    "proj/link": "cfs/home/alice/work",
}


class Case(NamedTuple):
    """All paths are below the test's folder, but those that begin with `/`."""

    where: str  # the logical working directory
    configs: tuple[str, ...]  # folders with a configuration
    found: str | None
    home: str | None = "home/carol"
    ceilings: tuple[str, ...] = ()


CASES = {
    "in the working directory": Case("proj/group", ("proj/group",), "proj/group"),
    "the nearest": Case("proj/group/x/deep", ("proj", "proj/group"), "proj/group"),
    "none": Case("proj/group/x/deep", (), None),
    "the root folder": Case("/", (), None),
    "odd names": Case("proj/odd [a]*\n/ $(x)'", ("proj/odd [a]*\n",), "proj/odd [a]*\n"),
    "through a link, as it is written": Case("proj/link/deep", ("proj",), "proj"),
    "home itself": Case("home/carol/work", ("home", "home/carol"), "home/carol"),
    "above home": Case("home/carol/work", ("home",), None),
    "above home, from home": Case("home/carol", ("home",), None),
    "above home, from there": Case("home", ("home",), None),
    "beside home": Case("cfs/home/bob/work", ("cfs/home",), None, "cfs/home/alice"),
    "another home": Case("cfs/home/bob/work", ("cfs/home/bob",), "cfs/home/bob", "cfs/home/alice"),
    "far above home": Case("cfs/scratch", ("cfs",), None, "cfs/home/alice"),
    "a name that begins alike": Case("proj/group", ("proj/group",), "proj/group", "proj/group2"),
    "home with a slash": Case("home/carol/work", ("home",), None, "home/carol/"),
    "home with slashes, from beside": Case("cfs/home/bob", ("cfs/home",), None, "cfs/home/alice//"),
    "home with slashes inside": Case("cfs/home/bob", ("cfs/home",), None, "cfs//home/alice"),
    "home with a slash has one": Case("home/carol/work", ("home/carol",), "home/carol", "home/carol/"),
    "home is a link, from the link": Case("home/alice/work", ("home",), None, "home/alice"),
    "home is a link, from behind it": Case("cfs/home/alice/work", ("cfs/home",), None, "home/alice"),
    "home is a link, from beside it": Case("cfs/home/bob/work", ("cfs/home",), None, "home/alice"),
    "home is a link with a slash": Case("cfs/home/bob/work", ("cfs/home",), None, "home/alice/"),
    "home is a link, far above": Case("cfs/scratch", ("cfs",), None, "home/alice"),
    "home is a link and has one": Case("cfs/home/alice/work", ("cfs/home/alice",), "cfs/home/alice", "home/alice"),
    "home is a link and has one, from the link": Case("home/alice/work", ("cfs/home/alice",), "home/alice", "home/alice"),
    "home is below a link": Case("cfs/home/alice/work", ("cfs/home",), None, "users/alice"),
    "home is below a link, from there": Case("users/bob/work", ("cfs/home",), None, "users/alice"),
    "home is real, from a link": Case("home/alice/work", ("home",), None, "cfs/home/alice"),
    "home is real, from below a link": Case("users/alice/work", ("cfs/home",), None, "cfs/home/alice"),
    "home is real, elsewhere through a link": Case("users/bob/work", ("cfs/home/bob",), "users/bob", "cfs/home/alice"),
    "home is not there": Case("home/carol/work", ("home",), None, "home/dave"),
    "home is not there, elsewhere": Case("proj/group", ("proj",), "proj", "home/dave"),
    "home is the root folder": Case("home/carol/work", ("home",), "home", "/"),
    "home is unset": Case("proj/group", ("proj",), "proj", None),
    "home is unset, from a link to it": Case("way", ("",), None, None),
    "above a ceiling": Case("proj/group/x", ("proj",), None, ceilings=("proj/group",)),
    "above a ceiling with a slash": Case("proj/group/x", ("proj",), None, ceilings=("proj/group/",)),
    "the ceiling itself": Case("proj/group/x", ("proj/group",), "proj/group", ceilings=("proj/group",)),
    "beside a ceiling": Case("proj/group", ("proj",), None, ceilings=("cfs", "proj/group2")),
    "two ceilings": Case("proj/group/x", ("proj/group",), None, ceilings=("proj/group", "proj/group/x")),
}  # fmt: skip


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    """One case, with its folders made and its paths absolute."""
    base = os.path.realpath(tmp_path)
    for folder in FOLDERS:
        os.makedirs(f"{base}/{folder}")
    for link, target in LINKS.items():
        os.symlink(os.path.join(base, target), f"{base}/{link}")
    given = CASES[request.param]

    def absolute(path: str) -> str:
        return os.path.join(base, path) if path else base

    configs = tuple(map(absolute, given.configs))
    for folder in configs:
        Path(folder, config.FILE_NAME).touch()
    return Case(
        absolute(given.where), configs, given.found and absolute(given.found), given.home and absolute(given.home),
        tuple(map(absolute, given.ceilings)),
    )  # fmt: skip


def environment(case: Case, tmp_path: Path) -> dict[str, str]:
    home = {} if case.home is None else {"HOME": case.home}
    return {
        "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "AUTOENV_HPC_CACHE_DIR": str(tmp_path / "cache"),
        "AUTOENV_HPC_STATE_DIR": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config"), **home,
    }  # fmt: skip


@pytest.mark.parametrize("shell", SHELLS)
def test_a_hook_finds_it(case: Case, tmp_path: Path, shell: str) -> None:
    lines = hook.text(shell, "/nonexistent/autoenv-hpc", case.ceilings)
    where = "$argv[1]" if shell == "fish" else '"$1"'
    script = f'{lines}\ncd -- {where}\n__autoenv_hpc_find\nprintf "[%s]" "$__autoenv_hpc_nearest"'
    words = [shell, *PLAIN[shell], "-c", script, *([] if shell == "fish" else ["0"]), case.where]
    env = environment(case, tmp_path)
    done = subprocess.run(words, env=env, cwd="/", capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (f"[{case.found or ''}]", "")


# Only Python knows ceilings: for them there is the next test.
@pytest.mark.parametrize("case", [n for n, c in CASES.items() if not c.ceilings], indirect=True)
def test_the_script_of_exec_finds_it(case: Case, tmp_path: Path) -> None:
    stub = tmp_path / "python"  # `bash -a` exports to it what the script has found
    stub.write_text(
        '#!/bin/sh\nrm -f "${AUTOENV_HPC_TURN#*:}"\nprintf "[%s]" "$__autoenv_hpc_root"\n'
    )
    stub.chmod(0o755)
    (tmp_path / "cache").mkdir(mode=0o700)
    words = ["bash", "-c", 'cd -- "$1" && exec bash -a -p "$0" exec -- true']
    words += [str(SCRIPT), case.where]
    env = environment(case, tmp_path) | {"AUTOENV_HPC_PYTHON": str(stub)}
    done = subprocess.run(words, env=env, cwd="/", capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (f"[{case.found or ''}]", "")


def test_exec_enters_it(case: Case, tmp_path: Path) -> None:
    env = environment(case, tmp_path)
    for folder in case.configs:
        # allowed with another home, from where each is found
        away = env | {"HOME": "/", "XDG_CONFIG_HOME": str(tmp_path / "none")}
        subprocess.run([COMMAND, "allow", folder], env=away, check=True, capture_output=True)
    line = f'cd -- "$1" && exec "{COMMAND}" exec -- printenv AUTOENV_HPC_ROOT'
    words = ["bash", "-c", line, "0", case.where]
    ceilings = ", ".join(f'"{ceiling}"' for ceiling in case.ceilings)
    if ceilings:  # what is stored before it was set does not count
        subprocess.run(words, env=env, cwd="/", capture_output=True, check=False)
        above = tmp_path / "config/autoenv-hpc"
        above.mkdir(parents=True)
        (above / "config.toml").write_text(f"[search]\nceiling = [{ceilings}]\n")
    for _ in range(2):
        done = subprocess.run(words, env=env, cwd="/", capture_output=True, text=True, check=False)
        real = f"{os.path.realpath(case.found)}\n" if case.found else ""
        assert done.stdout == real, done.stderr
        assert done.returncode == (0 if case.found else 125)


def test_python_finds_it(case: Case, tmp_path: Path) -> None:
    settings = config.Settings(Guards(), (), trust.PreApproved(), case.ceilings)
    file = project.find(case.where, Folders.of(environment(case, tmp_path)), settings)
    assert file == (case.found and f"{case.found}/{config.FILE_NAME}")


@pytest.mark.parametrize("home", ["cfs/home/alice", "home/alice"])
def test_exec_of_a_stored_project_looks_for_its_configuration_alone(
    tmp_path: Path, home: str
) -> None:
    """Outside of home, too, it does not look at where home is: that was done at the first entry."""
    for folder in FOLDERS:
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "home/alice").symlink_to(tmp_path / "cfs/home/alice")
    case = Case("", (), None, str(tmp_path / home))
    env = environment(case, tmp_path)
    calls = []
    for root, below in ((f"{home}/work", "deep"), ("proj/group", "x")):
        (tmp_path / root / config.FILE_NAME).write_text("[env]\nX = '1'\n")
        subprocess.run([COMMAND, "allow", tmp_path / root], env=env, check=True)
        subprocess.run([COMMAND, "prepare", "-C", tmp_path / root], env=env, check=True)
        for start in (tmp_path / root, tmp_path / root / below):
            log = tmp_path / "log"
            trace = ["strace", "-f", "-qq", "-s", "999", "-e", "trace=%file", "-o", str(log)]
            words = [*trace, COMMAND, "exec", "--", "/bin/true"]
            subprocess.run(words, env={**env, "PWD": str(start)}, cwd=start, check=True)
            calls.append(re.findall(r'"\S+(?:/\.hpcenv\.toml|/0\.bash|/\.\.)"', log.read_text()))
    at_home, below_home, elsewhere, below_elsewhere = map(len, calls)
    assert (elsewhere, below_elsewhere) == (at_home, below_home), calls
    assert below_home == at_home + 1
