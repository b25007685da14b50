"""`doctor`: what goes wrong, or will, in this project or in batch scripts."""

import json

from autoenv_hpc import report
from autoenv_hpc.commands import checkup
from autoenv_hpc.context import Context
from autoenv_hpc.errors import Problem
from autoenv_hpc.scripts import checks
from autoenv_hpc.system import files

_ORDER = ("high", "medium", "low", "info")


def run(context: Context) -> int:
    """Print the findings; return 1 if one of them is high."""
    scripts = context.arguments.scripts
    found = (
        [finding for path in scripts for finding in checks.check(path, _read(path))]
        if scripts
        else checkup.check(context)
    )
    found.sort(key=lambda finding: _ORDER.index(finding.severity))
    if context.arguments.json:
        report.emit(json.dumps([finding.as_json() for finding in found], indent=2) + "\n")
    else:
        report.show("".join(finding.lines() for finding in found) or "nothing found\n")
    return 1 if any(finding.severity == "high" for finding in found) else 0


def _read(path: str) -> bytes:
    try:
        return files.read(path)
    except OSError as error:
        raise Problem(f"{path}: cannot be read: {error.strerror}") from error
