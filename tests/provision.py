"""Provisions the tools of the tests and the demo: shells, and private copies of both module tools.

    python3 tests/provision.py FOLDER               fetch what is missing; FOLDER/tools.json lists it
    python3 tests/provision.py FOLDER run TOOL CMD… run CMD where TOOL (lmod, modules, any) is set up
    python3 tests/provision.py FOLDER install NAME… install those of these programs that are missing, if possible

The packages of Lmod and Environment Modules exclude each other, and a test must not change the
system. So the program unpacks the distribution's packages and relocates them into FOLDER.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

NAMES = {"lmod": "Lmod", "modules": "Environment Modules"}
_PROGRAMS = ("zsh", "fish", "strace")
_PACKAGES = {"luacheck": "lua-check"}  # whose names are not those of their programs
# The last virtualenv that supports Python 2.7 and 3.6.
_FROM_PIP = {"virtualenv": "virtualenv<20.22", "uv": "uv"}
_SLURM = ["slurmctld", "slurmd", "slurm-client", "munge"]
_LMOD_NEEDS = ("lua5.3", "lua-filesystem", "lua-json", "lua-posix", "lua-term")


class Provisioned(NamedTuple):
    """The tools that exist, and those that are not available; the content of `tools.json`."""

    tools: dict[str, dict[str, str]]  # the variables that the set-up of a module tool exports
    missing: dict[str, str]  # with the reason
    virtualenv: str  # paths
    uv: str


def provision(folder: Path) -> Provisioned:
    """Fetch the missing tools; return all tools."""
    listing = folder / "tools.json"
    if listing.exists():
        known = Provisioned(**json.loads(listing.read_text()))
        if not known.missing and all(map(shutil.which, _PROGRAMS)):
            return known
    folder.mkdir(parents=True, exist_ok=True)
    apt = Apt(folder / "apt")
    missing = {}
    for name in _PROGRAMS:
        if not shutil.which(name) and not apt.install([name]):
            missing[name] = f"not installed, and {apt.why_not}"
    if not shutil.which("sbatch") and not apt.install(_SLURM):
        missing["Slurm"] = f"not installed, and {apt.why_not}"
    tools = {}
    for name, build in (("lmod", lmod), ("modules", environment_modules)):
        try:
            tools[name] = build(folder / name, apt)
        except (OSError, subprocess.SubprocessError, Unavailable) as error:
            missing[NAMES[name]] = str(error)
    programs = {name: _from_pip(folder / name, name, missing) for name in _FROM_PIP}
    known = Provisioned(tools, missing, **programs)
    listing.write_text(json.dumps(known._asdict(), indent=2))
    return known


class Unavailable(Exception):  # noqa: N818 - it describes the machine, not a fault
    """A tool is not available on this machine."""


class Apt:
    """Debian's packages: root installs them, another user unpacks them with private package lists."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._is_ready = False
        self.why_not = "" if shutil.which("apt-get") else "this machine has no apt-get"
        if not self.why_not and os.geteuid() != 0:
            self.why_not = "installing it takes root"

    def install(self, packages: list[str]) -> bool:
        """Install packages into the system; only root can."""
        if self.why_not:
            return False
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        done = self._run(["install", "-y", "--no-install-recommends", *packages], env)
        if done.returncode != 0:
            self.why_not = f"apt-get could not install it: {_last_line(done.stderr)}"
        return done.returncode == 0

    def unpack(self, package: str, target: Path) -> None:
        """Unpack one package into a folder."""
        if not shutil.which("apt-get"):
            raise Unavailable("this machine has no apt-get")
        debs = self._folder / "debs"
        debs.mkdir(parents=True, exist_ok=True)
        done = self._run(["download", package], None, debs)
        if done.returncode != 0:
            raise Unavailable(f"apt-get could not fetch {package}: {_last_line(done.stderr)}")
        target.mkdir(parents=True, exist_ok=True)
        deb = next(debs.glob(f"{package}_*.deb"))
        subprocess.run(["dpkg-deb", "-x", deb, target], check=True)

    def _run(
        self, words: list[str], env: dict[str, str] | None, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run apt-get with private package lists, which need no root; they are fetched once."""
        state = self._folder / "state"
        own = [
            "-o", f"Dir::State::Lists={state}/lists", "-o", f"Dir::Cache={state}/cache",
            "-o", "APT::Sandbox::User=",
        ]  # fmt: skip
        if not self._is_ready:
            for part in ("lists/partial", "cache/archives/partial"):
                (state / part).mkdir(parents=True, exist_ok=True)
            subprocess.run(["apt-get", *own, "-qq", "update"], check=False, capture_output=True)
            self._is_ready = True
        return subprocess.run(
            ["apt-get", *own, "-qq", *words],
            check=False,
            capture_output=True,
            text=True,
            env=env,
            cwd=cwd,
        )


def lmod(folder: Path, apt: Apt) -> dict[str, str]:
    """Make a private Lmod; return what its set-up for bash exports."""
    root = folder / "lmod"
    if not root.exists():
        needs = [n for n in _LMOD_NEEDS if not _has_lua(n)]
        lua = None
        if needs and not apt.install(needs):
            lua = _private_lua(folder / "lua", apt)
        unpacked = _fresh(folder / "unpacked")
        apt.unpack("lmod", unpacked)
        version = next((unpacked / "usr/share/lmod").glob("[0-9]*"))
        text = {
            f"/usr/share/lmod/{version.name}": str(root),
            "/usr/share/lmod/lmod": str(root),
            "/usr/share/lmod": str(folder),
            "/etc/lmod": str(folder / "etc"),
        }
        if lua:
            text |= {
                "/usr/bin/lua5.3": f"{lua}/bin/lua5.3",
                "/usr/local/share/lua/5.3/?.lua;": f"{lua}/usr/share/lua/5.3/?.lua;{lua}/usr/share/lua/5.3/?/init.lua;",
                "/usr/local/lib/lua/5.3/?.so;": f"{lua}/usr/lib/x86_64-linux-gnu/lua/5.3/?.so;",
            }
        shutil.copytree(unpacked / "etc/lmod", folder / "etc", dirs_exist_ok=True)
        if (version / "lib").is_symlink():  # links to compiled files below /usr/lib
            (version / "lib").unlink()
            shutil.copytree(unpacked / "usr/lib/lmod" / version.name / "lib", version / "lib")
        _relocate(version, text)
        version.rename(root)
        shutil.rmtree(unpacked)
    return _exports(f"source '{root}/init/bash'")


def environment_modules(folder: Path, apt: Apt) -> dict[str, str]:
    """Make a private Environment Modules; return what its set-up for bash exports."""
    root = folder / "modules"
    if not root.exists():
        tcl = None
        if not shutil.which("tclsh8.6") and not apt.install(["tcl8.6"]):
            tcl = _private_tcl(folder / "tcl", apt)
        unpacked = _fresh(folder / "unpacked")
        apt.unpack("environment-modules", unpacked)
        made = _fresh(folder / "made")
        library = next((unpacked / "usr/lib").glob("*-linux-gnu*"))
        shutil.copytree(
            unpacked / "usr/share/modules", made / "share", ignore_dangling_symlinks=True
        )
        shutil.copytree(library, made / "lib", ignore_dangling_symlinks=True)
        shutil.copytree(
            unpacked / "etc/environment-modules", made / "etc", ignore_dangling_symlinks=True
        )
        system = f"/usr/lib/{library.name}"
        text = {
            "/usr/share/modules": f"{root}/share",
            "/etc/environment-modules": f"{root}/etc",
            f"{system}/modulecmd.tcl": f"{root}/lib/modulecmd.tcl",
            f"libdir {{{system}}}": f"libdir {{{root}/lib}}",
        }
        if tcl:
            text["/usr/bin/tclsh8.6"] = f"{tcl}/bin/tclsh8.6"
        _relocate(made, text)
        made.rename(root)
        shutil.rmtree(unpacked)
    return _exports(f"source '{root}/share/init/bash'")


def _from_pip(folder: Path, name: str, missing: dict[str, str]) -> str:
    """Install a package into an environment of its own; return its program."""
    program = folder / "bin" / name
    if not program.exists():
        try:
            for words in (["-m", "venv", folder], ["-m", "pip", "install", "-q", _FROM_PIP[name]]):
                python = sys.executable if words[1] == "venv" else folder / "bin/python"
                subprocess.run([python, *words], check=True, capture_output=True, text=True)
        except subprocess.CalledProcessError as error:
            missing[name] = _last_line(error.stderr)
    return str(program)


def _has_lua(package: str) -> bool:
    if package == "lua5.3":
        return shutil.which("lua5.3") is not None
    done = subprocess.run(["dpkg", "-s", package], check=False, capture_output=True)
    return done.returncode == 0


def _private_lua(folder: Path, apt: Apt) -> Path:
    """Put Lua and its libraries into a folder, since they cannot be installed."""
    for package in _LMOD_NEEDS:
        apt.unpack(package, folder)
    for package in ("lua-lpeg", "lua-bit32"):
        try:
            apt.unpack(package, folder)
        except Unavailable:
            continue  # not every release has a separate package
    return _wrapped(folder, "lua5.3")


def _private_tcl(folder: Path, apt: Apt) -> Path:
    for package in ("tcl8.6", "libtcl8.6"):
        apt.unpack(package, folder)
    return _wrapped(folder, "tclsh8.6", f"TCL_LIBRARY='{folder}/usr/share/tcltk/tcl8.6'")


def _wrapped(folder: Path, program: str, variables: str = "") -> Path:
    """Write a script that starts an unpacked program with its own libraries, hidden from children."""
    wrapper = folder / "bin" / program
    wrapper.parent.mkdir(exist_ok=True)
    loader = next(Path("/").glob("lib*/ld-linux*.so.*"))
    libraries = next((folder / "usr/lib").glob("*-linux-gnu*"), folder / "usr/lib")
    wrapper.write_text(
        f"#!/bin/sh\n{variables} exec {loader} --library-path '{libraries}' '{folder}/usr/bin/{program}' \"$@\"\n"
    )
    wrapper.chmod(0o755)
    return folder


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _relocate(folder: Path, replacements: dict[str, str]) -> None:
    """Replace paths in every text file, the longest first."""
    ordered = sorted(replacements.items(), key=lambda pair: -len(pair[0]))
    for path in folder.rglob("*"):
        if path.is_symlink() or not path.is_file():
            continue
        data = path.read_bytes()
        if b"\0" in data[:8000]:
            continue
        # In two steps, so that no replacement is replaced again.
        for i, (old, _) in enumerate(ordered):
            data = data.replace(old.encode(), b"\0%d\0" % i)
        for i, (_, new) in enumerate(ordered):
            data = data.replace(b"\0%d\0" % i, new.encode())
        if data != path.read_bytes():
            path.write_bytes(data)


def _exports(setup: str) -> dict[str, str]:
    """The variables that bash exports after it sources the set-up, but not before."""
    bare = {"HOME": "/", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        ["bash", "--norc", "--noprofile", "-c", f"{setup} && env -0"],
        env=bare,
        check=True,
        capture_output=True,
    )
    pairs = (field.split("=", 1) for field in done.stdout.decode().split("\0") if field)
    own = ("_", "SHLVL", "PWD", "MODULEPATH", "MANPATH", "LOADEDMODULES", *bare)
    env = {name: value for name, value in pairs if name not in own}
    if not {"LMOD_CMD", "MODULES_CMD"} & env.keys():
        raise Unavailable(f"its set-up does not work: {setup}: {done.stderr.decode()}")
    return env


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1]


def main(folder: str, *words: str) -> None:
    """Run the command that the arguments name."""
    if words[:1] == ("install",):
        absent = [_PACKAGES.get(name, name) for name in words[1:] if not shutil.which(name)]
        if absent:
            Apt(Path(folder).resolve() / "apt").install(absent)
        return
    known = provision(Path(folder).resolve())
    for name, why in known.missing.items():
        print(f"not available: {name}: {why}", file=sys.stderr)  # noqa: T201
    if words:
        _, tool, *command = words
        chosen = next(iter(known.tools.values()), {}) if tool == "any" else known.tools[tool]
        env = {**os.environ, **chosen}
        os.execvpe(command[0], command, env)
    if known.missing and os.environ.get("CI") == "true":
        sys.exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
