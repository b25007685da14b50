"""Batch jobs on a real Slurm: from every context, for many at once, to the last signal."""

import os
import re
import subprocess
import time
from pathlib import Path

import pytest
from homes import CHECKOUT, COMMAND, Home
from slurm import Slurm
from trees import Tree, Trees

LMOD = pytest.mark.parametrize("tool", ["lmod"])
CONFIG = 'modules = ["python/3.9.5", "samtools/1.12"]\n[venv]\n'
SHOW = """python -c 'import os, sys; print(sys.prefix, os.environ["LOADEDMODULES"], os.environ.get("SAMTOOLS_ROOT"))'"""


class Desk:
    """A user at a login node: writes scripts, submits them, reads what they wrote."""

    def __init__(self, home: Home, slurm: Slurm, root: Path) -> None:
        self.home, self.slurm, self.root = home, slurm, root
        # as a user who has the command on PATH in each shell, set in a site's profile
        self.env = home.env | {"PATH": f"{os.path.dirname(COMMAND)}:{home.env['PATH']}"}
        self._number = 0

    def run(self, text: str, *options: str, wait: bool = True, **more: str) -> tuple[str, str]:
        """Submit a script; return the job's number and what it wrote."""
        self._number += 1
        if (
            "--export=NONE" in options
        ):  # Slurm takes HOME from the user database, which knows not ours
            text = text.replace("\n", f"\nexport HOME='{self.home.folder}'\n", 1)
        script = self.home.folder / f"job {self._number}.sh"
        script.write_text(text)
        out = self.home.folder / f"out-{self._number}"
        job = self.slurm.submit(
            script, f"--output={out}", *options, cwd=self.root, env=self.env | more
        )
        if not wait:
            return job, str(out)
        self.slurm.wait(job)
        return job, out.read_text() if out.exists() else ""


@pytest.fixture
def desk(cluster: Home, slurm: Slurm) -> Desk:
    """A project with modules and an environment that is built."""
    root = cluster.project(CONFIG, "project")
    cluster.command("prepare", cwd=root)
    cluster.login_with_modules()
    return Desk(cluster, slurm, root)


def expected(desk: Desk) -> str:
    """What SHOW prints in the project's environment."""
    return f"{desk.root}/.venv python/3.9.5:samtools/1.12 /opt/samtools\n"


@LMOD
@pytest.mark.parametrize(
    "shebang", ["#!/bin/bash", "#!/bin/sh", "#!/bin/bash -eu", "#!/bin/zsh", "#!/usr/bin/env bash"]
)
def test_from_each_kind_of_script(desk: Desk, tool: str, shebang: str) -> None:
    _, out = desk.run(f"{shebang}\n{COMMAND} exec -- {SHOW}\n")
    assert out == expected(desk)


@LMOD
@pytest.mark.parametrize("export", ["ALL", "NONE", "HOME", "ALL,LMOD_CMD=:", "ALL,MODULEPATH="])
def test_whatever_the_job_inherits(desk: Desk, tool: str, export: str) -> None:
    _, out = desk.run(f"#!/bin/bash\n{COMMAND} exec -- {SHOW}\n", f"--export={export}")
    assert out == expected(desk)


@LMOD
@pytest.mark.parametrize("export", ["ALL", "NONE"])
def test_by_a_shim(desk: Desk, tool: str, export: str) -> None:
    """As an engine does that is given the path of a shell: strict, and in its own folder."""
    bash = desk.home.command("shim", cwd=desk.root).stdout.splitlines()[1]
    task = desk.home.folder / "task"
    task.write_text(f"srun {SHOW}\npwd\nfalse | cat\necho on\n")
    script = f"#!/bin/sh\ncd /\n'{bash}' -euo pipefail '{task}'\necho $?\n"
    _, out = desk.run(script, f"--export={export}")
    assert out == f"{expected(desk)}/\n1\n"


@LMOD
def test_out_of_a_shell_in_which_something_else_is_active(desk: Desk, tool: str) -> None:
    other = desk.home.project(
        'modules = ["python/3.11.4"]\n[venv]\n[env]\nONLY_OTHER = "1"\n', "other"
    )
    script = desk.home.folder / "inherit.sh"
    script.write_text(
        f"#!/bin/bash\n{COMMAND} exec -C '{desk.root}' -- sh -c \"{SHOW.replace(chr(34), chr(92) + chr(34))}; echo ${{ONLY_OTHER-none}}\"\n".replace(
            "${", "\\${"
        )
    )
    for inside in (other, desk.root):
        here = desk.home.shell("bash", cwd=inside, env=desk.slurm.env)
        here.run(
            "export VIRTUAL_ENV=/foreign CONDA_PREFIX=/base CONDA_SHLVL=1 PATH=/foreign/bin:$PATH"
            if inside == desk.root
            else "true"
        )
        out = desk.home.folder / f"out-{inside.name}"
        job = here.output(f"sbatch --parsable --output={out} {script}").strip().splitlines()[-1]
        desk.slurm.wait(job)
        assert out.read_text() == expected(desk) + "none\n"


@LMOD
@pytest.mark.parametrize(
    ("line", "export"), [("exec -- srun", "ALL"), ("exec -- srun", "NONE"), ("srun exec --", "ALL")]
)
def test_all_ranks_have_the_environment(desk: Desk, tool: str, export: str, line: str) -> None:
    words = (
        f"{COMMAND} exec -- srun -l" if line.startswith("exec") else f"srun -l {COMMAND} exec --"
    )
    _, out = desk.run(f"#!/bin/bash\n{words} {SHOW}\n", "-N2", "--ntasks=8", f"--export={export}")
    lines = sorted(re.sub(r"^\d+: ", "", text) for text in out.splitlines())
    assert lines == [expected(desk).strip()] * 8


@LMOD
def test_the_project_is_where_the_job_was_submitted(desk: Desk, tool: str) -> None:
    _, out = desk.run(f"#!/bin/bash\ncd /\n{COMMAND} exec -- {SHOW}\n")
    assert out == expected(desk)
    _, out = desk.run(f"#!/bin/bash\n{COMMAND} exec -- pwd\n", "--chdir=/")
    assert out == "/\n"


@LMOD
def test_the_exit_status_and_the_time_limits_signal_are_the_programs(desk: Desk, tool: str) -> None:
    program = desk.root / "program.py"
    program.write_text(
        "import signal, sys, time\n"
        "def end(*_):\n    print('saved', flush=True)\n    sys.exit(7)\n"
        "signal.signal(signal.SIGTERM, end)\nprint('ready', flush=True)\ntime.sleep(300)\n"
    )
    job, out = desk.run(f"#!/bin/bash\nexec {COMMAND} exec -- python program.py\n", wait=False)
    end = time.monotonic() + 60
    while not (os.path.exists(out) and "ready" in Path(out).read_text()):
        assert time.monotonic() < end
        time.sleep(0.1)
    desk.slurm.cancel(job, "--signal=TERM", "--full")
    desk.slurm.wait(job)
    assert "saved" in Path(out).read_text()


@LMOD
def test_an_array_on_a_missing_environment_builds_one(
    cluster: Home, slurm: Slurm, tool: str
) -> None:
    root = cluster.project(CONFIG.replace("[venv]\n", '[venv]\npackages = ["numpy"]\n'), "array")
    desk = Desk(cluster, slurm, root)
    out = cluster.folder / "tasks"
    out.mkdir()
    script = f"#!/bin/bash\n{COMMAND} exec -- python -c 'import numpy, sys; print(sys.prefix)' > {out}/$SLURM_ARRAY_TASK_ID 2> {out}/$SLURM_ARRAY_TASK_ID.err\necho $? >> {out}/$SLURM_ARRAY_TASK_ID\n"
    desk.run(script, "--array=1-200")
    results = [path.read_text() for path in out.iterdir() if path.suffix != ".err"]
    assert results == [f"{root}/.venv\n0\n"] * 200
    said = [path.read_text() for path in out.glob("*.err")]
    assert sum("building" in text for text in said) == 1
    waits = [line for text in said for line in text.splitlines() if "waiting for" in line]
    assert all(
        re.search(
            r"waiting for (process \d+( on \S+, job \d+)?|another process), which (builds|enters)",
            line,
        )
        for line in waits
    )


@LMOD
def test_a_cancelled_builder_is_followed_by_another(cluster: Home, slurm: Slurm, tool: str) -> None:
    root = cluster.project(
        'modules = ["python/3.9.5"]\n[venv]\npackages = ["./slow"]\npip-args = ["--no-build-isolation"]\n',
        "cancelled",
    )
    (root / "slow").mkdir()
    setup = "import os, time\nfrom setuptools import setup\nif not os.path.exists(os.environ['GO']):\n    open(os.environ['GO'] + '.started', 'w').close()\n    time.sleep(300)\nsetup(name='slow', version='1', py_modules=[])\n"
    (root / "slow/setup.py").write_text(setup)
    desk = Desk(cluster, slurm, root)
    go = cluster.folder / "go"
    script = f"#!/bin/bash\n{COMMAND} exec -- python -c 'import sys; print(sys.prefix)'\n"
    first, _ = desk.run(script, wait=False, GO=str(go))
    end = time.monotonic() + 60
    while not os.path.exists(f"{go}.started"):
        assert time.monotonic() < end
        time.sleep(0.1)
    second, out = desk.run(script, wait=False, GO=str(go))
    go.touch()
    slurm.cancel(first)
    slurm.wait(second)
    assert Path(out).read_text().splitlines()[-1] == f"{root}/.venv"


@LMOD
def test_what_cannot_be_had_ends_with_125(desk: Desk, tool: str) -> None:
    (desk.root / ".hpcenv.toml").write_text(CONFIG + "# edited\n")
    _, out = desk.run(f"#!/bin/bash\n{COMMAND} exec -- echo started; echo $?\n")
    assert out.splitlines()[-1] == "125"
    assert "autoenv-hpc allow" in out
    assert "started" not in out


@LMOD
def test_an_environment_on_the_nodes_own_disk_needs_no_network(
    cluster: Home, slurm: Slurm, tool: str, wheelhouse: Path
) -> None:
    config = f'modules = ["python/3.9.5"]\n[venv]\npath = "$SLURM_TMPDIR/env"\npackages = ["spacy"]\npip-args = ["--no-index", "--find-links", "{wheelhouse}"]\n'
    desk = Desk(cluster, slurm, cluster.project(config, "local"))
    local = cluster.folder / "local disk"
    text = f"#!/bin/bash\nexport SLURM_TMPDIR='{local}'/$SLURM_JOB_ID; mkdir -p \"$SLURM_TMPDIR\"\nsrun -l {COMMAND} exec -- python -c 'import spacy, sys; print(sys.prefix)'\n"
    job, out = desk.run(text, "--ntasks=6")
    assert out.count("building") == 1
    prefixes = [line.split(": ", 1)[1] for line in out.splitlines() if "autoenv-hpc:" not in line]
    assert prefixes == [f"{local}/{job}/env"] * 6


CENTRES = {
    "uppmax": ("rackham", "flat", ["python/3.9.5"], "venv"),
    "hpc2n": (
        "kebnekaise",
        "hierarchy",
        ["GCC/10.3.0", "OpenMPI/4.1.1", "Python/3.9.5"],
        "virtualenv",
    ),
    "nsc": (
        "tetralith",
        "nsc",
        ["buildtool-easybuild/4.8.0-hpce082752a2", "GCC/13.2.0", "Python/3.11.5"],
        "venv",
    ),
    "pdc": ("dardel", "pdc", ["PDC/23.12", "cray-python/3.11.5"], "venv"),
    "c3se": ("alvis", "c3se", ["Python/3.10.8-GCCcore-12.2.0"], "virtualenv"),
    "lunarc": ("cosmos", "lunarc", ["GCCcore/12.3.0", "Python/3.11.3"], "venv"),
}


@pytest.fixture(scope="module")
def centres(
    module_trees: dict[str, Trees], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """The trees of six Swedish centres, as far as their users' job scripts go."""
    made = {
        "flat": module_trees["lmod"].flat.folder,
        "hierarchy": module_trees["lmod"].hierarchy.folder,
    }
    folder = tmp_path_factory.mktemp("centres")
    python = module_trees["lmod"].software.python("3.11.4", virtualenv=True)[0]
    bring = [("prepend", "PATH", f"{python}/bin")]
    for name, (_, tree, modules, _) in CENTRES.items():
        if tree in made:
            continue
        here = Tree(folder / name / "modules", "lua")
        for number, module in enumerate(modules):
            inner = here.inner("behind", str(number))
            is_last = module == modules[-1]
            here.module(module, *(bring if is_last else [("use", str(inner.folder))]))
            here = here if is_last else inner
        made[tree] = folder / name / "modules"
    return made


@LMOD
def test_one_project_at_six_centres(
    cluster: Home, slurm: Slurm, tool: str, centres: dict[str, Path]
) -> None:
    tables = "".join(
        f'[site.{name}]\nmodules = {modules}\n[site.{name}.venv]\nbackend = "{backend}"\n'
        for name, (_, _, modules, backend) in CENTRES.items()
    )
    root = cluster.project('[venv]\npath = ".venv-{site}"\n' + tables.replace("'", '"'), "six")
    desk = Desk(cluster, slurm, root)
    for name, (machine, tree, modules, _) in CENTRES.items():
        desk.env |= {"SNIC_RESOURCE": machine, "MODULEPATH": str(centres[tree])}
        _, out = desk.run(f"#!/bin/bash\n{COMMAND} exec -- {SHOW}\n")
        prefix, loaded = out.splitlines()[-1].split(" ")[:2]
        assert prefix == f"{root}/.venv-{name}"
        assert set(modules) <= set(loaded.split(":"))


PAGES = [CHECKOUT / f"docs/how-to/{name}.md" for name in ("batch-jobs", "arrays-and-ranks")]
BLOCKS = [
    b for page in PAGES for b in re.findall(r"```bash\n(.*?)```", page.read_text(), re.DOTALL)
]


@LMOD
@pytest.mark.parametrize("tree", ["hierarchy"])
def test_each_script_of_the_documentation_runs(
    cluster: Home, slurm: Slurm, tool: str, tree: str
) -> None:
    modules = '["GCC/10.3.0", "OpenMPI/4.1.1", "Python/3.9.5", "SciPy-bundle/2021.05"]'
    root = cluster.project(f'modules = {modules}\n[venv]\nbackend = "virtualenv"\n', "documented")
    for name in ("train.py", "mpi.py"):
        (root / name).write_text("import numpy, sys; print(sys.prefix, numpy.__version__)\n")
    cluster.command("prepare", cwd=root)
    desk = Desk(cluster, slurm, root)
    expected = f"{root}/.venv 1.20.3"
    assert len(BLOCKS) == 7
    for block in BLOCKS:
        script = block.replace("/proj/nobackup/mine/vpyenv", f"{root}/.venv").replace(
            "01:00:00", "1"
        )
        if script.startswith("#!"):
            (root / "job.sh").write_text(script)
            _, out = desk.run(script)
            assert set(out.splitlines()) == {expected}
            continue
        env = desk.env | slurm.env
        done = subprocess.run(
            ["bash", "-c", script], cwd=root, env=env, check=True, capture_output=True, text=True
        )
        if "sbatch" in script:
            job = done.stdout.split()[-1]
            slurm.wait(job)
            assert (root / f"slurm-{job}.out").read_text().splitlines() == [expected]
        else:
            line = "source ./environment.sh; python train.py"
            bare = {"PATH": "/usr/bin:/bin", "HOME": "/"}
            out = subprocess.run(
                ["bash", "-c", line], cwd=root, env=bare, check=True, capture_output=True, text=True
            ).stdout
            assert out == f"{expected}\n"
