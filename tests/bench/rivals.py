"""The rivals, as private copies; the tables leave out those that are not available."""

import json
import platform
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import provision


class Rival(NamedTuple):
    """A program that activates environments through a hook."""

    name: str
    command: str
    version: str

    def hook(self, shell: str) -> str:
        """The line for the rc file."""
        word = "hook" if self.name == "direnv" else "activate"
        if shell == "fish":
            return f"'{self.command}' {word} fish | source"
        return f"eval \"$('{self.command}' {word} {shell})\""


def found(folder: Path) -> dict[str, Rival]:
    """The available rivals by their names."""
    commands = {"direnv": _direnv(folder), "mise": _mise(folder / "mise")}
    rivals = {}
    for name, command in commands.items():
        if command:
            done = subprocess.run(
                [command, "--version"], capture_output=True, text=True, check=True
            )
            rivals[name] = Rival(name, command, done.stdout.split()[0])
    return rivals


def _direnv(folder: Path) -> str | None:
    """The program of the distribution's package."""
    program = folder / "direnv/usr/bin/direnv"
    if not program.exists():
        try:
            provision.Apt(folder / "apt").unpack("direnv", folder / "direnv")
        except provision.Unavailable:
            return shutil.which("direnv")
    return str(program)


def _mise(folder: Path) -> str | None:
    """The program in npm's package for this machine."""
    machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    package = f"@jdxcode/mise-linux-{machine}"
    manifest = folder / "node_modules" / package / "package.json"
    if not manifest.exists():
        if not shutil.which("npm"):
            return shutil.which("mise")
        folder.mkdir(parents=True, exist_ok=True)
        words = ["npm", "install", "--prefix", str(folder), package]
        if subprocess.run(words, check=False, capture_output=True).returncode:
            return shutil.which("mise")
    return str(manifest.parent / json.loads(manifest.read_text())["bin"]["mise"])
