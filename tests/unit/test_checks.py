"""The findings in batch scripts: each has its line, its severity and a remedy."""

import re
from pathlib import Path

import pytest

from autoenv_hpc.scripts import checks

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = (CHECKOUT / "docs/how-to/troubleshooting.md").read_text()


def found(script: str) -> list[tuple[str, str, int | None]]:
    """The findings but for those that are information only."""
    all_of_them = checks.check("job.sh", script.encode())
    return [(f.id, f.severity, f.line) for f in all_of_them if f.severity != "info"]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("#!/bin/bash\r\necho x\r\n", ("F28", "high", 1)),
        ("#!/bin/bash\nGCC/12.3.0\n", ("F4", "high", 2)),
        ("#!/bin/bash\nmodule load a/1\nsource /proj/venv\n", ("F4", "high", 3)),
        ("#!/bin/bash\nsource /e/bin/activate\nmodule load a/1\n", ("F5", "medium", 3)),
        ("#!/bin/bash\nmodule load GCC/10.3.0 GCC/12.3.0\n", ("F26", "medium", 2)),
        ("#!/bin/bash\nmodule load python\n", ("F29", "low", 2)),
        ("#!/bin/bash\nmodule load a/1 &>/dev/null\n", ("F31", "low", 2)),
        ("#!/bin/bash\nconda activate tf\n", ("F12", "medium", 2)),
        ("#!/bin/bash\n#SBATCH --export=NONE\nsrun x\n", ("F13", "medium", 3)),
        ("#!/bin/bash\n#SBATCH --export=HOME,X\nmodule load a/1\nsrun x\n", ("F13", "medium", 4)),
        ("#!/bin/bash\n#SBATCH --export=NONE\nautoenv-hpc exec -- srun x\n", ("F36", "medium", 3)),
        (
            '#!/bin/bash\n#SBATCH --export NONE\neval "$(autoenv-hpc export -C p)"\nsrun x\n',
            ("F36", "high", 3),
        ),
        ("0 3 * * 1-5 autoenv-hpc exec -C /p -- x\n", ("F36", "medium", 1)),
        ("@daily cd /p && autoenv-hpc exec -- x\n", ("F36", "medium", 1)),
        ("#!/bin/bash\n/b/autoenv-hpc exec -- bash -lc 'x'\n", ("F38", "medium", 2)),
        ("#!/bin/bash\nsrun autoenv-hpc exec -C /p -- sh --login x\n", ("F38", "medium", 2)),
        ("#!/bin/bash\n#SBATCH --array=1-9\npython -m venv e\n", ("F17", "medium", 3)),
    ],
)
def test_a_mistake_is_found_at_its_line(script: str, expected: tuple[str, str, int]) -> None:
    assert found(script) == [expected]
    finding = next(f for f in checks.check("job.sh", script.encode()) if f.id == expected[0])
    assert finding.remedy
    assert finding.lines().startswith(f"job.sh:{expected[2]}: {expected[0]} {expected[1]}: ")


@pytest.mark.parametrize(
    "script",
    [
        "#!/bin/bash\nmodule purge\nmodule load GCC/12.3.0 Python/3.11.3\nsource /e/bin/activate\nsrun python x.py\n",
        "#!/bin/bash -l\nconda activate tf\n",
        "#!/bin/bash --login\nconda activate tf\n",
        "#!/usr/bin/env -S bash -i\nconda activate tf\n",
        "#!/bin/bash\nmodule load gcc/7 R/3.5\nmodule load intel/17 R/3.5\n",  # for another compiler
        '#!/bin/bash\neval "$(conda shell.bash hook)"\nconda activate tf\n',
        "#!/bin/bash\nmodule load Anaconda3/2023.07\nconda activate tf\n",
        "#!/bin/bash\n#SBATCH --export=NONE\nexport SLURM_EXPORT_ENV=ALL\nsrun x\n",
        "#!/bin/bash\n#SBATCH --array=1-9\nautoenv-hpc exec -- python x.py\n",
        "cat <<E\nGCC/12.3.0\nE\n",
        "#!/bin/bash\n#SBATCH --export=NONE\n/home/a/bin/autoenv-hpc exec -- srun x\n",
        '#!/bin/bash\n#SBATCH --export=NONE\neval "$(~/bin/autoenv-hpc export || echo exit 125)"\nsrun x\n',
        "#!/bin/bash\n#SBATCH --export=ALL,A=1\nautoenv-hpc exec -- srun x\n",
        "#!/bin/bash\n#SBATCH --export=NONE\nexport PATH=~/bin:$PATH\nautoenv-hpc exec -- srun x\n",
        "#!/bin/bash\nbash -lc 'autoenv-hpc exec -- x'\nautoenv-hpc exec -- bash -c 'ls -l'\n",
    ],
)
def test_nothing_is_found_in_a_script_that_works(script: str) -> None:
    assert found(script) == []


def test_a_prologue_that_may_do_nothing_is_pointed_out() -> None:
    script = b'#!/bin/bash\neval "$(autoenv-hpc export)"\npython x.py\n'
    (finding,) = [f for f in checks.check("job.sh", script) if f.id == "F37"]
    assert (finding.severity, finding.line) == ("info", 2)


def test_each_finding_is_on_its_page() -> None:
    headings = set(re.findall(r"^### (F\d+)$", PAGE, re.MULTILINE))
    code = [CHECKOUT / f"autoenv_hpc/{name}.py" for name in ("scripts/checks", "commands/checkup")]
    ids = {name for file in code for name in re.findall(r'"(F\d+)"', file.read_text())}
    assert ids - {"F00"} == headings
