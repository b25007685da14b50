"""The removal of what builds leave behind."""

import contextlib
import os
import shutil

from autoenv_hpc.venvs import record, relocation


def tidy(path: str) -> None:
    """Finish or remove what killed builds left beside a path."""
    new = relocation.beside(path)
    if record.is_ours(new):
        if not record.exists(path) and not record.is_unfinished(new):
            os.rename(new, path)  # the killed process was about to do this
        else:
            discard(new)
    for folder in (path, new):
        shutil.rmtree(relocation.trash(folder), ignore_errors=True)


def discard(path: str) -> None:
    """Remove what a build of ours left, also behind a link. The mark is removed last.

    It goes aside first: whoever writes there still does not get into the next one.
    """
    real = os.path.realpath(path)
    aside = relocation.trash(real)
    shutil.rmtree(aside, ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        try:
            os.rename(real, aside)
        except OSError:  # for example a mount point
            for name in os.listdir(real):
                whole = os.path.join(real, name)
                if os.path.isdir(whole) and not os.path.islink(whole):
                    shutil.rmtree(whole, ignore_errors=True)
                else:
                    os.unlink(whole)
    shutil.rmtree(aside, ignore_errors=True)
    record.unmark(path)
