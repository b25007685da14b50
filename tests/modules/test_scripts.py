"""`init --from SCRIPT`: exec gives the environment that the script itself made."""

import subprocess
import sys
from pathlib import Path

import pytest
from homes import MODULE_TOOLS, Home

FLAT = {
    "plain": "module load bioinfo-tools samtools/1.12\n",
    "purge": "module load python/3.6.8\nmodule purge\nml python/3.9.5 samtools/1.12\n",
    "swap": "module load python/3.6.8 samtools/1.12\nmodule swap python python/3.9.5\n",
    "unload": "module load bioinfo-tools samtools/1.12\nmodule unload bioinfo-tools\n",
    "folded": 'V=3.9.5\nMODS="bioinfo-tools samtools/1.12"\nmodule load $MODS "python/$V"\n',
    "again": "module load samtools/1.12 python/3.9.5\nmodule load bioinfo-tools samtools/1.12\n",
    "venv": "module load python/3.9.5\nsource env/bin/activate\nexport OMP_NUM_THREADS=8\n",
    "paths": "module load samtools/1.12\nexport PATH=$HOME/front:$PATH:/behind\nexport PYTHONPATH=$PYTHONPATH:$PWD/lib\n",
    "document": "cat <<E >/dev/null\nmodule load python/3.6.8\nE\nmodule load \\\n  samtools/1.12 >/dev/null 2>&1\n",
    "stays": "module load samtools/1.12\nexport A=$(echo x) B=1\nexport B=2\n",
}
HIERARCHY = {
    "toolchain": "module purge\nmodule load GCC/12.3.0 OpenMPI/4.1.5 SciPy-bundle/2023.07\n",
    "ml": "ml GCC/10.3.0 OpenMPI/4.1.1\nml Python/3.9.5 -OpenMPI\n",
}
CASES = [
    *((tool, "flat", name) for tool in MODULE_TOOLS for name in FLAT),
    *((tool, "hierarchy", name) for tool in MODULE_TOOLS for name in HIERARCHY),
]
COMPARED = [
    "LOADEDMODULES",
    "_LMFILES_",
    "PATH",
    "VIRTUAL_ENV",
    "PYTHONPATH",
    "LD_LIBRARY_PATH",
    "OMP_NUM_THREADS",
    "A",
    "B",
    "SAMTOOLS_ROOT",
    "BIOINFO_TOOLS",
    "PYTHON_ROOT",
    "EBROOTGCC",
    "EBROOTPYTHON",
]
SHOW = f'for n in {" ".join(COMPARED)}; do printf "%s=%s\\n" "$n" "${{!n-not set}}"; done'


@pytest.mark.parametrize(("tool", "tree", "name"), CASES)
def test_exec_gives_what_the_script_made(cluster: Home, tool: str, tree: str, name: str) -> None:
    root = cluster.folder / "p"
    root.mkdir()
    if name == "venv":
        make = "module load python/3.9.5; python -m venv --without-pip env"
        subprocess.run(["bash", "-c", make], check=True, cwd=root, env=cluster.env)
    lines = {**FLAT, **HIERARCHY}[name]
    script = root / "job.sh"
    script.write_text(f"#!/bin/bash\n{lines}{SHOW}\n")
    own = run(cluster, script)
    done = cluster.command("init", "--from", "job.sh", cwd=root)
    assert "not taken" not in done.stderr
    changed = cluster.command("init", "--diff", "--from", "job.sh", cwd=root).stdout
    subprocess.run(["patch", "-s", "-p0"], input=changed, text=True, check=True, cwd=root)
    assert "autoenv-hpc export" in script.read_text()
    assert run(cluster, script) == own


def run(home: Home, script: Path) -> str:
    """What the script prints, run as a batch system does."""
    done = subprocess.run(
        ["bash", script], env={**home.env, "PATH": f"{Path(sys.executable).parent}:{home.env['PATH']}"},
        cwd=script.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.replace("=:", "=")  # `X=$X:new` has an empty entry if X was not set
