"""Helpers for tests of environments."""

import os
import sys
from pathlib import Path

import trees
from homes import Home

WHO = (
    "python",
    "-c",
    "import sys; print(sys.prefix); print('%d.%d' % sys.version_info[:2]); print(sys.flags.no_user_site)",
)
FOUND = trees.interpreters()
HERE = "{}.{}".format(*sys.version_info)
THIS = f'python = "{os.path.realpath(sys.executable)}"\n'


def prefix(home: Home, root: Path) -> str:
    """The prefix of the Python in the project's environment."""
    done = home.command("exec", "-C", str(root), "--", *WHO)
    return done.stdout.splitlines()[0]


def refused(home: Home, root: Path, **more: str) -> str:
    """The message that explains why there is no environment."""
    done = home.command("exec", "-C", str(root), "--", "true", status=125, env=more)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("autoenv-hpc: ")
    return last


def nearest(version: str) -> str:
    """X.Y of the Python that a module of a version, 3.9 or 3.9.5, has on this machine."""
    return "{}.{}".format(*min(FOUND, key=lambda found: trees.distance(found, version)))


def wheels(folder: Path) -> str:
    """The line for `[venv]` that makes pip install from a folder only."""
    return f'pip-args = ["--no-index", "--find-links", "{folder}"]\n'
