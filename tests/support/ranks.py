"""Helpers for tests with several ranks of a job step."""

import os
from pathlib import Path

from homes import Home
from trees import Tree

STEP = {"SLURM_JOB_ID": f"t{os.getpid()}", "SLURM_STEP_ID": "0"}


def note(step: dict[str, str]) -> Path:
    """The path of a step's note."""
    return memory() / f"step.{step['SLURM_JOB_ID']}.{step['SLURM_STEP_ID']}"


def memory() -> Path:
    """The folder for notes and turns in the node's memory, made if no command has done so yet."""
    folder = Path(f"/dev/shm/autoenv-hpc.{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def modulefile(cluster: Home, tool: str, tmp_path: Path) -> Path:
    """The file of lib/1.0, the only module, which sets LIB."""
    tree = Tree(tmp_path / "tree", "lua" if tool == "lmod" else "tcl")
    cluster.env["MODULEPATH"] = str(tree.folder)
    return tree.module("lib/1.0", ("setenv", "LIB", "1"))
