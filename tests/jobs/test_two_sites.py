"""The course's own commands at its two sites: each row of `docs/how-to/two-sites.md`, both ways.

A row is a heading with steps. A step is what the course types in a new login (```sh), the
`.hpcenv.toml` by then, and what is typed in the project (```sh with `autoenv-hpc` in it).

Each row runs under one of the two module tools, in turn; under both with
`TWO_SITES=both make test PYTEST=tests/test_two_sites.py`.
"""

import json
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import conda_channel
import conda_program
import pytest
import trees
from environments import FOUND, nearest
from homes import CHECKOUT, COMMAND, MODULE_TOOLS, SHELLS, Home
from sessions import Shell
from slurm import Slurm

PAGE = CHECKOUT / "docs/how-to/two-sites.md"
WORK = "python train.py"
# Which Python runs, what it can import, and what else the course would look at.
TRAIN = """\
import importlib, json, os, subprocess, sys
found = {}
for name in ("numpy", "scipy", "pandas", "matplotlib", "sklearn", "spacy", "seaborn", "own"):
    try:
        found[name] = importlib.import_module(name).__version__
    except ImportError:
        pass
pip = subprocess.Popen("pip list", shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
listed = pip.communicate()[0].decode()
print(json.dumps([sys.prefix, sys.version, os.environ.get("LOADEDMODULES", ""), found, listed]))
"""
SETUP = """\
try:
    from distutils.core import setup
except ImportError:
    from setuptools import setup
setup(name="own", version="1.0", packages=["own"])
"""


class Step(NamedTuple):
    """What one login types, and what stands for it."""

    typed: str
    config: str = ""
    now: str = ""


class Row(NamedTuple):
    """One row of the page."""

    site: str
    steps: tuple[Step, ...]
    requirements: str | None = None

    @property
    def tree(self) -> str:
        return "hierarchy" if "GCC" in self.steps[0].typed else "flat"


def read(page: str) -> dict[str, Row]:
    """The rows by their headings."""
    rows = {}
    for chapter in page.split("\n## ")[1:]:
        site, *sections = chapter.split("\n### ")
        for section in sections:
            steps: list[Step] = []
            requirements = None
            for language, text in re.findall(
                r"^```(.*?)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL
            ):
                block = _as_here(text)
                if language == "text":
                    requirements = block
                elif language == "toml":
                    steps[-1] = steps[-1]._replace(config=block)
                elif "autoenv-hpc" in block:
                    steps[-1] = steps[-1]._replace(now=block)
                else:
                    steps.append(Step(block, steps[-1].config if steps else ""))
            name = re.sub(r"\W+", "-", section.partition("\n")[0].lower()).strip("-")
            rows[name] = Row(site.partition("\n")[0], tuple(steps), requirements)
    return rows


def _as_here(text: str) -> str:
    """With the numbers of the Pythons that this machine has instead."""
    return text.replace("/python3.9/", f"/python{nearest('3.9')}/").replace("3.10", nearest("3.10"))


ROWS = read(PAGE.read_text())
BATCH = [name for name, row in ROWS.items() if "#!" in row.steps[-1].typed]
TOOLS = 2 if os.environ.get("TWO_SITES") == "both" else 1  # that each row runs under
SITES = {"At UPPMAX": "rackham", "At HPC2N": "kebnekaise", "At both": ""}


def under_tools(names: Iterable[str]) -> list[tuple[str, str, str]]:
    """The rows, each with its tree and a module tool that it runs under."""
    return [
        (tool, name, ROWS[name].tree)
        for i, name in enumerate(names)
        for tool in (*MODULE_TOOLS, *MODULE_TOOLS)[i % 2 :][:TOOLS]
    ]


def test_nothing_stands_on_the_page_that_is_not_run() -> None:
    page = PAGE.read_text()
    assert page.count("\n```") == 2 * sum(
        bool(part) for row in ROWS.values() for part in (row.requirements, *_blocks(row))
    )
    assert page.count("\n### ") == len(ROWS)
    assert all(step.typed and step.config for row in ROWS.values() for step in row.steps)


def test_what_the_table_says_is_taken_from_the_rows() -> None:
    for line in re.findall(r"^\| `.*\|$", PAGE.read_text(), re.MULTILINE):
        typed, written = (re.findall("`(.+?)`", cell) for cell in line.strip("|").split(" | "))
        if "no key: " in line:
            written = [word for word in written if word.startswith("autoenv-hpc")]
        assert any(
            all(word in _as_here(step.typed) for word in map(_as_here, typed))
            and all(_as_here(word) in step.config + step.now for word in written)
            for row in ROWS.values()
            for step in row.steps
        ), line


def _blocks(row: Row) -> list[str]:
    before = ("", *(step.config for step in row.steps))
    configs = [s.config for s, was in zip(row.steps, before, strict=False) if s.config != was]
    return [*configs, *(s.typed for s in row.steps), *(s.now for s in row.steps)]


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course's packages in each version that it names."""
    folder = tmp_path_factory.mktemp("wheels")
    trees.wheels(folder, {"numpy": "1.15.4", "matplotlib": "2.2.2", "pandas": "1.1.2"})
    trees.wheels(folder, {"numpy": "1.18.1", "matplotlib": "3.1.3", "scipy": "1.6.2"})
    return trees.wheels(folder, {"spacy": "3.0.6", "seaborn": "0.11.2"})


@pytest.fixture(scope="session")
def conda(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A conda, with the script that defines its function for bash."""
    folder = tmp_path_factory.mktemp("conda")
    channel = conda_channel.make(folder / "channel", Path(sys.executable))
    made = conda_program.install(folder / "root", channel.url)
    profile = made.root / "etc/profile.d/conda.sh"
    profile.parent.mkdir(parents=True)
    profile.write_text(
        'conda() { case $1 in activate) eval "$(command conda shell.posix "$@")" ;; *) command conda "$@" ;; esac; }\n'
    )
    (made.root / "bin/conda_init.sh").symlink_to(profile)
    return made.root


class Sides(NamedTuple):
    """The same user twice: one types what the course says, one has the tool."""

    cluster: Home
    row: Row
    byhand: Path

    def here(self, text: str, home: Path) -> str:
        """A text of the page with the sites' project storage in a home."""
        return text.replace("/proj/", f"{home}/proj/")

    def typed(self, text: str) -> list[object]:
        """What the course types, in a new login shell."""
        shell = self.cluster.shell("bash", cwd=self.byhand / "project")
        shell.run(f"export HOME='{self.byhand}'")
        found = worked(shell, self.here(text, self.byhand))
        text = json.dumps(found).replace(str(self.byhand), str(self.cluster.folder))
        return list(json.loads(text))

    def configured(self, text: str) -> Path:
        """The project's folder, with a configuration."""
        return self.cluster.project(self.here(text, self.cluster.folder), "project")


def worked(shell: Shell, text: str) -> list[object]:
    """Type lines; the last one does the work, and tells."""
    *before, last = [*text.splitlines(), *([] if text.endswith(f"{WORK}\n") else [WORK])]
    for line in before:
        status = "status" if shell.name == "fish" else "?"
        said = shell.output(f"{line}; echo ${status}")
        assert said.splitlines()[-1] == "0", f"{line}: {said}"
    said = shell.output(last)
    assert said.splitlines()[-1:], f"{last} said nothing"
    return list(json.loads(said.splitlines()[-1]))


@pytest.fixture
def sides(cluster: Home, row: str, tool: str, conda: Path) -> Sides:
    """Two homes with what a user of the course has in them."""
    chosen = ROWS[row]
    more = trees.Tree(cluster.folder / "modules", "lua" if tool == "lmod" else "tcl")
    for name in ("conda/latest", "Anaconda3/2021.05"):
        more.module(
            name, ("prepend", "PATH", f"{conda}/bin"), ("setenv", "EBROOTANACONDA3", str(conda))
        )
    cluster.env["MODULEPATH"] += f":{more.folder}"
    if SITES[chosen.site]:
        cluster.env["SNIC_RESOURCE"] = SITES[chosen.site]
    for home in (cluster.folder, cluster.folder / "byhand"):
        source = home / "project/own-1.0"
        (source / "own").mkdir(parents=True)
        (source / "setup.py").write_text(SETUP)
        (source / "own/__init__.py").write_text("__version__ = '1.0'\n")
        (home / "project/train.py").write_text(TRAIN)
        if chosen.requirements:
            (home / "project/requirements.txt").write_text(chosen.requirements)
        for version, program in FOUND.items():
            number = ".".join(map(str, version))
            folder = home / f".pyenv/versions/{number}.13/bin"
            folder.mkdir(parents=True)
            for name in ("python", f"python{number}"):
                (folder / name).symlink_to(program)
    return Sides(cluster, chosen, cluster.folder / "byhand")


@pytest.mark.parametrize(("tool", "row", "tree"), under_tools(ROWS))
def test_the_same_as_typed_by_hand(sides: Sides, tool: str, row: Row, tree: str) -> None:
    cluster = sides.cluster
    for step in (step for step in sides.row.steps if "#!" not in step.typed):
        expected = sides.typed(step.typed)
        root = sides.configured(step.config)
        written = root / "requirements.txt"
        for name in SHELLS:
            here = cluster.shell(name)
            before = here.env()
            shown = here.run("cd ~/project")
            if name == SHELLS[0]:
                is_against = "conda" in step.config and "HPC2N" in sides.row.site
                assert ("recommends" in shown) == is_against
            if 'prompt = "Example"' in step.config:
                assert "(Example) " in here.run("true"), shown
            assert worked(here, sides.here(step.now, cluster.folder)) == expected
            assert not here.env().get("PYTHONPATH", "").startswith(":")
            if written.exists():
                assert written.read_text() == (sides.byhand / "project" / written.name).read_text()
            here.run("deactivate")
            assert here.env() == before
            here.run("cd ~")
            here.run("cd ~/project")
            assert here.env()["AUTOENV_HPC_ROOT"] == str(root)
            here.run("cd ~")
            assert here.env() == before
        if " exec --env " not in step.now:
            done = cluster.command("exec", "-C", str(root), "--", *WORK.split(), cwd=root)
            assert json.loads(done.stdout) == expected


@pytest.mark.parametrize(("tool", "row", "tree"), under_tools(BATCH))
def test_a_job_finds_the_same_as_by_its_old_script(
    sides: Sides, slurm: Slurm, tool: str, row: Row, tree: str
) -> None:
    create, batch = sides.row.steps
    env = sides.cluster.env | {"PATH": f"{Path(COMMAND).parent}:{sides.cluster.env['PATH']}"}
    sides.typed(create.typed)
    root = sides.configured(create.config)
    sides.cluster.command("prepare", cwd=root)
    found = []
    for script, folder in ((batch.typed, sides.byhand / "project"), (batch.now, root)):
        (folder / "job.sh").write_text(script)
        slurm.wait(slurm.submit(folder / "job.sh", "--output=out", cwd=folder, env=env))
        # Environment Modules tells on stderr, which is the same file, what it loads besides.
        told = (folder / "out").read_text().splitlines()[-1]
        found.append(json.loads(told.replace(str(sides.byhand), str(sides.cluster.folder))))
    assert found[0] == found[1]
    assert found[0][3]["spacy"] == "3.0.6"


@pytest.mark.parametrize("tool", MODULE_TOOLS)
@pytest.mark.parametrize("tree", ["hierarchy"])
def test_created_under_few_modules_used_under_many(cluster: Home, tool: str, tree: str) -> None:
    few = 'modules = ["GCCcore/10.3.0", "Python/3.9.5"]\n[venv]\nbackend = "virtualenv"\npath = "~/vpyenv"\n'
    many = few.replace(
        '"GCCcore/10.3.0", "Python/3.9.5"',
        '"GCC/10.3.0", "OpenMPI/4.1.1", "Python/3.9.5", "SciPy-bundle/2021.05"',
    )
    first, second = cluster.project(few, "first"), cluster.project(many, "second")
    cluster.command("prepare", cwd=first)
    done = cluster.command(
        "exec", "-C", str(second), "--", "python", "-c", "import numpy, sys; print(sys.prefix)"
    )
    assert done.stdout == f"{cluster.folder}/vpyenv\n"
    assert "building" not in done.stderr


@pytest.mark.parametrize("tool", MODULE_TOOLS)
@pytest.mark.parametrize("tree", ["hierarchy"])
def test_one_file_for_two_sites(cluster: Home, tool: str, tree: str) -> None:
    root = cluster.project(
        'modules = ["python/3.9.5"]\n[venv]\npath = ".venv-{site}"\n'
        '[site.uppmax]\n[site.hpc2n]\nmatch = { env = { SNIC_RESOURCE = ["kebnekaise"] } }\n'
        'modules = ["GCCcore/10.3.0", "Python/3.9.5"]\n[site.hpc2n.venv]\nbackend = "virtualenv"\n'
    )
    show = ("/bin/sh", "-c", 'echo "$AUTOENV_HPC_SITE $LOADEDMODULES $VIRTUAL_ENV"')
    out = cluster.command("exec", "-C", str(root), "--", *show, SNIC_RESOURCE="kebnekaise").stdout
    assert out == f"hpc2n GCCcore/10.3.0:Python/3.9.5 {root}/.venv-hpc2n\n"
    said = cluster.command(
        "exec", "-C", str(root), "--", *show, status=125, SNIC_RESOURCE="rackham"
    ).stderr
    assert "cannot load python/3.9.5" in said
    said = cluster.command(
        "prepare", "--site", "uppmax", cwd=root, status=1, SNIC_RESOURCE="kebnekaise"
    ).stderr
    assert "these are the modules of uppmax, and this may be another site" in said
