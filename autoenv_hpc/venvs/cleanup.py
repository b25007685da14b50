"""The removal of what builds leave behind."""

import contextlib
import os
import shutil

from autoenv_hpc.venvs import record, relocation


def tidy(path: str) -> None:
    """Finish or remove what a killed build left next to a path."""
    new = relocation.sibling_path(path)
    if record.is_ours(new):
        if not record.exists(path) and not record.is_unfinished(new):
            os.rename(new, path)  # the killed process was about to do this
        else:
            discard(new)
    for folder in (path, new):
        shutil.rmtree(relocation.trash_path(folder), ignore_errors=True)


def discard(path: str) -> None:
    """Remove an environment that this tool built, or the target of a link to one.

    The folder is moved first, so a process that still writes into it cannot write into its
    successor. The mark of the build is removed last, so a killed removal is noticed.
    """
    real = os.path.realpath(path)
    aside = relocation.trash_path(real)
    shutil.rmtree(aside, ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        try:
            os.rename(real, aside)
        except OSError:  # for example a mount point
            for name in os.listdir(real):
                entry = os.path.join(real, name)
                if os.path.isdir(entry) and not os.path.islink(entry):
                    shutil.rmtree(entry, ignore_errors=True)
                else:
                    os.unlink(entry)
    shutil.rmtree(aside, ignore_errors=True)
    record.unmark(path)
