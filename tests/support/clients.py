"""The clients of direnv, whose own code runs where their sources are.

DIRENV_CLIENTS names a folder with them: `direnv-vscode` (which also needs node and esbuild),
`envrc` with `inheritenv`, `direnv.vim`.
"""

import os
import shutil
from pathlib import Path

import pytest

CLIENTS = Path(os.environ.get("DIRENV_CLIENTS", "/nowhere"))


def client(name: str, *programs: str) -> pytest.MarkDecorator:
    """Leave a test out where the source of a client or a program that it needs is not here."""
    missing = [p for p in programs if not shutil.which(p)]
    missing += [] if (CLIENTS / name).is_dir() else [f"DIRENV_CLIENTS/{name}"]
    return pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)}: not here")
