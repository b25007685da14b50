"""The recipes of docs/how-to/engines.md, each run as it stands there, with the real tools.

`make engines` installs the tools in .cache/engines; without them, only the recipes that need none run.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from homes import CHECKOUT, COMMAND, Home
from slurm import Slurm

PAGE = (CHECKOUT / "docs/how-to/engines.md").read_text()
TOOLS = CHECKOUT / ".cache/engines"
CONFIG = """
modules = ["samtools/1.12"]
[venv]
{venv}
[env]
CLIMATE_DATA = "/data"
"""
IS_ALL = os.environ.get("ENGINES") == "all"
real = pytest.mark.skipif(not IS_ALL, reason="`make engines` runs it")
both_ways = pytest.mark.parametrize("handed_on", ["everything", "HOME"])
pytestmark = pytest.mark.parametrize("tool", ["lmod"])


class Desk:
    """A user with the page's project, who copies a recipe and runs it."""

    def __init__(
        self, home: Home, root: Path, prefix: Path, env: dict[str, str], tried: list[str]
    ) -> None:
        self.home, self.root, self.prefix = home, root, prefix
        self.env = home.env | env
        self._tried = tried
        self.expected = f"{prefix} samtools/1.12 /data"

    def copy(self, section: str, folder: Path) -> None:
        """Write the files of one section of the page into a folder."""
        self._tried.append(section)
        (text,) = re.findall(rf"^## {section}$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
        found = re.findall(r"^`([\w./]+)`:\n\n```\w+\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        assert found, section
        for name, content in found:
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self.here(content))
            file.chmod(0o755)

    def here(self, text: str) -> str:
        """A text of the page, with this user's paths."""
        command = text.replace("/home/anna/.local/bin/autoenv-hpc", COMMAND)
        return command.replace("/home/anna/climate", str(self.root))

    def run(self, *words: str, cwd: Path, handed_on: str = "everything", **more: str) -> str:
        """Run a command; with a list of variables, jobs are given no others."""
        env = self.env | more | ({"SBATCH_EXPORT": handed_on} if handed_on != "everything" else {})
        done = subprocess.run(
            words, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=240
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{_logs(cwd)}"
        return done.stdout

    def inside(self, *words: str, cwd: Path, handed_on: str = "everything") -> str:
        """The same, started in the project by `exec`."""
        return self.run(COMMAND, "exec", "--", *words, cwd=cwd, handed_on=handed_on)

    def work(self, section: str, where: str = "work") -> Path:
        """A folder below the project with the files of a section."""
        folder = self.root / where
        folder.mkdir()
        self.copy(section, folder)
        return folder


def _logs(folder: Path) -> str:
    files = [*folder.rglob("*.out"), *folder.rglob("*.err"), *folder.rglob("*.log")]
    return "\n".join(f"--- {file}\n{file.read_text(errors='replace')}" for file in files)


@pytest.fixture
def desk(request: pytest.FixtureRequest, cluster: Home, uv_backend: str) -> Desk:
    """The page's project, with the tools in its environment if they are there."""
    venv, prefix = f'backend = "existing"\npath = "{TOOLS}"', TOOLS
    root = cluster.folder / "climate"
    if not IS_ALL:
        python = os.path.realpath(sys.executable)  # jobs with another PATH would find another
        venv, prefix = f'{uv_backend}python = "{python}"', root / ".venv"
    cluster.project(CONFIG.format(venv=venv), "climate")
    cluster.command("prepare", cwd=root)
    cluster.login_with_modules()
    has_jobs = "slurm" in request.fixturenames
    more = request.getfixturevalue("slurm").env if has_jobs else {}
    tried: list[str] = []  # sections of the page, for the table in conftest.py
    way = request.getfixturevalue("handed_on") if "handed_on" in request.fixturenames else ""
    request.node.user_properties += [("sections", tried), ("way", way)]
    return Desk(cluster, root, prefix, more, tried)


def each(text: str) -> list[str]:
    """What the numbered tasks print."""
    return [line.split(" ", 1)[1] for line in sorted(text.splitlines()) if line[:2] in _NUMBERED]


_NUMBERED = [f"{number} " for number in range(4)]


@real
@both_ways
@pytest.mark.parametrize(
    ("section", "tasks"), [("dask-jobqueue", 4), ("submitit", 2), ("Parsl", 4)]
)
def test_python_engines(desk: Desk, slurm: Slurm, section: str, tasks: int, handed_on: str) -> None:
    work = desk.work(section)
    said = desk.inside("python", "run.py", cwd=work, handed_on=handed_on)
    assert each(said) == [desk.expected] * tasks


@real
@both_ways
def test_dask_by_a_configuration_file(desk: Desk, slurm: Slurm, handed_on: str) -> None:
    work = desk.work("dask-jobqueue")
    (text,) = re.findall(r"^```yaml\n(jobqueue:.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    folder = desk.home.folder / ".config/dask"
    folder.mkdir(parents=True)
    (folder / "jobqueue.yaml").write_text(desk.here(text))
    script = (work / "run.py").read_text()
    short = re.sub(r"        job_script_prologue=\[.*?\],\n        python=\"python\",\n", "", script, flags=re.DOTALL)  # fmt: skip
    assert "prologue" not in short
    (work / "run.py").write_text(short)
    said = desk.inside("python", "run.py", cwd=work, handed_on=handed_on)
    assert each(said) == [desk.expected] * 4


# This Slurm has no accounting; and the plug-in waits 40 s before it asks for the first time.
QUICK: dict[str, tuple[str, ...]] = {
    "local": (),
    "slurm": (
        *("--slurm-init-seconds-before-status-checks", "2"),
        *("--slurm-status-command", "squeue"),
    ),
}


def find_configuration(desk: Desk) -> None:
    """Let srun find its configuration, as on a cluster; the plug-in takes SLURM_CONF away."""
    programs = desk.home.folder / "programs"
    programs.mkdir()
    srun = programs / "srun"
    srun.write_text(
        f"#!/bin/sh\nexport SLURM_CONF='{desk.env['SLURM_CONF']}'\nexec /usr/bin/srun \"$@\"\n"
    )
    srun.chmod(0o755)
    desk.env["PATH"] = f"{programs}:{desk.env['PATH']}"


@real
@both_ways
@pytest.mark.parametrize("executor", ["local", "slurm"])
def test_snakemake_in_the_project(desk: Desk, slurm: Slurm, executor: str, handed_on: str) -> None:
    find_configuration(desk)
    work = desk.work("Snakemake in the project")
    options = ("--jobs", "2", "--cores", "2", "--executor", executor, *QUICK[executor])
    desk.inside("snakemake", *options, cwd=work, handed_on=handed_on)
    for name in ("shell.txt", "run.txt"):
        assert (work / name).read_text() == desk.expected + "\n"


@real
@both_ways
@pytest.mark.parametrize("executor", ["local", "slurm"])
def test_snakemake_outside(desk: Desk, slurm: Slurm, executor: str, handed_on: str) -> None:
    find_configuration(desk)
    desk.home.command("shim", cwd=desk.root)
    work = desk.home.folder / "elsewhere"
    work.mkdir()
    desk.copy("Snakemake in the project", work)
    desk.copy("Snakemake outside the project", work)
    options = ("--jobs", "2", "--cores", "2", "--executor", executor, *QUICK[executor])
    program = f"{TOOLS}/bin/snakemake"
    desk.run(program, *options, "shell.txt", cwd=work, handed_on=handed_on)
    assert (work / "shell.txt").read_text() == desk.expected + "\n"
    with (work / "Snakefile").open("a") as file:
        file.write('rule strict:\n    output: "strict.txt"\n    shell: "false | cat > {output}"\n')
    with pytest.raises(AssertionError, match="strict"):
        desk.run(program, *options, "strict.txt", cwd=work)


PRINT = 'import os, sys; print(sys.prefix, os.environ["LOADEDMODULES"], os.environ["CLIMATE_DATA"])'
SHOW = f"python -c '{PRINT}'"


def submitted(desk: Desk, slurm: Slurm, work: Path, text: str, handed_on: str) -> str:
    """What a batch script writes that an engine has made."""
    script, out = work / "made.sh", work / "made.out"
    script.write_text(text)
    job = desk.run("sbatch", "--parsable", f"--output={out}", str(script), cwd=work, handed_on=handed_on)  # fmt: skip
    slurm.wait(job.strip())
    lines = out.read_text().splitlines(keepends=True)
    # On a busy machine srun says that it waits, or that a message was cut.
    return "".join(line for line in lines if not line.startswith("srun: "))


@both_ways
@pytest.mark.parametrize(
    ("section", "name", "field"),
    [
        ("Nextflow", "nextflow.config", r"process\.beforeScript = '(.*)'\n"),
        ("JupyterHub's batchspawner", "jupyterhub_config.py", r"req_prologue = \(\s*'(.*)'\s*\)"),
    ],
)
def test_lines_before_the_command(
    desk: Desk, slurm: Slurm, section: str, name: str, field: str, handed_on: str
) -> None:
    work = desk.work(section)
    (line,) = re.findall(field, (work / name).read_text())
    # as both tools write their scripts: strict, in the task's own folder, with ranks of srun
    strict = f"#!/bin/bash -ue\nset -euo pipefail\n{line}\n{SHOW}\nsrun {SHOW}\n"
    said = submitted(desk, slurm, work, strict, handed_on)
    assert said == (desk.expected + "\n") * 2
    with (desk.root / ".hpcenv.toml").open("a") as file:
        file.write("# edited\n")
    strict = f"#!/bin/bash\n{line}\necho went on\n"
    assert "went on" not in submitted(desk, slurm, work, strict, handed_on)


@real
def test_batchspawners_own_script(desk: Desk, slurm: Slurm) -> None:
    work = desk.work("JupyterHub's batchspawner")
    (line,) = re.findall(r"'(.*)'", (work / "jupyterhub_config.py").read_text())
    render = """
import sys, jinja2
from batchspawner import SlurmSpawner
template = SlurmSpawner.batch_script.default_value
_, home, prologue, command = sys.argv
fields = {"homedir": home, "keepvars": "HOME", "prologue": prologue, "srun": "srun", "cmd": command}
print(jinja2.Template(template).render(fields))
"""
    script = desk.inside("python", "-c", render, str(work), line, SHOW, cwd=work)
    assert "--export=HOME" in script
    # Slurm would ask the user database for variables, which does not know this home
    script = script.replace("#SBATCH --get-user-env=L", "")
    script = re.sub("#SBATCH --output=.*", "", script)
    assert desk.expected in submitted(desk, slurm, work, script, "everything").splitlines()


@both_ways
def test_open_ondemand(desk: Desk, slurm: Slurm, handed_on: str) -> None:
    work = desk.work("Open OnDemand")
    text = f"#!/bin/bash\n{(work / 'script.sh').read_text()}"
    assert submitted(desk, slurm, work, text, handed_on) == desk.expected + "\n"


def test_a_prologue_engine_starts_no_python(desk: Desk, slurm: Slurm) -> None:
    """Twenty tasks after each other, each with the line of the page."""
    work = desk.work("Open OnDemand")
    line = (work / "script.sh").read_text().partition("\n")[0]
    task = work / "task.sh"
    task.write_text(f"{line}\necho $LOADEDMODULES $CLIMATE_DATA\n")
    loop = f"for i in {' '.join(map(str, range(20)))}; do sh '{task}'; done"
    desk.run("sh", str(task), cwd=work)
    said = desk.run("sh", "-c", loop, cwd=work, AUTOENV_HPC_PYTHON="/bin/false")
    assert said == "samtools/1.12 /data\n" * 20


@real
@both_ways
def test_hydra(desk: Desk, slurm: Slurm, handed_on: str) -> None:
    work = desk.work("Hydra")
    words = ("python", "app.py", "--multirun", "number=0,1")
    desk.inside(*words, cwd=work, handed_on=handed_on)
    said = "".join(file.read_text() for file in work.rglob("where-*.txt"))
    assert each(said) == [desk.expected] * 2


@real
@both_ways
def test_cylc(desk: Desk, slurm: Slurm, handed_on: str) -> None:
    work = desk.work("Cylc")
    settings = desk.home.folder / ".cylc/flow/global.cylc"
    settings.parent.mkdir(parents=True)
    settings.write_text("""
[platforms]
    [[cluster]]
        hosts = localhost
        install target = localhost
        job runner = slurm
[scheduler]
    [[events]]
        stall timeout = PT0S
""")
    words = ("cylc", "vip", "--no-detach", "--workflow-name", "where")
    desk.inside(*words, cwd=work, handed_on=handed_on)
    said = (desk.home.folder / "cylc-run/where/run1/log/job/1/where/01/job.out").read_text()
    assert desk.expected in said.splitlines()


@real
@both_ways
def test_mpi4py_in_both_orders(desk: Desk, slurm: Slurm, handed_on: str) -> None:
    work = desk.work("MPI and torchrun")
    (work / "rank.py").write_text(f"{PRINT}\nfrom mpi4py import MPI\nprint(MPI.COMM_WORLD.size)\n")
    text = (work / "job.sh").read_text()
    # as MpiDefault of a site's slurm.conf
    text = text.replace(
        "--ntasks-per-node=1\n", "--ntasks-per-node=1\nexport SLURM_MPI_TYPE=pmi2\n"
    )
    said = submitted(desk, slurm, work, text, handed_on)
    assert sorted(said.splitlines()) == sorted([desk.expected, "2"] * 4)


@both_ways
def test_ranks_in_both_orders(desk: Desk, slurm: Slurm, handed_on: str) -> None:
    work = desk.work("MPI and torchrun")
    (work / "rank.py").write_text(PRINT)
    text = (work / "job.sh").read_text()
    assert submitted(desk, slurm, work, text, handed_on) == (desk.expected + "\n") * 4


@both_ways
def test_a_launcher_on_each_node(desk: Desk, slurm: Slurm, handed_on: str) -> None:
    work = desk.work("MPI and torchrun")
    (work / "rank.py").write_text(PRINT)
    stand_in = desk.prefix / "bin/torchrun"  # it starts its ranks as the real one does
    stand_in.write_text(
        f"""#!{desk.prefix}/bin/python
import subprocess, sys
ranks = [subprocess.Popen([sys.executable, sys.argv[3]]) for _ in range(int(sys.argv[2]))]
sys.exit(max(rank.wait() for rank in ranks))
"""
    )
    stand_in.chmod(0o755)
    text = (work / "torch.sh").read_text()
    assert submitted(desk, slurm, work, text, handed_on) == (desk.expected + "\n") * 4


@real
@both_ways
def test_submitit_requeues_from_a_checkpoint(desk: Desk, slurm: Slurm, handed_on: str) -> None:
    work = desk.work("submitit")
    text = (work / "run.py").read_text()
    head, _, _ = text.partition("jobs = executor")
    (work / "run.py").write_text(
        head
        + """
import pathlib, subprocess, time
class Work(submitit.helpers.Checkpointable):
    def __call__(self, mark):
        if mark.exists():
            return where(os.environ.get("SLURM_RESTART_COUNT"))
        mark.touch()
        time.sleep(100)
mark = pathlib.Path("mark").absolute()
job = executor.submit(Work(), mark)
while not mark.exists():
    time.sleep(0.2)
time.sleep(1)
job._interrupt()
while not job.done(force_check=True):  # Slurm would wait for two minutes
    now = ["scontrol", "update", f"JobId={job.job_id}", "StartTime=now"]
    subprocess.run(now, stderr=subprocess.DEVNULL)
    time.sleep(1)
print(job.result())
"""
    )
    said = desk.inside("python", "run.py", cwd=work, handed_on=handed_on)
    assert each(said) == [desk.expected]
    assert f"1 {desk.expected}" in said.splitlines()  # it is the second start


@both_ways
def test_a_python_file_as_the_job(desk: Desk, slurm: Slurm, handed_on: str) -> None:
    work = desk.work("A Python file as the job")
    text = (work / "train.py").read_text()
    assert submitted(desk, slurm, work, text, handed_on) == desk.expected + "\n"


@both_ways
def test_make(desk: Desk, slurm: Slurm, handed_on: str) -> None:
    work = desk.work("make")
    submitted(desk, slurm, work, "#!/bin/sh\nPATH=/usr/bin:/bin exec make -s\n", handed_on)
    assert (work / "where.txt").read_text() == desk.expected + "\n"


def tasks(desk: Desk) -> Path:
    """The folder with a list of three tasks, and with a program for them."""
    work = desk.work("xargs and GNU parallel")
    (work / "list.txt").write_text("1\n2\n3\n")
    (work / "task.py").write_text(PRINT.replace("print(", "print(sys.argv[1], "))
    return work


@both_ways
def test_xargs(desk: Desk, slurm: Slurm, handed_on: str) -> None:
    work = tasks(desk)
    text = (work / "tasks.sh").read_text()
    assert each(submitted(desk, slurm, work, text, handed_on)) == [desk.expected] * 6


@real
@both_ways
def test_gnu_parallel(desk: Desk, slurm: Slurm, handed_on: str) -> None:
    if not shutil.which("parallel"):
        pytest.skip("left out: there is no GNU parallel here, and it could not be installed")
    work = tasks(desk)
    text = (work / "parallel.sh").read_text()
    assert each(submitted(desk, slurm, work, text, handed_on)) == [desk.expected] * 6
    desk.home.command("shim", cwd=desk.root)
    (shell,) = re.findall(r"PARALLEL_SHELL=(\S+)`", desk.here(PAGE))
    text = f"#!/bin/sh\nexport PARALLEL_SHELL={shell}\nparallel python task.py {{}} < list.txt\n"
    assert each(submitted(desk, slurm, work, text, handed_on)) == [desk.expected] * 3


@real
@both_ways
def test_tox(desk: Desk, slurm: Slurm, handed_on: str) -> None:
    work = desk.work("tox")
    text = f"#!/bin/sh\n'{COMMAND}' exec -- {TOOLS}/tox/bin/tox -q\n"
    assert "samtools/1.12 /data\n" in submitted(desk, slurm, work, text, handed_on)


@real
@both_ways
def test_papermill(desk: Desk, slurm: Slurm, handed_on: str) -> None:
    work = desk.work("papermill")
    cell: dict[str, object] = {"cell_type": "code", "source": PRINT, "metadata": {}, "outputs": [], "execution_count": None, "id": "a"}  # fmt: skip
    kernel = {"kernelspec": {"name": "python3", "display_name": "", "language": "python"}}
    book = {"cells": [cell], "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    (work / "in.ipynb").write_text(json.dumps(book))
    submitted(desk, slurm, work, (work / "job.sh").read_text(), handed_on)
    (output,) = json.loads((work / "out.ipynb").read_text())["cells"][-1]["outputs"]
    assert "".join(output["text"]) == desk.expected + "\n"


@real
@both_ways
def test_reframe(desk: Desk, slurm: Slurm, handed_on: str) -> None:
    work = desk.work("ReFrame")
    (work / "show.py").write_text(PRINT)
    (work / "where.py").write_text(
        f"""
import reframe as rfm
import reframe.utility.sanity as sn

@rfm.simple_test
class Where(rfm.RunOnlyRegressionTest):
    valid_systems = ["*"]
    valid_prog_environs = ["*"]
    executable = "python"
    executable_opts = ["{work}/show.py"]

    @sanity_function
    def right(self):
        return sn.assert_found("^{desk.expected}$", self.stdout)
"""
    )
    began = time.monotonic()
    words = ("reframe", "-C", "settings.py", "-c", "where.py", "-r")
    assert "PASSED" in desk.inside(*words, cwd=work, handed_on=handed_on)
    assert time.monotonic() - began < 120
