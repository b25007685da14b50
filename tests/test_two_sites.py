"""The course's own commands at its two sites: typed by hand, and by their `.hpcenv.toml`."""

import json
from typing import NamedTuple

import pytest
from conftest import MODULE_TOOLS, SHELLS
from sessions import Shell

REPORT = (
    "import sys, json, importlib\n"
    "found = {}\n"
    "for name in ('numpy', 'scipy', 'pandas', 'matplotlib', 'sklearn', 'spacy', 'seaborn', 'own'):\n"
    "    try: found[name] = importlib.import_module(name).__version__\n"
    "    except ImportError: pass\n"
    "print(json.dumps([sys.prefix, sys.version_info[:2], found]))\n"
)


class Recipe(NamedTuple):
    """What the course types, and the project that stands for it."""

    tree: str
    typed: tuple[str, ...]  # in bash; {prefix} is where the environment goes
    config: str
    path: str = "{root}/{name}"


RECIPES = {
    "uppmax-default": Recipe(
        "flat",
        ("module load python/3.9.5", "python -m venv --system-site-packages Example", "source Example/bin/activate",
         "pip install numpy==1.15.4 matplotlib==2.2.2"),
        'modules = ["python/3.9.5"]\n[venv]\npath = "Example"\nsystem-site-packages = true\n'
        'packages = ["numpy==1.15.4", "matplotlib==2.2.2"]\n',
    ),
    "uppmax-3.6": Recipe(
        "flat",
        ("module load python/3.6.8", "python -m venv --system-site-packages ~/test/Example", "source ~/test/Example/bin/activate",
         "pip install spacy seaborn"),
        'modules = ["python/3.6.8"]\n[venv]\npath = "~/test/Example"\nsystem-site-packages = true\npackages = ["spacy", "seaborn"]\n',
    ),
    "uppmax-project": Recipe(
        "flat",
        ("module load python/3.9.5", "python -m venv ~/proj/nobackup/$USER/venv-python-course",
         "source ~/proj/nobackup/$USER/venv-python-course/bin/activate"),
        'modules = ["python/3.9.5"]\n[venv]\npath = "~/proj/nobackup/$USER/venv-python-course"\n',
    ),
    "uppmax-ml": Recipe(
        "flat",
        ("module load python_ML_packages/3.9.5-cpu", "python -m venv --system-site-packages Example", "source Example/bin/activate"),
        'modules = ["python_ML_packages/3.9.5-cpu"]\n[venv]\npath = "Example"\nsystem-site-packages = true\n',
    ),
    "hpc2n-create": Recipe(
        "hierarchy",
        ("module load GCCcore/10.3.0 Python/3.9.5", "virtualenv --system-site-packages vpyenv", "source vpyenv/bin/activate"),
        'modules = ["GCCcore/10.3.0", "Python/3.9.5"]\n[venv]\nbackend = "virtualenv"\npath = "vpyenv"\nsystem-site-packages = true\n',
    ),
    "hpc2n-work": Recipe(
        "hierarchy",
        ("module load GCC/10.3.0 OpenMPI/4.1.1 Python/3.9.5 SciPy-bundle/2021.05 matplotlib/3.4.2",
         "virtualenv --system-site-packages vpyenv", "source vpyenv/bin/activate",
         "pip install --no-cache-dir --no-build-isolation spacy", "pip install --no-cache-dir --no-build-isolation seaborn"),
        'modules = ["GCC/10.3.0", "OpenMPI/4.1.1", "Python/3.9.5", "SciPy-bundle/2021.05", "matplotlib/3.4.2"]\n'
        '[venv]\nbackend = "virtualenv"\npath = "vpyenv"\nsystem-site-packages = true\npackages = ["spacy", "seaborn"]\n'
        'pip-args = ["--no-cache-dir", "--no-build-isolation"]\n',
    ),
    "hpc2n-newer": Recipe(
        "hierarchy",
        ("module load GCC/12.3.0 OpenMPI/4.1.5 Python/3.11.3 SciPy-bundle/2023.07", "virtualenv --system-site-packages vpyenv",
         "source vpyenv/bin/activate"),
        'modules = ["GCC/12.3.0", "OpenMPI/4.1.5", "Python/3.11.3", "SciPy-bundle/2023.07"]\n'
        '[venv]\nbackend = "virtualenv"\npath = "vpyenv"\nsystem-site-packages = true\n',
    ),
    "prefix": Recipe(
        "flat",
        ("module load python/3.9.5",
         "V=$(python -c 'import sys; print(\"%d.%d\" % sys.version_info[:2])')",
         "mkdir -p ~/own/lib/python$V/site-packages && echo '__version__ = \"1\"' > ~/own/lib/python$V/site-packages/own.py",
         "export PYTHONPATH=$PYTHONPATH:$HOME/own/lib/python$V/site-packages"),
        'modules = ["python/3.9.5"]\n[paths]\nPYTHONPATH = { append = ["~/own/lib/python{python}/site-packages"] }\n',
    ),
}  # fmt: skip


def state(here: Shell, folder: str) -> tuple[object, str]:
    """Which Python runs, what it can import, and the loaded modules."""
    here.run(f"cp ~/report.py {folder}")
    found = json.loads(here.output("python ~/report.py").splitlines()[-1])
    return found, here.env().get("LOADEDMODULES", "")


@pytest.mark.parametrize("tool", MODULE_TOOLS)
@pytest.mark.parametrize(
    ("recipe", "tree"), [(name, recipe.tree) for name, recipe in RECIPES.items()]
)
def test_the_same_as_typed_by_hand(cluster, tool, recipe, tree):
    (cluster.home / "report.py").write_text(REPORT)
    root = cluster.project(RECIPES[recipe].config, "project")
    typed = cluster.shell("bash")
    typed.run("mkdir ~/byhand && cd ~/byhand")
    for line in RECIPES[recipe].typed:
        typed.run(line)
    (prefix, version, packages), modules = state(typed, ".")
    expected = prefix.replace(str(cluster.home / "byhand"), str(root))
    for shell in SHELLS:
        here = cluster.shell(shell)
        here.run("cd ~/project")
        assert state(here, ".") == ([expected, version, packages], modules)
        if "pip install" in " ".join(RECIPES[recipe].typed):
            assert here.output("python -m pip list --disable-pip-version-check") == (
                typed.output("python -m pip list --disable-pip-version-check")
            )
        here.run("cd ~")
        assert "VIRTUAL_ENV" not in here.env()


@pytest.mark.parametrize("tool", MODULE_TOOLS)
@pytest.mark.parametrize("tree", ["hierarchy"])
def test_created_under_few_modules_used_under_many(cluster, tool, tree):
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
    assert done.stdout == f"{cluster.home}/vpyenv\n"
    assert "building" not in done.stderr


@pytest.mark.parametrize("tool", MODULE_TOOLS)
@pytest.mark.parametrize("tree", ["hierarchy"])
def test_one_file_for_two_sites(cluster, tool, tree):
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
    assert "these are the modules of uppmax, and here may be another site" in said
