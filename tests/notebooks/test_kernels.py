"""Kernels that Jupyter starts in a project, driven as Jupyter drives them."""

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from homes import COMMAND, HOSTILE, Home
from kernels import KERNELS, started

# The tests' own environment has ipykernel.
VENV = f'[venv]\nbackend = "existing"\npath = "{sys.prefix}"\n'
SERVERS = ("PYTHONPATH", "PYTHONUSERBASE", "LD_LIBRARY_PATH", "JUPYTER_PATH")
SHOW = f"""
import os, sys
print(os.getcwd(), sys.prefix, os.getpid(), sep="\\n")
print(*(os.environ.get(name) for name in ("SAMTOOLS_ROOT", "HERE", "PYTHON_ROOT", "AUTOENV_HPC_KERNEL", *{SERVERS})))
"""
NO_PYTHON = {"AUTOENV_HPC_PYTHON": "/bin/false"}


def spec(home: Home, name: str) -> dict[str, object]:
    """What Jupyter reads of a kernel."""
    found: dict[str, object] = json.loads(
        (home.folder / KERNELS / name / "kernel.json").read_text()
    )
    return found


def script(path: Path, text: str) -> None:
    """A program in the place of one that is not here."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.mark.parametrize("tool", ["lmod", "modules"])
def test_a_kernel_is_in_the_project_with_its_modules_and_nothing_of_the_server(
    cluster: Home, tool: str
) -> None:
    root = cluster.project(f'modules = ["samtools/1.12"]\n{VENV}[env]\nHERE = "inside"\n')
    notes = cluster.folder / "notes of mine"
    notes.mkdir()
    cluster.command("kernel", "install", "--name", "k", cwd=root)
    assert spec(cluster, "k")["argv"] == [
        *(COMMAND, "exec", "--project", str(root), "--"),
        *("python", "-m", "ipykernel_launcher", "-f", "{connection_file}"),
    ]
    server = cluster.shell("bash")
    server.run("module load python_ML_packages/3.9.5-cpu")
    env = {**server.env(), "PYTHONUSERBASE": "/of/server", "JUPYTER_PATH": "/of/server"}
    env |= {"LD_LIBRARY_PATH": "/of/server"}
    assert env["PYTHONPATH"]
    assert env["PYTHON_ROOT"]
    for more in ({}, NO_PYTHON):  # the second start replays the first
        with started(cluster, "k", notes, {**env, **more}) as kernel:
            shown = kernel.run(SHOW).text.splitlines()
            assert shown[:3] == [str(notes), sys.prefix, str(kernel.pid)]
            assert shown[3] == "/opt/samtools inside None None None None None None"


def test_modules_of_the_server_that_nobody_can_unload_stay(home: Home) -> None:
    root = home.project(VENV, "p")
    home.command("kernel", "install", cwd=root)
    with started(home, "p", home.folder, {"LOADEDMODULES": "jupyter/1", "_LMFILES_": "/m/j"}) as k:
        assert k.run("import sys; print(sys.prefix)").text == sys.prefix


def test_interrupt_restart_and_an_edit_that_nobody_has_allowed(home: Home) -> None:
    root = home.project(VENV)
    home.command("kernel", "install", "--name", "k", cwd=root)
    wait = "import time\nprint('begun', flush=True)\ntime.sleep(60)"
    with started(home, "k", home.folder) as kernel:
        assert kernel.interrupt(wait) == ("error", "begun\nKeyboardInterrupt")
        kernel.run("x = 1")
        kernel.restart()
        assert kernel.run("print('x' in globals())").text == "False"
        (root / ".hpcenv.toml").write_text(f"{VENV}\n[env]\nNEW = '1'\n")
        kernel.restart()
        answer = kernel.run("print(1)")
        assert answer.status == "error"
        assert f"{root}/.hpcenv.toml is new or was edited" in answer.text
        assert "autoenv-hpc allow '" in answer.text  # with the folder, as the reader is elsewhere
        kernel.manager.interrupt_kernel()
        assert kernel.run("print(1)").status == "error"
        home.command("allow", str(root))
        kernel.restart()
        assert kernel.run("import os; print(os.environ['NEW'])").text == "1"


@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_whatever_keeps_a_kernel_from_starting_is_shown_in_the_notebook(
    home: Home, transport: str
) -> None:
    root = home.project(VENV, "p/inner")
    home.project('name = "outer"\n', "p")
    home.command("kernel", "install", "--name", "k", cwd=root)
    (root / ".hpcenv.toml").unlink()
    with started(home, "k", home.folder, transport=transport) as kernel:
        assert f"no .hpcenv.toml in {root}" in kernel.run("1").text
        (root / ".hpcenv.toml").write_text(VENV.replace(sys.prefix, "/nowhere"))
        home.command("allow", str(root))
        kernel.restart()
        assert "/nowhere" in kernel.run("1").text
        (root / ".hpcenv.toml").unlink()
        root.rmdir()
        kernel.restart()
        assert "no such directory" in kernel.run("1").text


def test_each_project_and_language_has_a_kernel_of_its_own(home: Home) -> None:
    programs = home.folder / "programs"
    script(programs / "R", 'case $* in *IRkernel*) echo "a greeting"; echo kernel-found ;; esac')
    script(programs / "julia", "exit 1")
    more = f'[paths]\nPATH = {{ prepend = ["{programs}"] }}\n[envs.b]\n'
    root = home.project(VENV + more)
    home.command("kernel", "install", cwd=root)
    name = "it-s-a-test-touch-x-x-e"
    assert sorted(os.listdir(home.folder / KERNELS)) == [name, f"{name}-r"]
    assert spec(home, name)["display_name"] == f"{HOSTILE} (autoenv-hpc)"
    other = spec(home, f"{name}-r")
    assert other["argv"] == [
        *(COMMAND, "exec", "--project", str(root), "--"),
        *("R", "--slave", "-e", "IRkernel::main()", "--args", "{connection_file}"),
    ]
    assert (other["language"], other["interrupt_mode"]) == ("R", "signal")
    home.command("kernel", "install", "--env", "b", "--language", "python", cwd=root)
    argv = spec(home, f"{name}-b")["argv"]
    assert isinstance(argv, list)
    assert argv[4:7] == ["--env", "b", "--"]
    listed = json.loads(home.command("kernel", "list", "--json").stdout)
    assert [(k["name"], k["project"], k["env"], k["problem"]) for k in listed] == [
        (name, str(root), None, None),
        (f"{name}-b", str(root), "b", None),
        (f"{name}-r", str(root), None, None),
    ]
    home.command("kernel", "remove", f"{name}-b")
    home.command("kernel", "remove", cwd=root)
    assert os.listdir(home.folder / KERNELS) == []


def has_irkernel() -> bool:
    """Whether this machine has R with its kernel."""
    words = ["R", "--slave", "-e", "stopifnot(nzchar(system.file(package = 'IRkernel')))"]
    return bool(shutil.which("R")) and subprocess.run(words, check=False).returncode == 0


@pytest.mark.skipif(not has_irkernel(), reason="left out: R with IRkernel is not here")
def test_a_kernel_of_r_runs_in_the_project(home: Home) -> None:
    root = home.project(f"{VENV}[env]\nHERE = 'inside'\n")
    home.command("kernel", "install", "--name", "r", "--language", "R", cwd=root)
    with started(home, "r", home.folder) as kernel:
        shown = kernel.run('cat(getwd(), Sys.getenv("HERE"), Sys.getpid())').text
        assert shown == f"{home.folder} inside {kernel.pid}"
        (root / ".hpcenv.toml").write_text("")
        kernel.restart()
        assert "is new or was edited" in kernel.run("1").text


def test_what_is_not_ours_stays(home: Home) -> None:
    (home.folder / KERNELS / "python3").mkdir(parents=True)
    foreign = home.folder / KERNELS / "python3/kernel.json"
    foreign.write_text('{"argv": ["python"], "display_name": "Python 3", "language": "python"}')
    before = foreign.read_bytes()
    first, second = home.project(VENV, "a/p"), home.project(VENV, "b/p")
    for words, folder, said in (
        (("install", "--name", "python3"), first, "is not from autoenv-hpc"),
        (("remove", "python3"), first, "is not from autoenv-hpc"),
        (("remove", "none"), first, "is no kernel"),
        (("remove",), first, "has no kernel"),
        (("install", "--name", "../p"), first, "(for example p)"),
        (("install", "--name", "Ä"), first, "(for example my-project)"),
    ):
        done = home.command("kernel", *words, cwd=folder, status=1)
        assert said in done.stderr
        assert done.stderr.count("\n") == 1
    assert foreign.read_bytes() == before
    home.command("kernel", "install", cwd=first)
    done = home.command("kernel", "install", cwd=second, status=1)
    assert f"belongs to {first} (choose another name with --name" in done.stderr
    (home.folder / KERNELS / "p/logo-64x64.png").write_bytes(b"mine")
    home.command("kernel", "remove", "p")
    assert os.listdir(home.folder / KERNELS / "p") == ["logo-64x64.png"]
    home.command("kernel", "install", cwd=second)


def test_a_group_reads_the_kernels_below_a_prefix(home: Home) -> None:
    root = home.project(VENV, "p")
    home.command("kernel", "install", "--prefix", "shared", cwd=home.folder, status=1)
    home.command("kernel", "install", "--prefix", "../shared", cwd=root)
    file = home.folder / "shared/share/jupyter/kernels/p/kernel.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o644  # as umask has it
    assert not (home.folder / KERNELS).exists()
    listed = home.command("kernel", "list", "--prefix", "shared").stdout
    assert listed == f"p  p (autoenv-hpc)  {root}\n"
    (root / ".hpcenv.toml").unlink()
    listed = home.command("kernel", "list", "--prefix", "shared").stdout
    assert listed.endswith(f"{root} (there is no .hpcenv.toml any more)\n")


@pytest.mark.parametrize(
    ("text", "options", "remedy"),
    [
        ("", (), "a [venv] table"),
        ("[venv]\n", (), 'add "ipykernel" to packages in [venv], then run `autoenv-hpc sync`'),
        ("[venv]\n", ("--language", "julia"), "julia has no IJulia there"),
    ],
)
def test_without_a_kernel_in_the_environment_nothing_is_written(
    home: Home, uv_backend: str, text: str, options: tuple[str, ...], remedy: str
) -> None:
    script(home.folder / "programs/R", "exit 1")
    home.env["PATH"] = f"{home.folder}/programs:{home.env['PATH']}"
    root = home.project(text and text + uv_backend)
    done = home.command("kernel", "install", *options, cwd=root, status=1)
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"autoenv-hpc: {root}/.hpcenv.toml: ")
    assert remedy in last
    assert not (home.folder / KERNELS).exists()
