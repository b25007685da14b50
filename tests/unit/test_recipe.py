"""Batch scripts are read as a shell reads them, and what cannot be taken is noted with its line."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoenv_hpc.project import schema
from autoenv_hpc.scripts import drafting, recipe
from autoenv_hpc.scripts.drafting import Script
from autoenv_hpc.scripts.lexer import Unreadable


def drafted(text: str) -> dict[str, object]:
    """The configuration that one script becomes."""
    return tomllib.loads(drafting.draft([Script("job.sh", text, recipe.read(text))]).text)


def noted(text: str) -> list[int]:
    """The lines with a note."""
    return [note.line for note in recipe.read(text).notes]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("module load a/1 b/2", {"modules": ["a/1", "b/2"]}),
        ("module add a/1\nml b/2 c/3", {"modules": ["a/1", "b/2", "c/3"]}),
        ("export A='x\x7fy'", {"env": {"A": "x\x7fy"}}),
        ("module -q load --auto a/1 >/dev/null 2>&1", {"modules": ["a/1"]}),
        ("module load a/1 \\\n    b/2\r\nmodule load c/3\r\n", {"modules": ["a/1", "b/2", "c/3"]}),
        ("# module load no/1\necho module load no/2\nmodule load a/1 # no/3", {"modules": ["a/1"]}),
        ("cat <<'E' >f\nmodule load no/1\nE\nmodule load a/1", {"modules": ["a/1"]}),
        ("cat <<-E\n\tmodule load no/1\n\tE\nmodule load a/1", {"modules": ["a/1"]}),
        ('echo "module load no/1\n" && module load a/1', {"modules": ["a/1"]}),
        ("module load a/1; module purge; module load b/2", {"modules": ["b/2"], "module-policy": "purge"}),
        ("module reset\nmodule load a/1", {"modules": ["a/1"], "module-policy": "reset"}),
        ("module load a/1 b/2\nmodule unload a", {"modules": ["b/2"]}),
        ("module load a/1 b/2\nmodule swap a/1 c/3", {"modules": ["b/2", "c/3"]}),
        ("ml a/1 b/2\nml -a c/3", {"modules": ["b/2", "c/3"]}),
        ("module load a/1\nmodule swap a/2", {"modules": ["a/2"]}),
        ("module use /x /y\nmodule use -a /z\nmodule load a/1", {"module-paths": ["/x", "/y", "/z"], "modules": ["a/1"]}),
        ('V=1.2\nmodule load a/$V "b/${V}"', {"modules": ["a/1.2", "b/1.2"]}),
        ("M='a/1 b/2'\nmodule load $M", {"modules": ["a/1", "b/2"]}),
        ("module load a/1 || exit 1", {"modules": ["a/1"]}),
        ("module purge && module load a/1 && source e/bin/activate", {"modules": ["a/1"], "module-policy": "purge", "venv": {"path": "e"}}),
        ("source /etc/profile.d/modules.sh\n. /usr/share/lmod/lmod/init/bash\nmodule load a/1", {"modules": ["a/1"]}),
        ("module list; module avail; ml; module load a/1", {"modules": ["a/1"]}),
        ("source env/bin/activate", {"venv": {"path": "env"}}),
        ("cd $SLURM_SUBMIT_DIR\n. ../env/bin/activate", {"venv": {"path": "../env"}}),
        ("source $HOME/env/bin/activate", {"venv": {"path": "${HOME}/env"}}),
        ('source "${SLURM_TMPDIR}/env/bin/activate"', {"venv": {"path": "${SLURM_TMPDIR}/env"}}),
        ("cd /proj/x\nsource env/bin/activate", {"venv": {"path": "/proj/x/env"}}),
        ('eval "$(conda shell.bash hook)"\nconda activate tf', {"venv": {"path": "tf", "backend": "conda"}}),
        ("source activate /proj/env", {"venv": {"path": "/proj/env", "backend": "conda"}}),
        ("source ~/miniconda3/bin/activate tf", {"venv": {"path": "tf", "backend": "conda"}}),
        (
            "virtualenv --no-download $SLURM_TMPDIR/e\nsource $SLURM_TMPDIR/e/bin/activate\npip install --no-index numpy -r requirements.txt",
            {"venv": {"path": "${SLURM_TMPDIR}/e", "backend": "virtualenv", "requirements": ["requirements.txt"],
                      "packages": ["numpy"], "pip-args": ["--no-index"]}},
        ),
        (
            "python3 -m venv --system-site-packages e\nsource e/bin/activate\npip install --upgrade pip\npython -m pip install 'a>=1'",
            {"venv": {"path": "e", "system-site-packages": True, "packages": ["a>=1"]}},
        ),
        ("export OMP_NUM_THREADS=8\nmodule load a/1", {"modules": ["a/1"], "env": {"OMP_NUM_THREADS": "8"}}),
        ("export PATH=/x/bin:$PATH:/y", {"paths": {"PATH": {"prepend": ["/x/bin"], "append": ["/y"]}}}),
        ("PATH=$PATH:$HOME/bin", {"paths": {"PATH": {"append": ["${HOME}/bin"]}}}),
        ("export PYTHONPATH=$PYTHONPATH:$PWD/lib", {"paths": {"PYTHONPATH": {"append": ["lib"]}}}),
        # what only the script knows stays there
        ("export A=$SLURM_JOB_ID\nexport B=$(hostname)\nexport C=1 D=2", {}),
        ("export N=1\nsrun x\nexport N=2\nsrun x", {}),
        ("export N=1\nN=4 srun x", {}),
        ("export N=1\nfor i in 1 2; do export N=$i; srun x; done", {}),
    ],
)  # fmt: skip
def test_what_a_script_asks_for(script: str, expected: dict[str, object]) -> None:
    found = drafted(f"#!/bin/bash\n{script}\n")
    assert found == expected
    assert schema.faults(found, above=False) == []


@pytest.mark.parametrize(
    ("script", "line"),
    [
        ("if true; then\n  module load a/1\nfi", 3),
        ("case $x in\n  a) module load a/1 ;;\nesac", 3),
        ("f() {\n  module load a/1\n}", 3),
        ("function f {\n  module load a/1\n}", 3),
        ("(\nmodule load a/1\n)", 3),
        ("test -d x && module load a/1", 2),
        ("module load a/1 || module load b/1", 2),
        ("module load $FROM_OUTSIDE", 2),
        ("module load python", 2),
        ("module restore mine", 2),
        ("source setup.sh", 2),
        ("source $(dirname $0)/env/bin/activate", 2),
        ("D=$(pwd)/x\nsource $D/bin/activate", 3),
        ("source e/bin/activate\nmodule load a/1", 3),
        ("module load a/1\nsrun x\nmodule load b/1", 4),
        ("export PATH=/only/mine", 2),
        ("conda create -n x python", 2),
        ("mamba env update -f x.yml", 2),
        ("pip install numpy", 2),
        ('eval "$(setup)"', 2),
    ],
)
def test_what_cannot_be_taken_is_noted(script: str, line: int) -> None:
    assert line in noted(f"#!/bin/bash\n{script}\n")


def test_what_a_script_does_with_other_environments_is_its_own_work() -> None:
    assert noted("#!/bin/bash\nconda activate x\nconda env list\nmamba env remove -n y\n") == []


def test_a_group_runs_like_the_lines_around_it() -> None:
    assert drafted("{ module load a/1; }\n") == {"modules": ["a/1"]}


@pytest.mark.parametrize(
    "text",
    [
        "#!/bin/csh\nmodule load a/1\n",
        "#!/usr/bin/env python3\n",
        "echo 'no end\n",
        "$( (\n",
        '"${' * 1000,
    ],
)
def test_what_is_no_such_script_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        recipe.read(text)


def test_several_scripts_share_what_they_have_in_common() -> None:
    scripts = [
        Script(name, text, recipe.read(text))
        for name, text in (
            ("a.sh", "module purge\nmodule load x/1\nsource e/bin/activate\n"),
            ("jobs/b one.sh", "module purge\nmodule load x/2\nsource e/bin/activate\n"),
            ("c.sh", "module purge\nmodule load x/1\nsource e/bin/activate\npython c.py\n"),
        )
    ]
    found = drafting.draft(scripts)
    assert tomllib.loads(found.text) == {
        "module-policy": "purge",
        "venv": {"path": "e"},
        "default-env": "a",
        "envs": {"a": {"modules": ["x/1"]}, "b-one": {"modules": ["x/2"]}},
    }
    assert found.messages == ("[envs.a] is for a.sh, c.sh", "[envs.b-one] is for b one.sh")
    assert drafting.replaced(scripts) == [
        'eval "$(autoenv-hpc export)"\n',
        'eval "$(autoenv-hpc export --env b-one)"\n',
        'eval "$(autoenv-hpc export)"\npython c.py\n',
    ]


@given(st.text(alphabet="ab/1 \n'\"\\$(){};&|<>#`=", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = recipe.read(text)
    except Unreadable:
        return
    assert schema.faults(drafted(text), above=False) == [] or found.modules
