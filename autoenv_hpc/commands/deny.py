"""`deny [PATH]`: stop a configuration from taking effect until you allow it."""

import os

from autoenv_hpc.activations import store
from autoenv_hpc.commands.allow import named_file
from autoenv_hpc.context import Context
from autoenv_hpc.project import trust


def run(context: Context) -> int:
    """Deny the configuration, whatever it contains."""
    file = named_file(context)
    trust.deny(file, context.folders.state)
    store.forget(context.folders.cache, os.path.dirname(file))
    context.report.note(f"denied {file}")
    return 0
