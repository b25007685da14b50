"""`init`: write a commented configuration to start from."""

import os

from autoenv_hpc.commands import hook
from autoenv_hpc.context import Context
from autoenv_hpc.errors import Problem
from autoenv_hpc.project import config, trust
from autoenv_hpc.system import folders

_TEXT = """\
# What this project needs on a cluster. You enter the project when you `cd` into this folder, and
# leave it when you leave the folder; `autoenv-hpc exec -- python train.py` enters it in a batch
# job. Every key is optional.

# name = "my-project"                  # default: the folder's name; shown in the prompt

# The modules to load, in this order, as in `module load`.
# modules = ["GCC/10.3.0", "OpenMPI/4.1.1", "Python/3.9.5", "SciPy-bundle/2021.05"]
# module-paths = ["/proj/site/modules"]   # passed to `module use` first
# module-policy = "keep"               # keep | purge | reset: for modules already loaded

# The isolated environment; remove the table if you only need modules.
# [venv]
# path = ".venv"                       # relative to this file; ~, $VAR, {site}, {arch}, … work
# backend = "venv"                     # venv | virtualenv | uv | conda | existing
# python = "3.9"                       # default: the one that the modules provide
# system-site-packages = true          # also see the modules' packages
# requirements = ["requirements.txt"]
# packages = ["numpy==1.15.4"]
# pip-args = ["--no-cache-dir", "--no-build-isolation"]

# [env]                                # plain variables; false unsets
# OMP_NUM_THREADS = "8"

# [paths]                              # search paths, entry by entry
# PYTHONPATH = { append = ["lib/python{python}/site-packages"] }

# On another cluster: you can override every key and table for a site.
# [site.hpc2n]
# modules = ["GCC/12.3.0", "Python/3.11.3"]
# [site.hpc2n.venv]
# backend = "virtualenv"
"""


def run(context: Context) -> int:
    """Write the file into the working directory, unless it exists."""
    file = os.path.join(context.directory, config.FILE_NAME)
    if os.path.lexists(file) and not context.arguments.force:
        raise Problem(f"{file} exists (edit it, or run `autoenv-hpc init --force`)")
    data = _TEXT.encode()
    try:
        folders.write_atomically(file, data, mode=0o666)
    except OSError as error:
        raise Problem(f"{file}: cannot be written: {error.strerror}") from error
    trust.allow(file, data, context.folders.state)
    context.report.note(f"wrote and allowed {file}")
    hook.note_missing(context)
    return 0
