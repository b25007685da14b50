"""The stand-in for conda says and does what conda does; beside a real one, where there is one."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import conda_channel
import conda_program
import pytest
import trees

# A conda to compare with; without it the text is compared with the documented one alone.
REAL = os.environ.get("REAL_CONDA") or shutil.which("conda")
BARE = "/usr/bin:/bin"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> conda_channel.Channel:
    return conda_channel.make(tmp_path_factory.mktemp("channel"), Path(sys.executable))


@pytest.fixture
def conda(tmp_path: Path, channel: conda_channel.Channel) -> conda_program.Installed:
    return conda_program.install(tmp_path / "conda", channel.url)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def run(
        command: Path | str, *words: str, status: int = 0, **env: str
    ) -> subprocess.CompletedProcess[str]:
        whole = {"HOME": str(tmp_path), "PATH": BARE, "PYTHONNOUSERSITE": "1", **env}
        done = subprocess.run(
            [command, *words], check=False, capture_output=True, text=True, env=whole
        )
        assert done.returncode == status, (words, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done

    return run


def _packages(conda: conda_program.Installed, run: Run, prefix: Path) -> list[str]:
    done = run(conda.command, "list", "--prefix", str(prefix), "--json")
    return [
        row["dist_name"].rpartition("-")[0]
        for row in json.loads(done.stdout)
        if row["name"] not in {"python", "pip"}
    ]


def test_a_created_prefix_has_an_interpreter_of_its_own(
    conda: conda_program.Installed, run: Run, tmp_path: Path
) -> None:
    prefix = tmp_path / "env"
    run(conda.command, "create", "--yes", "--prefix", str(prefix), "python", "numpy=1.20")
    program = "import sys, ssl, numpy; print(sys.prefix, numpy.__version__, numpy.__file__)"
    assert run(prefix / "bin/python", "-c", program).stdout.split() == [
        str(prefix), "1.20.3", f"{prefix}/{_site(prefix)}/numpy/__init__.py",
    ]  # fmt: skip
    assert "# update specs: ['python', 'numpy=1.20']" in (prefix / "conda-meta/history").read_text()


def test_an_update_adds_and_a_prune_takes_away(
    conda: conda_program.Installed, run: Run, tmp_path: Path
) -> None:
    prefix, file = tmp_path / "env", tmp_path / "environment.yml"
    run(conda.command, "create", "--yes", "--prefix", str(prefix), "numpy=1.20", "geodata")
    file.write_text("dependencies: [python, spacy]\nvariables: {COURSE: a b}\n")
    run(conda.command, "env", "update", "--prefix", str(prefix), "--file", str(file))
    assert _packages(conda, run, prefix) == ["geodata-1.0", "numpy-1.20.3", "spacy-3.0.6"]
    run(conda.command, "env", "update", "--prefix", str(prefix), "--file", str(file), "--prune")
    assert _packages(conda, run, prefix) == ["numpy-1.26.4", "spacy-3.0.6"]
    exported = run(conda.command, "env", "export", "--prefix", str(prefix), "--no-builds").stdout
    assert "- spacy=3.0.6\n" in exported
    assert json.loads((prefix / "conda-meta/state").read_text()) == {"env_vars": {"COURSE": "a b"}}


def test_the_pip_part_of_a_file_is_installed_by_the_environments_own_pip(
    conda: conda_program.Installed, run: Run, tmp_path: Path
) -> None:
    prefix, file = tmp_path / "env", tmp_path / "environment.yml"
    wheelhouse = trees.wheels(tmp_path / "wheels", {"seaborn": "0.11.2"})
    file.write_text("dependencies: [python, {pip: [seaborn==0.11.2]}]\n")
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheelhouse)}
    run(conda.command, "env", "update", "--prefix", str(prefix), "--file", str(file), **offline)
    exported = run(conda.command, "env", "export", "--prefix", str(prefix)).stdout
    assert "- pip:\n  - seaborn==0.11.2\n" in exported


def test_a_create_takes_away_the_environment_that_is_there(
    conda: conda_program.Installed, run: Run, tmp_path: Path
) -> None:
    prefix = tmp_path / "env"
    prefix.mkdir()
    (prefix / ".foreign").touch()
    run(conda.command, "create", "--yes", "--prefix", str(prefix), "geodata")
    assert (prefix / ".foreign").exists()
    run(conda.command, "create", "--yes", "--prefix", str(prefix), "geodata")
    assert not (prefix / ".foreign").exists()


def test_mamba_creates_in_no_folder_that_holds_something(
    channel: conda_channel.Channel, run: Run, tmp_path: Path
) -> None:
    mamba = conda_program.install(tmp_path / "root", channel.url, "micromamba")
    (tmp_path / "env").mkdir()
    (tmp_path / "env/.foreign").touch()
    done = run(mamba.command, "create", "-y", "-p", str(tmp_path / "env"), "geodata", status=1)
    assert "Non-conda folder exists at prefix - aborting." in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        "create --prefix /p numpy",
        "env update --yes --prefix /p --file f",
        "shell activate /p --shell bash",
        "init bash",
        "env create -f f",
    ],
)
def test_what_conda_does_not_take_ends_with_status_2(
    conda: conda_program.Installed, run: Run, words: str
) -> None:
    assert words in run(conda.command, *words.split(), status=2).stderr
    assert conda.calls() == [words.split()]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--override-channels -c https://conda.invalid/x numpy", "CondaHTTPError: HTTP 000 CONNECTION FAILED for url"),
        ("--override-channels -c file:///nonexistent numpy", "UnavailableInvalidChannel: HTTP 404"),
        ("nonesuch", "PackagesNotFoundError"),
    ],
)  # fmt: skip
def test_a_failure_says_why_and_leaves_nothing(
    conda: conda_program.Installed, run: Run, tmp_path: Path, words: str, said: str
) -> None:
    prefix = tmp_path / "env"
    done = run(conda.command, "create", "--yes", "--prefix", str(prefix), *words.split(), status=1)
    assert said in done.stderr
    assert not prefix.exists()


def test_the_scripts_of_a_package_come_and_go(
    conda: conda_program.Installed, run: Run, tmp_path: Path
) -> None:
    prefix = tmp_path / "env"
    run(conda.command, "create", "--yes", "--prefix", str(prefix), "geodata")
    code = f"""
        export GEODATA_PATH=/mine GEODATA_DIR= SCRATCH=/scratch GEODATA_OFF=1
        eval "$('{conda.command}' shell.posix activate '{prefix}')"
        echo "$GEODATA_DIR|$GEODATA_PATH|$GEODATA_CACHE|$GEODATA_LICENCE|${{GEODATA_OFF-unset}}"
        eval "$('{conda.command}' shell.posix deactivate)"
        echo "$GEODATA_DIR|$GEODATA_PATH|${{GEODATA_CACHE-unset}}|$CONDA_SHLVL"
    """
    assert run("bash", "-uec", code).stdout.splitlines() == [
        f"{prefix}/share/geo data|{prefix}/share/geodata:/mine|/scratch/geodata|free of charge|unset",
        "|/mine|unset|0",
    ]


def test_the_text_of_an_activation_over_base_is_the_documented_one(
    conda: conda_program.Installed, run: Run, tmp_path: Path
) -> None:
    prefix, root = tmp_path / "env", conda.root
    run(conda.command, "create", "--yes", "--prefix", str(prefix), "geodata")
    active = {
        "CONDA_PREFIX": str(root), "CONDA_SHLVL": "1", "CONDA_DEFAULT_ENV": "base", "CONDA_PROMPT_MODIFIER": "(base) ",
        "PS1": "(base) it's $ ", "PATH": f"/first:{root}/bin:{root}/condabin:{BARE}",
    }  # fmt: skip
    done = run(conda.command, "shell.posix", "activate", str(prefix), **active)
    assert (
        done.stdout
        == f"""\
export _CE_M=''
export _CE_CONDA=''
PS1='({prefix}) it'"'"'s $ '
export PATH='/first:{prefix}/bin:{root}/condabin:{BARE}'
export CONDA_PREFIX='{prefix}'
export CONDA_SHLVL='2'
export CONDA_DEFAULT_ENV='{prefix}'
export CONDA_PROMPT_MODIFIER='({prefix}) '
export GEODATA_LICENCE='free of charge'
export CONDA_PREFIX_1='{root}'
export CONDA_EXE='{root}/bin/conda'
export _CONDA_EXE='{root}/bin/conda'
export CONDA_PYTHON_EXE='{root}/bin/python'
export _CONDA_ROOT='{root}'
. "{prefix}/etc/conda/activate.d/geodata.sh"
"""
    )


def test_the_text_of_micromamba_is_the_documented_one(
    channel: conda_channel.Channel, run: Run, tmp_path: Path
) -> None:
    mamba = conda_program.install(tmp_path / "root", channel.url, "micromamba")
    prefix = tmp_path / "env"
    run(mamba.command, "create", "-y", "-p", str(prefix), "geodata")
    done = run(mamba.command, "shell", "activate", str(prefix), "--shell", "bash")
    assert (
        done.stdout
        == f"""\
PS1='({prefix}) '
export GEODATA_LICENCE='free of charge'
export PATH='{prefix}/bin:{mamba.root}/condabin:{BARE}'
export CONDA_PREFIX='{prefix}'
export CONDA_SHLVL='1'
export CONDA_DEFAULT_ENV='{prefix}'
export CONDA_PROMPT_MODIFIER='({prefix}) '
. "{prefix}/etc/conda/activate.d/geodata.sh"
"""
    )
    active = {
        "CONDA_PREFIX": str(prefix),
        "CONDA_SHLVL": "1",
        "CONDA_PROMPT_MODIFIER": "(x) ",
        "PS1": "(x) $ ",
    }
    done = run(
        mamba.command,
        "shell",
        "deactivate",
        "--shell",
        "bash",
        **active,
        PATH=f"{prefix}/bin:{BARE}",
    )
    assert (
        done.stdout
        == f"""\
export PATH='{BARE}'
. "{prefix}/etc/conda/deactivate.d/geodata.sh"
unset CONDA_PREFIX
unset CONDA_DEFAULT_ENV
unset CONDA_PROMPT_MODIFIER
unset GEODATA_LICENCE
PS1='$ '
export CONDA_SHLVL='0'
"""
    )


# What is active before: {root} the base prefix, {a} and {b} environments with scripts and variables.
STATES = {
    "nothing": {},
    "nothing any more": {"CONDA_SHLVL": "0", "PATH": "{root}/condabin:" + BARE, "PS1": "\\u's $ "},
    "a variable of its own": {"GEODATA_LICENCE": "mine"},
    "base": {"CONDA_SHLVL": "1", "CONDA_PREFIX": "{root}", "CONDA_PROMPT_MODIFIER": "(base) ", "PS1": "(base) $ ", "PATH": "{root}/bin:{root}/condabin:" + BARE},
    "itself": {"CONDA_SHLVL": "1", "CONDA_PREFIX": "{a}", "CONDA_PROMPT_MODIFIER": "({a}) ", "PATH": "/x:{a}/bin:" + BARE},
    "another over base": {"CONDA_SHLVL": "2", "CONDA_PREFIX": "{b}", "CONDA_PREFIX_1": "{root}", "PATH": "/x:{b}/bin:" + BARE, "__CONDA_SHLVL_1_GEODATA_LICENCE": "mine"},
    "another, off PATH": {"CONDA_SHLVL": "1", "CONDA_PREFIX": "{b}", "__CONDA_SHLVL_0_GEODATA_LICENCE": "mine"},
}  # fmt: skip

if REAL:

    @pytest.mark.parametrize("action", ["activate", "deactivate"])
    @pytest.mark.parametrize("state", STATES)
    def test_the_text_is_that_of_the_real_conda(
        channel: conda_channel.Channel, run: Run, tmp_path: Path, state: str, action: str
    ) -> None:
        assert REAL
        version = run(REAL, "--version").stdout.split()[1]
        real_root = json.loads(run(REAL, "info", "--json").stdout)["root_prefix"]
        ours = conda_program.install(tmp_path / "conda", channel.url, version=version)
        a, b = tmp_path / "a", tmp_path / "envs/b"
        for prefix in (a, b):
            run(ours.command, "create", "--yes", "--prefix", str(prefix), "geodata")
        (a / "conda-meta/state").write_text('{"env_vars": {"COURSE": "a b", "OUT": "***unset***"}}')
        words = ["shell.posix", action, *([str(a)] if action == "activate" else [])]

        def text(command: Path | str, root: Path | str) -> str:
            env = {name: value.format(root=root, a=a, b=b) for name, value in STATES[state].items()}
            return run(command, *words, **env).stdout

        assert text(ours.command, ours.root).replace(str(ours.root), real_root) == text(
            REAL, real_root
        )


def _site(prefix: Path) -> Path:
    return next(prefix.glob("lib/python*/site-packages")).relative_to(prefix)
