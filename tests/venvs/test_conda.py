"""conda, mamba and micromamba: built, activated, matched, kept in order, and out of the way outside.

They are the stand-ins of `conda_program.py`; with $REAL_CONDA, the path of a conda, it is that one.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import conda_channel
import conda_program
import pytest
import trees
from environments import HERE, refused
from homes import HOSTILE, MODULE_TOOLS, SHELLS, Home
from sessions import assert_same

REAL = os.environ.get("REAL_CONDA")
PROGRAMS = ("real conda",) if REAL else ("conda", "mamba", "micromamba")
every_program = pytest.mark.parametrize("conda", PROGRAMS, indirect=True)
every_shell = pytest.mark.parametrize("shell", SHELLS)
CONDA = '[venv]\nbackend = "conda"\n'
GEODATA = f'{CONDA}packages = ["geodata"]\n'  # no Python, so it is made at once
SHOW = {  # what the prompt shows
    "bash": 'printf %s "$PS1"', "zsh": 'printf %s "$PS1"', "fish": "fish_prompt",
}  # fmt: skip


class Conda(NamedTuple):
    """One of the programs, and the folder of the environments that it knows by name."""

    command: Path
    root: Path
    envs: Path
    is_mamba: bool

    def __call__(self, home: Home, *words: str) -> str:
        """Run it, as the user does."""
        done = subprocess.run(
            [self.command, *words], env=home.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def activation(self, action: str) -> str:
        """The code of `conda activate`, which is a function in the shell, in bash and zsh."""
        words = f"shell {action} --shell bash" if self.is_mamba else f"shell.posix {action}"
        return f"eval \"$(PS1=$PS1 '{self.command}' {words})\""


@pytest.fixture(scope="session")
def channel(tmp_path_factory: pytest.TempPathFactory) -> conda_channel.Channel:
    folder = tmp_path_factory.mktemp("conda")
    return conda_channel.make(folder / "channel", Path(sys.executable))


@pytest.fixture
def conda(
    request: pytest.FixtureRequest, home: Home, channel: conda_channel.Channel, tmp_path: Path
) -> Conda:
    """A conda on the user's PATH, which knows the small channel alone."""
    name = getattr(request, "param", PROGRAMS[0])
    packages = channel.folder.parent / f"pkgs {name}"
    home.env |= {
        "CONDA_CHANNELS": channel.url, "CONDA_PKGS_DIRS": str(packages), "PYTHONNOUSERSITE": "1",
    }  # fmt: skip
    if REAL:
        home.env["CONDA_ENVS_DIRS"] = str(tmp_path / "envs")
        command = Path(REAL)
        made = Conda(command, command.parent.parent, tmp_path / "envs", is_mamba=False)
    else:
        _, root, command, _ = None, *conda_program.install(tmp_path / "conda", channel.url, name)
        made = Conda(command, root, root / "envs", is_mamba=name != "conda")
    home.env["PATH"] = f"{made.command.parent}:{home.env['PATH']}"
    return made


def pinned(home: Home, root: Path) -> dict[str, str]:
    """Name and version of what is in the environment, as its `environment.yml` says."""
    text = home.command("freeze", cwd=root).stdout
    return dict(re.findall(r"^ *- ([\w-]+)==?([\d.]+)$", text, re.MULTILINE))


def entered(home: Home, root: Path, **more: str) -> dict[str, str]:
    """The variables that a command in the project's environment has."""
    done = home.command("exec", "-C", str(root), "--", "env", "-0", env=more)
    pairs = (field.split("=", 1) for field in done.stdout.split("\0") if "=" in field)
    return dict(pairs)


def is_stored(home: Home, root: Path, **more: str) -> bool:
    """Whether entering is replayed without Python."""
    words = ("exec", "-C", str(root), "--", "/bin/true")
    return home.attempt(*words, AUTOENV_HPC_PYTHON="/bin/false", env=more).returncode == 0


def files(folder: Path) -> dict[str, bytes]:
    """All files below a folder, with their contents."""
    found = (p for p in sorted(folder.rglob("*")) if p.is_file() and not p.is_symlink())
    return {str(p.relative_to(folder)): p.read_bytes() for p in found}


# --- building -------------------------------------------------------------------------------


@every_program
def test_packages_come_with_a_python_of_its_own(home: Home, conda: Conda) -> None:
    root = home.project(f'{CONDA}python = "{HERE}"\npackages = ["numpy=1.20", "geodata"]\n', "p")
    assert "building" in home.command("prepare", cwd=root).stderr
    code = "import sys, numpy; print(sys.prefix, numpy.__version__)"
    done = home.command("exec", "-C", str(root), "--", "python", "-c", code)
    assert (done.stdout, done.stderr) == (f"{root}/.venv 1.20.3\n", "")
    assert sorted(os.listdir(root)) == [".hpcenv.toml", ".venv"]  # no lock, no mark, no copy
    record = json.loads((root / ".venv/.autoenv-hpc.json").read_text())
    assert (record["backend"], record["machine"]) == ("conda", os.uname().machine)
    # as conda itself names it, by version, build and all
    assert f"(Python {HERE})" in home.shell("bash", cwd=root).greeting


@every_program
def test_an_environment_yml_is_taken_with_its_variables_and_its_pip_part(
    home: Home, conda: Conda, channel: conda_channel.Channel, wheelhouse: Path
) -> None:
    root = home.project(f'{CONDA}requirements = ["environment.yml"]\n', "p")
    assert "no such file" in refused(home, root)
    (root / "environment.yml").write_text(
        f"name: other\nchannels: [{channel.url}]\ndependencies:\n- python={HERE}\n- numpy=1.20\n- pip\n"
        "- pip: [seaborn==0.11.2]\nvariables: {COURSE: a b}\n"
    )
    home.command("prepare", cwd=root, PIP_FIND_LINKS=str(wheelhouse))
    assert entered(home, root)["COURSE"] == "a b"
    code = "import numpy, seaborn; print(numpy.__version__)"
    done = home.command("exec", "-C", str(root), "--", "python", "-c", code)
    assert done.stdout == "1.20.3\n"
    assert pinned(home, root).items() >= {("numpy", "1.20.3"), ("seaborn", "0.11.2")}


@every_program
def test_lists_of_packages_and_arguments_are_handed_on(
    home: Home, conda: Conda, channel: conda_channel.Channel
) -> None:
    home.env["CONDA_CHANNELS"] = "file:///nonexistent"
    arguments = f'pip-args = ["--override-channels", "--channel", "{channel.url}"]\n'
    root = home.project(f'{CONDA}requirements = ["list.txt", "more.txt"]\n{arguments}', "p")
    (root / "list.txt").write_text("# of the course\nnumpy=1.20\n")
    (root / "more.txt").write_text("geodata\n")
    home.command("prepare", cwd=root)
    found = pinned(home, root)
    assert (found["numpy"], found["geodata"]) == ("1.20.3", "1.0")


def test_who_asks_for_nothing_gets_a_python(home: Home, conda: Conda) -> None:
    root = home.project(CONDA, "p")
    done = home.command(
        "exec", "-C", str(root), "--", "python", "-c", "import sys; print(sys.prefix)"
    )
    assert done.stdout == f"{root}/.venv\n"


@every_program
def test_an_environment_that_conda_knows_is_meant_by_its_name(home: Home, conda: Conda) -> None:
    conda(home, "create", "--yes", "--prefix", str(conda.envs / "course"), "geodata")
    root = home.project(f'{CONDA}path = "course"\n', "p")
    env = entered(home, root)
    assert env["CONDA_PREFIX"] == f"{conda.envs}/course"
    assert os.listdir(root) == [".hpcenv.toml"]
    assert not (conda.envs / "course/.autoenv-hpc.json").exists()
    # what stands beside the configuration is meant first
    conda(home, "create", "--yes", "--prefix", str(root / "course"), "geodata")
    assert entered(home, root)["CONDA_PREFIX"] == f"{root}/course"


def test_a_venv_on_the_python_of_a_conda_environment(
    home: Home, conda: Conda, uv_backend: str
) -> None:
    root = home.project(f'[venv]\n{uv_backend}python = "conda:tools"\n', "p")
    assert "conda has no environment tools (known: " in refused(home, root)
    conda(home, "create", "--yes", "--prefix", str(conda.envs / "tools"), "python")
    code = "import sys; print(sys.prefix, sys.base_prefix)"
    done = home.command("exec", "-C", str(root), "--", "python", "-c", code)
    assert done.stdout == f"{root}/.venv {conda.envs}/tools\n"
    home.project(f'{CONDA}python = "conda:tools"\n', "other")
    assert "is for other backends" in refused(home, home.folder / "other")
    home.env["PATH"] = "/usr/bin:/bin"
    home.project(f'[venv]\n{uv_backend}python = "conda:base"\n', "p")
    assert "no conda, mamba or micromamba was found" in refused(home, root)


def test_the_users_own_packages_before_condas_are_named(home: Home, conda: Conda) -> None:
    trees.packages(home.folder / f".local/lib/python{HERE}/site-packages", {"numpy": "1.9"})
    root = home.project(f'{CONDA}packages = ["numpy=1.20", "geodata"]\n', "p")
    hides = f"~/.local hides packages of {root}/.venv: numpy 1.20.3 by 1.9 in {home.folder}/.local/"
    assert hides not in home.command("prepare", cwd=root).stderr
    said = home.command("sync", cwd=root, PYTHONNOUSERSITE="").stderr
    assert hides in said
    assert '(set PYTHONNOUSERSITE = "1" in [env])' in said


@every_program
def test_a_failed_build_leaves_nothing(home: Home, conda: Conda) -> None:
    root = home.project(f'{CONDA}packages = ["geodata", "nosuchthing"]\n', "p")
    assert "nosuchthing" in refused(home, root)
    assert os.listdir(root) == [".hpcenv.toml"]


def test_without_any_conda_it_says_so_before_anything_is_written(home: Home) -> None:
    root = home.project(GEODATA, "p")
    assert "no conda, mamba or micromamba was found" in refused(home, root)
    assert os.listdir(root) == [".hpcenv.toml"]


def test_a_folder_that_is_no_environment_is_refused_and_kept(home: Home, conda: Conda) -> None:
    root = home.project(GEODATA, "p")
    (root / ".venv").mkdir()
    (root / ".venv/thesis.tex").write_text("all of it")
    assert f"{root}/.venv exists and is not an environment" in refused(home, root)
    assert files(root / ".venv") == {"thesis.tex": b"all of it"}


@every_program
def test_a_path_that_conda_would_have_the_shell_evaluate_is_refused_before_it_is_built(
    home: Home, conda: Conda
) -> None:
    root = home.project(GEODATA, HOSTILE)
    assert "conda cannot activate a path with quotes, $ or a backslash" in refused(home, root)
    assert os.listdir(root) == [".hpcenv.toml"]


@every_program
def test_an_entry_of_path_with_a_quote_is_not_evaluated(
    home: Home, conda: Conda, tmp_path: Path
) -> None:
    root = home.project(GEODATA, "a b/é中")
    home.command("prepare", cwd=root)
    seen = tmp_path / "seen"
    odd = f"{home.env['PATH']}:/x'; touch {seen}; '"
    said = refused(home, root, PATH=odd)
    assert "conda cannot activate while PATH has an entry with a quote: /x'" in said
    assert not seen.exists()
    assert entered(home, root)["CONDA_PREFIX"] == f"{root}/.venv"


@pytest.mark.parametrize("variable", ["CONDA_OFFLINE", None])
def test_without_a_network_the_message_says_where_to_prepare(
    home: Home, conda: Conda, variable: str | None
) -> None:
    home.env["CONDA_CHANNELS"] = "https://conda.invalid/course"
    root = home.project(GEODATA, "p")
    offline = {variable: "true"} if variable else {"CONDA_REMOTE_MAX_RETRIES": "0"}
    assert "run `autoenv-hpc prepare` on a node that has one" in refused(home, root, **offline)
    assert os.listdir(root) == [".hpcenv.toml"]


# --- activation -----------------------------------------------------------------------------


@every_program
@every_shell
def test_the_packages_scripts_have_run_inside_and_nothing_is_left_outside(
    home: Home, conda: Conda, shell: str
) -> None:
    root = home.project(GEODATA, "p")
    home.command("prepare", cwd=root)
    mine = {"GEODATA_PATH": "/mine", "GEODATA_DIR": "", "SCRATCH": "/scratch", "GEODATA_OFF": "1"}
    here = home.shell(shell, env=mine)
    before = here.snapshot()
    for turn in ("for real", "replayed"):
        if turn == "replayed":
            here.run("export AUTOENV_HPC_PYTHON=/bin/false")
        here.run("cd ~/p")
        env = here.env()
        assert env["GEODATA_DIR"] == f"{root}/.venv/share/geo data"
        assert env["GEODATA_PATH"] == f"{root}/.venv/share/geodata:/mine"
        assert env["GEODATA_CACHE"] == "/scratch/geodata"
        assert env["GEODATA_LICENCE"] == "free of charge"
        assert "GEODATA_OFF" not in env
        assert env["CONDA_PREFIX"] == f"{root}/.venv"
        assert env["PATH"].startswith(f"{root}/.venv/bin:")
        assert "VIRTUAL_ENV" not in env
        assert here.output(SHOW[shell]).count("(p) ") == 1
        assert "conda" not in here.output(SHOW[shell])
        here.run("cd ~")
        if turn == "replayed":
            here.run("set -e AUTOENV_HPC_PYTHON" if shell == "fish" else "unset AUTOENV_HPC_PYTHON")
        assert_same(before, here.snapshot())


@every_program
def test_exec_is_replayed_without_python(home: Home, conda: Conda) -> None:
    root = home.project(GEODATA, "p")
    home.command("prepare", cwd=root)
    first = entered(home, root)
    assert first["GEODATA_DIR"] == f"{root}/.venv/share/geo data"
    # conda's own function in a job script finds its way from here
    again = entered(home, root, AUTOENV_HPC_PYTHON="/bin/false")
    again.pop("AUTOENV_HPC_PYTHON")
    assert again == first


@every_shell
def test_a_prompt_that_is_exported_is_not_set_twice(home: Home, conda: Conda, shell: str) -> None:
    root = home.project(GEODATA, "p")
    home.command("prepare", cwd=root)
    here = home.shell(shell, "export PS1" if shell != "fish" else "set -gx PS1 mine")
    before = here.snapshot()
    here.run("cd ~/p")
    assert here.output(SHOW[shell]).count("(p) ") == 1
    assert ".venv" not in here.output(SHOW[shell])
    here.run("cd ~")
    assert_same(before, here.snapshot())


def initialised(conda: Conda, shell: str) -> str:
    """What `conda init` writes into the rc file, as far as it concerns us: base is active."""
    if REAL:
        hook = f"'{conda.command}' shell.{shell} hook"
        return f"{hook} | source" if shell == "fish" else f'eval "$({hook})"'
    export = f"'{conda.command}' shell.posix $argv | string match -v 'PS1=*' | source"
    if shell == "fish":
        return f"set -gx PATH '{conda.root}/condabin' $PATH\nfunction conda; {export}; end\nconda activate base"
    evaluate = conda.activation('"$@"').replace("PS1=$PS1", 'PS1="${PS1-}"')
    return (
        f"export PATH='{conda.root}/condabin':$PATH\nconda() {{ {evaluate}; }}\nconda activate base"
    )


@every_shell
def test_base_is_out_of_the_way_inside_and_back_afterwards(
    home: Home, conda: Conda, shell: str
) -> None:
    root = home.project(GEODATA, "p")
    home.command("prepare", cwd=root)
    here = home.shell(shell, initialised(conda, shell))
    before, prompt = here.snapshot(), here.output(SHOW[shell])
    assert (before["env"]["CONDA_SHLVL"], before["env"]["CONDA_DEFAULT_ENV"]) == ("1", "base")
    for _ in range(2):
        here.run("cd ~/p")
        env = here.env()
        assert env["CONDA_PREFIX"] == f"{root}/.venv"
        assert env["CONDA_SHLVL"] == "1"
        assert f"{conda.root}/bin" not in env["PATH"].split(":")
        shown = here.output(SHOW[shell])
        assert shown.count("(p) ") == 1
        assert "(base)" not in shown
        here.run("cd ~")
        assert_same(before, here.snapshot())
        assert here.output(SHOW[shell]) == prompt


@every_shell
@pytest.mark.parametrize("base", [True, False])
def test_the_users_own_deactivate_inside_wins(
    home: Home, conda: Conda, shell: str, base: bool
) -> None:
    root = home.project(GEODATA, "p")
    home.command("prepare", cwd=root)
    init = initialised(conda, shell)
    here = home.shell(shell, init if base else init + "\nconda deactivate")
    here.run("cd ~/p")
    here.run("conda deactivate")
    inside = here.env()
    assert not inside.get("CONDA_PREFIX")
    assert inside["CONDA_SHLVL"] == "0"
    assert "(p) " not in here.output('printf %s "$PS1"') or shell == "fish"
    here.run("cd ~")
    outside = here.env()
    expected = (str(conda.root), "1") if base else ("", "0")  # what was active before is back
    assert (outside.get("CONDA_PREFIX", ""), outside["CONDA_SHLVL"]) == expected
    entries = outside["PATH"].split(":")
    assert f"{root}/.venv/bin" not in entries
    assert "GEODATA_DIR" not in outside


@every_shell
def test_the_users_own_activate_inside_wins(home: Home, conda: Conda, shell: str) -> None:
    conda(home, "create", "--yes", "--prefix", str(conda.envs / "other"), "geodata")
    root = home.project(GEODATA, "p")
    home.command("prepare", cwd=root)
    here = home.shell(shell, initialised(conda, shell) + "\nconda deactivate")
    here.run("cd ~/p")
    other = conda.envs / "other"
    here.run("conda activate other")
    assert here.env()["CONDA_PREFIX"] == str(other)
    for _ in range(2):  # a prompt, and leaving
        here.run("cd ~")
        env = here.env()
        assert env["CONDA_PREFIX"] == str(other)
        assert env["PATH"].split(":")[0] == f"{other}/bin"
        assert f"{root}/.venv/bin" not in env["PATH"].split(":")


@pytest.mark.parametrize(
    "before",
    [
        {"CONDA_SHLVL": "0"},
        {"CONDA_SHLVL": "0", "CONDA_PREFIX": "", "CONDA_DEFAULT_ENV": "", "CONDA_PROMPT_MODIFIER": ""},
        {"CONDA_SHLVL": "3"},
        {"CONDA_SHLVL": "2", "CONDA_PREFIX": "/gone/b", "CONDA_PREFIX_1": "/gone/a"},
        {"CONDA_SHLVL": ""},
        {"CONDA_PREFIX": "/packed"},
    ],
    ids=str,
)  # fmt: skip
@every_program
def test_a_foreign_level_survives(home: Home, conda: Conda, before: dict[str, str]) -> None:
    root = home.project(GEODATA, "p")
    home.command("prepare", cwd=root)
    here = home.shell("bash", env=before)
    was = here.env()
    assert before.items() <= was.items()
    here.run("cd ~/p")
    inside = here.env()
    assert (inside["CONDA_PREFIX"], inside["CONDA_SHLVL"]) == (f"{root}/.venv", "1")
    assert "CONDA_PREFIX_1" not in inside
    here.run("cd ~")
    assert here.env() == was


def test_nothing_in_the_home_is_touched_but_condas_own(home: Home, conda: Conda) -> None:
    root = home.project(GEODATA, "p")
    for name in (".bashrc", ".zshrc", ".profile", ".bash_profile"):
        (home.folder / name).write_text("# mine\n")
    before = {n: d for n, d in files(home.folder).items() if "autoenv-hpc/" not in n}
    entered(home, root)
    after = {n: d for n, d in files(home.folder).items() if "autoenv-hpc/" not in n}
    new = {n for n, data in after.items() if before.get(n) != data}
    assert {n for n in new if not n.startswith(("p/.venv/", ".conda/"))} <= {".cache/conda/notices"}


# --- what a stored activation depends on ----------------------------------------------------


def _script(prefix: Path) -> None:
    script = prefix / "etc/conda/activate.d/geodata.sh"
    text = script.read_text()
    script.unlink()  # a link into conda's cache of packages
    script.write_text(f"{text}export MORE=1\n")


def _new_script(prefix: Path) -> None:
    (prefix / "etc/conda/activate.d/more.sh").write_text("export MORE=1\n")


def _new_variables(prefix: Path) -> None:
    (prefix / "etc/conda/env_vars.d/more.json").write_text('{"MORE": "1"}')


def _variables(prefix: Path) -> None:
    file = prefix / "etc/conda/env_vars.d/geodata.json"
    file.unlink()
    file.write_text('{"MORE": "1"}')


def _state(prefix: Path) -> None:
    (prefix / "conda-meta/state").write_text('{"env_vars": {"MORE": "1"}}')


@pytest.mark.parametrize("edit", [_script, _new_script, _variables, _new_variables, _state])
def test_what_activation_reads_has_changed_and_is_noticed(
    home: Home, conda: Conda, edit: Callable[[Path], None]
) -> None:
    root = home.project(GEODATA, "p")
    home.command("prepare", cwd=root)
    assert "MORE" not in entered(home, root)
    assert is_stored(home, root)
    edit(root / ".venv")
    assert not is_stored(home, root)
    assert entered(home, root)["MORE"] == "1"
    time.sleep(0.1)
    entered(home, root)
    assert is_stored(home, root)


def test_a_package_that_comes_in_is_noticed(home: Home, conda: Conda) -> None:
    root = home.project(GEODATA, "p")
    home.command("prepare", cwd=root)
    entered(home, root)
    assert is_stored(home, root)
    conda(home, "install", "--yes", "--prefix", str(root / ".venv"), "python")
    assert not is_stored(home, root)


def test_a_variable_that_a_script_reads_is_part_of_the_key(home: Home, conda: Conda) -> None:
    root = home.project(GEODATA, "p")
    home.command("prepare", cwd=root)
    for scratch in ("/a", "/b"):
        assert entered(home, root, SCRATCH=scratch)["GEODATA_CACHE"] == f"{scratch}/geodata"
    assert is_stored(home, root, SCRATCH="/a")
    assert not is_stored(home, root, SCRATCH="/c")


@pytest.mark.parametrize(
    ("line", "bound"),
    [
        ("export NODE=$(hostname -s)", "host"),
        ("export ARCH=`uname -m`", "processor"),
        ("export NOW=$(date +%s)", "never"),
        ("export TEMPORARY=$(mktemp -d -u)", "never"),
        ("export CHANCE=$RANDOM", "never"),
    ],
)
def test_a_script_that_asks_the_host_or_the_time_is_bounded(
    home: Home, conda: Conda, line: str, bound: str
) -> None:
    root = home.project(GEODATA, "p")
    home.command("prepare", cwd=root)
    (root / ".venv/etc/conda/activate.d/odd.sh").write_text(f"{line}\n")
    time.sleep(0.1)
    entered(home, root)
    assert is_stored(home, root) == (bound != "never")
    texts = [p.read_text() for p in home.folder.rglob(".cache/autoenv-hpc/**/*.json")]
    stored = [
        json.loads(text[text.index("{") :]) for text in texts if "{" in text
    ]  # behind its digest
    odd = [d for d in stored if d.get("guards", {}).get("host") == os.uname().nodename]
    assert bool(odd) == (bound == "host")
    assert any(d.get("guards", {}).get("cpu") for d in stored) == (bound == "processor")
    assert all(d["guards"]["max_age"] <= 3600 for d in odd)


# --- matching, rebuilding, keeping in order -------------------------------------------------


@every_program
def test_another_python_is_refused_and_rebuilt(home: Home, conda: Conda) -> None:
    root = home.project(GEODATA, "p")
    home.command("prepare", cwd=root)
    home.project(f'{GEODATA}python = "{HERE}"\n', "p")
    said = refused(home, root)
    assert f"{root}/.venv has no Python, but the configuration requests python = '{HERE}'" in said
    assert f"run autoenv-hpc rebuild -C {root}" in said
    home.command("rebuild", "-C", str(root))
    assert entered(home, root)["CONDA_PREFIX"] == f"{root}/.venv"
    home.project(f'{CONDA}python = "2.7"\n', "p")
    assert f"has Python {HERE}." in refused(home, root)


def test_one_for_another_architecture_is_refused(home: Home, conda: Conda) -> None:
    root = home.project(CONDA, "p")
    home.command("prepare", cwd=root)
    python = (root / ".venv/bin/python").resolve()
    data = bytearray(python.read_bytes())
    data[18:20] = (183 if os.uname().machine != "aarch64" else 62).to_bytes(2, "little")
    python.unlink()
    python.write_bytes(data)
    said = refused(home, root)
    assert f"this machine is {os.uname().machine}" in said
    assert "{arch}" in said


def test_one_for_another_architecture_without_a_python_is_refused(home: Home, conda: Conda) -> None:
    root = home.project(GEODATA, "p")
    home.command("prepare", cwd=root)
    (meta,) = (root / ".venv/conda-meta").glob("geodata-*.json")
    meta.write_text(meta.read_text().replace(conda_channel.SUBDIR, "linux-ppc64le"))
    home.command("cache", "clear")
    said = refused(home, root)
    assert f"is for ppc64le, but this machine is {os.uname().machine}" in said


@every_program
def test_the_rebuilt_one_is_as_if_it_had_been_built_there(
    home: Home, conda: Conda, wheelhouse: Path, channel: conda_channel.Channel
) -> None:
    home.env["PIP_FIND_LINKS"] = str(wheelhouse)
    root = home.project(f'{CONDA}requirements = ["environment.yml"]\n', "p")
    (root / "environment.yml").write_text(
        f"channels: [{channel.url}]\ndependencies: [python, pip, geodata, {{pip: [seaborn]}}]\n"
    )
    home.command("prepare", cwd=root)
    (root / ".venv/mine").write_text("")
    before = set(files(root / ".venv"))
    assert "rebuilt" in home.command("rebuild", cwd=root).stderr
    after = files(root / ".venv")
    steady = {n for n in before | after.keys() if not n.endswith(".pyc")}
    assert before & steady == after.keys() & steady | {"mine"}
    from autoenv_hpc.venvs import relocation  # noqa: PLC0415

    beside = relocation.sibling_path(str(root / ".venv"))
    assert not [name for name, data in after.items() if os.fsencode(beside) in data]
    done = home.command("exec", "-C", str(root), "--", "seaborn-version")
    assert done.stdout == "0.11.2\n"
    assert sorted(os.listdir(root)) == [".hpcenv.toml", ".venv", "environment.yml"]
    assert beside not in conda(home, "env", "list", "--json")


def test_the_packages_in_condas_cache_are_not_written_to(
    home: Home, conda: Conda, channel: conda_channel.Channel
) -> None:
    root = home.project(f'{CONDA}packages = ["numpy", "geodata"]\n', "p")
    home.command("prepare", cwd=root)
    cache = Path(home.env["CONDA_PKGS_DIRS"])
    before = {
        n: d for n, d in files(cache).items() if n.split("/")[0].startswith(("numpy", "geodata"))
    }
    home.command("rebuild", cwd=root)
    after = files(cache)
    assert before == {n: after[n] for n in before}


def test_one_made_by_hand_is_kept_by_a_rebuild(home: Home, conda: Conda) -> None:
    root = home.project(GEODATA, "p")
    conda(home, "create", "--yes", "--prefix", str(root / ".venv"), "geodata")
    (root / ".venv/thesis.tex").write_text("all of it")
    said = home.command("rebuild", cwd=root).stderr
    (kept,) = root.glob(".venv.old-*")
    assert f"it is now {kept}" in said
    assert (kept / "thesis.tex").read_text() == "all of it"
    assert entered(home, root)["CONDA_PREFIX"] == f"{root}/.venv"


def test_a_failed_rebuild_leaves_the_old_one_in_use(home: Home, conda: Conda) -> None:
    root = home.project(GEODATA, "p")
    home.command("prepare", cwd=root)
    before = files(root / ".venv")
    home.project(f'{CONDA}packages = ["nosuchthing"]\n', "p")
    assert "nosuchthing" in home.command("rebuild", cwd=root, status=1).stderr
    assert files(root / ".venv") == before
    assert sorted(os.listdir(root)) == [".hpcenv.toml", ".venv"]


def test_it_is_listed_and_pruned_once_its_project_is_gone(home: Home, conda: Conda) -> None:
    root = home.project(f'{GEODATA}path = "~/envs/course"\n', "p")
    home.command("prepare", cwd=root)
    (found,) = json.loads(home.command("list", "--json").stdout)
    assert found["path"] == f"{home.folder}/envs/course"
    assert found["backend"] == "conda"
    home.command("prune", "--yes")
    assert (home.folder / "envs/course").exists()
    shutil.rmtree(root)
    home.command("prune", "--yes")
    assert not (home.folder / "envs/course").exists()


@every_program
def test_frozen_and_rebuilt_it_lists_the_same(
    home: Home, conda: Conda, wheelhouse: Path, channel: conda_channel.Channel
) -> None:
    home.env["PIP_FIND_LINKS"] = str(wheelhouse)
    root = home.project(f'{CONDA}requirements = ["environment.yml"]\n', "p")
    (root / "environment.yml").write_text(
        f"channels: [{channel.url}]\ndependencies: [python, pip, numpy=1.20, {{pip: [seaborn]}}]\n"
        "variables: {COURSE: a b}\n"
    )
    home.command("prepare", cwd=root)
    before = pinned(home, root)
    assert before.items() >= {("numpy", "1.20.3"), ("seaborn", "0.11.2")}
    home.command("freeze", "-o", "pinned.yml", cwd=root)
    text = (root / "pinned.yml").read_text()
    assert str(root) not in text
    assert not re.search(r"^(name|prefix):", text, re.MULTILINE)
    home.project(f'{CONDA}requirements = ["pinned.yml"]\n', "p")
    home.command("rebuild", cwd=root)
    assert pinned(home, root) == before
    home.command("freeze", "-o", "again.yml", cwd=root)
    assert (root / "again.yml").read_text() == text


@every_program
def test_sync_installs_the_difference_and_removes_what_went(home: Home, conda: Conda) -> None:
    root = home.project(f'{CONDA}packages = ["numpy", "geodata"]\n', "p")
    home.command("prepare", cwd=root)
    conda(home, "install", "--yes", "--prefix", str(root / ".venv"), "python", "pip")
    home.project(f'{CONDA}packages = ["numpy=1.20"]\n', "p")
    said = home.command("exec", "-C", str(root), "--", "true").stderr
    assert "have changed since it was built (`autoenv-hpc sync` installs them)" in said
    home.command("sync", cwd=root)
    now = pinned(home, root)
    assert now["numpy"] == "1.20.3"
    assert "geodata" not in now
    assert "pip" in now  # the user's own
    assert home.command("exec", "-C", str(root), "--", "true").stderr == ""


@every_program
def test_sync_follows_an_environment_yml(
    home: Home, conda: Conda, channel: conda_channel.Channel
) -> None:
    root = home.project(f'{CONDA}requirements = ["environment.yml"]\n', "p")
    file = f"channels: [{channel.url}]\ndependencies: [python, {{}}]\n"
    (root / "environment.yml").write_text(file.replace("{}", "geodata, numpy=1.20"))
    home.command("prepare", cwd=root)
    (root / "environment.yml").write_text(file.replace("{}", "spacy"))
    home.command("sync", cwd=root)
    now = pinned(home, root)
    assert "spacy" in now
    assert "geodata" not in now


# --- somebody else's ------------------------------------------------------------------------


@pytest.fixture
def packed(home: Home, channel: conda_channel.Channel, tmp_path: Path) -> Path:
    """A conda prefix that somebody packed: no conda is here any more."""
    program = conda_program.install(tmp_path / "theirs", channel.url)
    env = home.env | {"CONDA_PKGS_DIRS": str(channel.folder.parent / "pkgs packed")}
    prefix = tmp_path / "packed env"
    words = [str(program.command), "create", "--yes", "--prefix", str(prefix), "geodata"]
    subprocess.run(words, env=env, check=True, capture_output=True)
    (prefix / "bin").mkdir(exist_ok=True)
    (prefix / "conda-meta/state").write_text(
        '{"env_vars": {"COURSE": "a b", "SCRATCH": "***unset***"}}'
    )
    shutil.rmtree(program.root)
    return prefix


@every_shell
@pytest.mark.parametrize("has_conda", [True, False])
def test_a_conda_prefix_is_activated_with_and_without_conda(
    home: Home, packed: Path, request: pytest.FixtureRequest, shell: str, has_conda: bool
) -> None:
    if has_conda:
        request.getfixturevalue("conda")
    before_files = files(packed)
    root = home.project(f'[venv]\nbackend = "existing"\npath = "{packed}"\n', "p")
    here = home.shell(shell, GEODATA_PATH="/mine")
    before = here.snapshot()
    for _ in range(2):
        here.run("cd ~/p")
        env = here.env()
        assert env["CONDA_PREFIX"] == str(packed)
        assert env["PATH"].startswith(f"{packed}/bin:")
        assert env["GEODATA_DIR"] == f"{packed}/share/geo data"
        assert env["GEODATA_PATH"] == f"{packed}/share/geodata:/mine"
        assert (env["GEODATA_LICENCE"], env["COURSE"]) == ("free of charge", "a b")
        assert "VIRTUAL_ENV" not in env
        here.run("cd ~")
        assert_same(before, here.snapshot())
    assert files(packed) == before_files
    assert os.listdir(root) == [".hpcenv.toml"]


@every_shell
def test_a_folder_of_wrappers_is_put_on_path_and_no_more(
    home: Home, tmp_path: Path, shell: str
) -> None:
    tool = tmp_path / "container"
    (tool / "bin").mkdir(parents=True)
    for name in ("python", "pip"):
        (tool / "bin" / name).write_text("#!/bin/sh\necho wrapped\n")
        (tool / "bin" / name).chmod(0o755)
    home.project(f'[venv]\nbackend = "existing"\npath = "{tool}"\n', "p")
    here = home.shell(shell)
    before = here.env()
    here.run("cd ~/p")
    changed = {n for n, value in here.env().items() if before.get(n) != value}
    assert here.output("python") == "wrapped\n"
    assert {n for n in changed if not n.startswith("AUTOENV_HPC_")} <= {
        "PATH",
        "VIRTUAL_ENV_PROMPT",
    }
    here.run("cd ~")
    assert here.env() == before


def test_a_venv_of_somebody_elses_is_activated_as_one(home: Home, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "v"], check=True)
    root = home.project(f'[venv]\nbackend = "existing"\npath = "{tmp_path}/v"\n', "p")
    env = entered(home, root)
    assert env["VIRTUAL_ENV"] == f"{tmp_path}/v"
    assert "CONDA_PREFIX" not in env


# --- conda from a module --------------------------------------------------------------------


@pytest.mark.parametrize("tool", MODULE_TOOLS)
@every_shell
def test_a_conda_that_a_module_brings(
    cluster: Home, channel: conda_channel.Channel, tmp_path: Path, tool: str, shell: str
) -> None:
    program = conda_program.install(tmp_path / "opt/miniforge", channel.url)
    if REAL:
        program = program._replace(command=Path(REAL), root=Path(REAL).parent.parent)
    own = trees.Tree(tmp_path / "modules", "lua" if tool == "lmod" else "tcl")
    own.module("Miniforge/24", ("prepend", "PATH", str(program.command.parent)))
    cluster.env |= {
        "CONDA_CHANNELS": channel.url, "CONDA_PKGS_DIRS": str(channel.folder.parent / "pkgs conda"),
    }  # fmt: skip
    modules = f'module-paths = ["{own.folder}"]\nmodules = ["Miniforge/24"]\n'
    root = cluster.project(GEODATA.replace("[venv]", f"{modules}[venv]"), "p")
    assert "building" in cluster.command("prepare", cwd=root).stderr
    here = cluster.shell(shell)
    before = here.snapshot()
    for _ in range(2):
        here.run("cd ~/p")
        env = here.env()
        assert env["CONDA_PREFIX"] == f"{root}/.venv"
        assert env["PATH"].split(":")[0] == f"{root}/.venv/bin"
        assert str(program.command.parent) in env["PATH"].split(":")
        assert env["GEODATA_DIR"] == f"{root}/.venv/share/geo data"
        here.run("cd ~")
        assert_same(before, here.snapshot())
    assert is_stored(cluster, root)


@pytest.mark.parametrize(
    "state", ["[" * 100_000, '{"env_vars": ["A"]}', '{"env_vars": {"COURSE": 1}}', "\\xff", ""]
)
def test_a_conda_state_that_is_damaged_gives_no_variables(
    home: Home, packed: Path, state: str
) -> None:
    (packed / "conda-meta/state").write_text(state)
    root = home.project(f'[venv]\nbackend = "existing"\npath = "{packed}"\n', "p")
    line = 'echo "$CONDA_PREFIX ${COURSE-}"'
    done = home.command("exec", "-C", str(root), "--", "/bin/sh", "-c", line)
    assert done.stdout == f"{packed} \n"
