"""A `conda`, `mamba` or `micromamba` for tests, with real prefixes and only documented options.

py-rattler solves and installs, so a prefix has the content that any conda installer gives it. The
program accepts only the options that this tool needs, in the long form that all versions accept.
Any other word is a usage error, status 2. Sources: conda's "Command reference" and conda/cli/main_*.py;
mamba's "Micromamba User Guide" and micromamba/src/*.cpp.

    python conda_program.py RECORD WORD…    the call that an installed command makes
"""

import argparse
import asyncio
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

VERSIONS = {"conda": "26.7.1", "mamba": "2.1.1", "micromamba": "2.1.1"}


class Installed(NamedTuple):
    """A command in a root prefix of its own, with a record of its calls."""

    root: Path
    command: Path
    log: Path

    def calls(self) -> list[list[str]]:
        """The words of each call, in order."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [json.loads(line) for line in lines]


def install(root: Path, channel: str, name: str = "conda", version: str = "") -> Installed:
    """Install the command into ROOT/bin; `channel`, a file:// URL, is its only channel."""
    found = Installed(root, root / "bin" / name, root / "calls.jsonl")
    record = {
        "name": name, "version": version or VERSIONS[name], "root": str(root), "channel": channel,
        "log": str(found.log),
    }  # fmt: skip
    for folder in ("bin", "condabin", "conda-meta", "envs"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "conda-meta/history").touch()
    words = shlex.join([sys.executable, "-I", os.path.abspath(__file__), json.dumps(record)])
    found.command.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
    found.command.chmod(0o755)
    return found


class Failed(Exception):  # noqa: N818 - conda's own words, not a fault of a test
    """A message of conda, which then exits with status 1."""


class Conda:
    """One call, with a method for each subcommand."""

    def __init__(self, record: dict[str, str]) -> None:
        self.name, self.version, self.root = record["name"], record["version"], record["root"]
        self._channel = record["channel"]

    def create(self, asked: argparse.Namespace) -> None:
        """conda/cli/main_create.py: it removes an existing environment with all its content."""
        prefix = Path(asked.prefix)
        if (prefix / "conda-meta/history").exists():
            shutil.rmtree(prefix)
        elif self.name != "conda" and prefix.is_dir() and any(prefix.iterdir()):
            raise Failed("Non-conda folder exists at prefix - aborting.")  # api/create.cpp
        self._change(asked, *self._wanted(asked))

    def install(self, asked: argparse.Namespace) -> None:
        self._assert_environment(asked.prefix)
        self._change(asked, *self._wanted(asked), keep=True)

    def remove(self, asked: argparse.Namespace) -> None:
        self._assert_environment(asked.prefix)
        if asked.all:
            shutil.rmtree(asked.prefix)
            return self._register(asked.prefix, gone=True)
        missing = sorted(set(asked.specs) - {r.name.normalized for r in _installed(asked.prefix)})
        if missing:
            listed = "".join(f"\n  - {name}" for name in missing)
            said = "The following packages are missing from the target environment"
            raise Failed(
                f"PackagesNotFoundInPrefixError: {said}:\n  prefix: {asked.prefix}\n{listed}"
            )
        left = [s for s in _requested(asked.prefix) if _package(s) not in asked.specs]
        return self._change(asked, left, [])

    def env_create(self, asked: argparse.Namespace) -> None:
        """conda/cli/main_env_create.py: it never asks, and keeps an existing environment."""
        if os.path.isdir(f"{asked.prefix}/conda-meta"):
            raise Failed(f"CondaValueError: prefix already exists: {asked.prefix}")
        self._change(asked, *self._wanted(asked))

    def env_update(self, asked: argparse.Namespace) -> None:
        """conda/cli/main_env_update.py: it creates a missing environment, and never asks."""
        self._change(asked, *self._wanted(asked), keep=not asked.prune)

    def env_export(self, asked: argparse.Namespace) -> None:
        """conda/env/env.py, `from_environment`: it prints an empty list without an environment."""
        import yaml  # noqa: PLC0415 - the record is written before what may be missing

        records = sorted(_installed(asked.prefix), key=lambda r: r.name.normalized)
        build = "" if asked.no_builds else "={0.build}"
        packages = [("{0.name.normalized}={0.version}" + build).format(r) for r in records]
        channels = sorted({str(r.channel).rstrip("/") for r in records})
        state = Path(asked.prefix, "conda-meta/state")
        variables = json.loads(state.read_text()) if state.exists() and self.name == "conda" else {}
        whole = {
            "name": asked.prefix, "channels": channels, "dependencies": packages + _by_pip(asked.prefix),
            **({"variables": variables["env_vars"]} if variables else {}), "prefix": asked.prefix,
        }  # fmt: skip
        print(yaml.safe_dump(whole, sort_keys=False, allow_unicode=True), end="")  # noqa: T201

    def env_list(self, _asked: argparse.Namespace) -> None:
        known = _environments_txt().read_text().split("\n") if _environments_txt().exists() else []
        found = [line for line in known if os.path.isdir(f"{line}/conda-meta")]
        named = [str(path.parent) for path in Path(self.root).glob("envs/*/conda-meta")]
        _print_json({"envs": sorted({self.root, *found, *named})})

    def list_packages(self, asked: argparse.Namespace) -> None:
        self._assert_environment(asked.prefix)
        rows = [
            {
                "base_url": str(r.channel).rstrip("/"), "build_number": r.build_number, "build_string": str(r.build),
                "channel": str(r.channel).rstrip("/").rpartition("/")[2], "dist_name": f"{r.name.normalized}-{r.version}-{r.build}",
                "name": r.name.normalized, "platform": r.subdir, "version": str(r.version),
            }
            for r in sorted(_installed(asked.prefix), key=lambda r: r.name.normalized)
        ]  # fmt: skip
        _print_json(rows)

    def info(self, _asked: argparse.Namespace) -> None:
        """conda/cli/main_info.py, the fields that a tool reads; mamba's names have spaces."""
        facts = {
            "conda_version": self.version, "root_prefix": self.root, "conda_prefix": self.root, "envs_dirs": [f"{self.root}/envs"],
            "pkgs_dirs": [self._cache()], "channels": [self._channel], "offline": _is_on("OFFLINE"), "platform": "linux-64",
        }  # fmt: skip
        words = {
            name.replace("_", " ").replace("root prefix", "base environment"): v
            for name, v in facts.items()
        }
        _print_json(facts if self.name == "conda" else words)

    def activate(self, asked: argparse.Namespace) -> None:
        sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
        import conda_activation as text  # noqa: PLC0415 - `-I` keeps this folder out of the path

        numbers = tuple(int(part) for part in self.version.split("."))
        program = text.Program(self.name, numbers, self.root)
        if asked.action == "deactivate":
            change = text.deactivate(program, dict(os.environ))
        else:
            where = asked.where
            prefix = os.path.abspath(where) if "/" in where else f"{self.root}/envs/{where}"
            prefix = self.root if where == "base" else prefix
            if self.name == "conda":
                self._assert_environment(prefix)
            change = text.activate(program, prefix, dict(os.environ))
        print(change.text(program), end="")  # noqa: T201

    def _wanted(self, asked: argparse.Namespace) -> tuple[list[str], list[str]]:
        """The requests for conda and for pip. A file's channels and variables are used too."""
        for file in getattr(asked, "lists", None) or ():
            if self.name != "conda" and file.endswith((".yml", ".yaml")):
                asked.file = file
                continue
            lines = [line.partition("#")[0].strip() for line in Path(file).read_text().splitlines()]
            asked.specs += filter(None, lines)
        if not getattr(asked, "file", None):
            return asked.specs, []
        import yaml  # noqa: PLC0415 - the record is written before what may be missing

        if not os.path.exists(asked.file):
            raise Failed(f"EnvironmentFileNotFound: '{asked.file}' file not found")
        content = yaml.safe_load(Path(asked.file).read_text())
        asked.channel = asked.channel or content.get("channels")
        asked.variables = content.get("variables", {})
        entries = content.get("dependencies", [])
        by_pip = [line for e in entries if isinstance(e, dict) for line in e.get("pip", [])]
        return [e for e in entries if isinstance(e, str)] + getattr(asked, "specs", []), by_pip

    def _change(
        self, asked: argparse.Namespace, specs: list[str], by_pip: list[str], *, keep: bool = False
    ) -> None:
        """Solve, install and write the history; `keep` keeps installed packages where it can."""
        prefix = os.path.abspath(asked.prefix)
        before = _installed(prefix)
        if keep:
            named = {_package(spec) for spec in specs}
            specs = [*specs, *(s for s in _requested(prefix) if _package(s) not in named)]
        records = asyncio.run(self._install(asked, prefix, specs, before if keep else []))
        Path(prefix, "CACHEDIR.TAG").unlink(missing_ok=True)  # from rattler, not part of conda
        _write_history(self, prefix, before, records, specs)
        if getattr(asked, "variables", None):
            Path(prefix, "conda-meta/state").write_text(json.dumps({"env_vars": asked.variables}))
        self._register(prefix)
        if by_pip:
            _pip(prefix, by_pip)

    async def _install(
        self, asked: argparse.Namespace, prefix: str, specs: list[str], locked: list[Any]
    ) -> list[Any]:
        import rattler  # noqa: PLC0415 - the record is written before what may be missing
        import rattler.exceptions  # noqa: PLC0415

        usual = os.environ.get("CONDA_CHANNELS", self._channel).split(",")
        channels = [url for url in asked.channel or usual if url != "nodefaults"]
        if getattr(asked, "offline", False) or _is_on("OFFLINE"):
            channels = [url for url in channels if url.startswith("file:")]
        for url in channels:
            if not url.startswith("file:"):  # no test uses a network
                raise Failed(
                    f"CondaHTTPError: HTTP 000 CONNECTION FAILED for url <{url}/linux-64/repodata.json>\nElapsed: -"
                )
        cache = Path(self._cache())
        try:
            records = await rattler.solve(
                channels, specs, rattler.Gateway(cache_dir=cache / "cache"), locked_packages=locked,
                virtual_packages=rattler.VirtualPackage.detect(),
            )  # fmt: skip
        except rattler.exceptions.SolverError as error:
            raise Failed(
                f"PackagesNotFoundError: The following packages are not available from current channels:\n\n{error}"
            ) from error
        except rattler.exceptions.GatewayError as error:
            raise Failed(
                f"UnavailableInvalidChannel: HTTP 404 UNAVAILABLE OR INVALID for channel {channels}: {error}"
            ) from error
        os.makedirs(f"{prefix}/conda-meta", exist_ok=True)
        await rattler.install(records, prefix, cache_dir=cache, show_progress=False)
        return records

    def _cache(self) -> str:
        return os.environ.get("CONDA_PKGS_DIRS", f"{self.root}/pkgs")

    def _assert_environment(self, prefix: str) -> None:
        if not os.path.isdir(f"{prefix}/conda-meta"):
            raise Failed(f"EnvironmentLocationNotFound: Not a conda environment: {prefix}")

    def _register(self, prefix: str, *, gone: bool = False) -> None:
        """conda/core/envs_manager.py: each prefix that was ever created, one per line."""
        path = _environments_txt()
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = path.read_text().splitlines() if path.exists() else []
        lines = [line for line in lines if line != prefix] + ([] if gone else [prefix])
        path.write_text("".join(f"{line}\n" for line in lines))


class _Parser(argparse.ArgumentParser):
    """Reports its arguments, and exits with the status of a usage error."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message}: {shlex.join(sys.argv[2:])}", file=sys.stderr)  # noqa: T201
        sys.exit(2)


def _grammar(conda: Conda) -> _Parser:
    """The parser of all accepted forms. They need `--yes`, since no one can answer a question."""
    of_mamba = conda.name != "conda"
    parser = _Parser(prog=conda.name, allow_abbrev=False)
    # micromamba/src/umamba.cpp: the bare number; conda/cli/main.py: with the name.
    parser.add_argument(
        "--version",
        action="version",
        version=conda.version if of_mamba else f"conda {conda.version}",
    )
    commands = parser.add_subparsers(required=True)

    def add(where: Any, word: str, does: object, *options: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = where.add_parser(
            word, prog=conda.name, allow_abbrev=False, add_help=False
        )
        made.set_defaults(does=does, channel=None)
        for option in options:
            made.add_argument(*_OPTIONS[option][0], **_OPTIONS[option][1])
        return made

    change = ("yes", "prefix", "quiet", "offline", "override", "channel", "files", "specs")
    add(commands, "create", conda.create, *change)
    add(commands, "install", conda.install, *change)
    add(commands, "remove", conda.remove, "yes", "prefix", "quiet", "offline", "all", "specs")
    add(commands, "list", conda.list_packages, "prefix", "json")
    add(commands, "info", conda.info, "json")
    env = commands.add_parser("env", prog=conda.name).add_subparsers(required=True)
    add(env, "list", conda.env_list, "json")
    add(env, "export", conda.env_export, "prefix", "no-builds")
    if not of_mamba:
        add(env, "create", conda.env_create, "prefix", "file", "quiet", "offline")
    # conda's has neither channels nor --yes nor --offline.
    more = ("yes", "offline") if of_mamba else ()
    add(env, "update", conda.env_update, "prefix", "file", "prune", "quiet", *more)
    shell = commands
    if of_mamba:
        shell = commands.add_parser("shell", prog=conda.name).add_subparsers(required=True)
        activate = add(shell, "activate", conda.activate, "shell")
        activate.set_defaults(action="activate")
        where = activate.add_mutually_exclusive_group(required=True)
        where.add_argument("where", nargs="?", default=argparse.SUPPRESS)
        where.add_argument("-p", "--prefix", dest="where", default=argparse.SUPPRESS)
        add(shell, "deactivate", conda.activate, "shell").set_defaults(action="deactivate")
    else:
        actions = shell.add_parser("shell.posix", prog=conda.name).add_subparsers(required=True)
        add(actions, "activate", conda.activate, "where").set_defaults(action="activate")
        add(actions, "deactivate", conda.activate).set_defaults(action="deactivate")
    return parser


_OPTIONS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "yes": (["-y", "--yes"], {"action": "store_true", "required": True}),
    "prefix": (["-p", "--prefix"], {"required": True}),
    "quiet": (["-q", "--quiet"], {"action": "store_true"}),
    "offline": (["--offline"], {"action": "store_true"}),
    "override": (["--override-channels"], {"action": "store_true"}),
    "channel": (["-c", "--channel"], {"action": "append"}),
    "file": (["-f", "--file"], {}),
    "files": (["-f", "--file"], {"action": "append", "dest": "lists"}),
    "all": (["--all"], {"action": "store_true"}),
    "json": (["--json"], {"action": "store_true", "required": True}),
    "prune": (["--prune"], {"action": "store_true"}),
    "no-builds": (["--no-builds", "--no-build"], {"action": "store_true"}),
    "shell": (["-s", "--shell"], {"choices": ["bash", "posix", "zsh"], "required": True}),
    "where": (["where"], {}),
    "specs": (["specs"], {"nargs": "*"}),
}


def _installed(prefix: str) -> list[Any]:
    import rattler  # noqa: PLC0415 - the record is written before what may be missing

    return [
        rattler.PrefixRecord.from_path(p) for p in sorted(Path(prefix, "conda-meta").glob("*.json"))
    ]


def _requested(prefix: str) -> list[str]:
    """What the user requested: the last entry of the history on each package."""
    history = Path(prefix, "conda-meta/history")
    lines = history.read_text().splitlines() if history.exists() else []
    stated = [line.partition(": ")[2] for line in lines if line.startswith("# update specs: ")]
    return json.loads(stated[-1].replace("'", '"')) if stated else []


def _package(spec: str) -> str:
    name = spec
    for sign in " =<>!~[":
        name = name.partition(sign)[0]
    return name.rpartition("::")[2]


def _write_history(
    conda: Conda, prefix: str, before: list[Any], after: list[Any], specs: list[str]
) -> None:
    """conda/history.py: the command, removed and added packages, and the request."""

    def name(record: Any) -> str:
        channel = str(record.channel).rstrip("/")
        return (
            f"{channel}/{record.subdir}::{record.name.normalized}-{record.version}-{record.build}"
        )

    old, new = {name(r) for r in before}, {name(r) for r in after}
    now = time.strftime("%Y-%m-%d %H:%M:%S")
    lines = [
        f"==> {now} <==", f"# cmd: {conda.root}/bin/{shlex.join([conda.name, *sys.argv[2:]])}", f"# conda version: {conda.version}",
        *(f"-{r}" for r in sorted(old - new)), *(f"+{r}" for r in sorted(new - old)), f"# update specs: {specs}",
    ]  # fmt: skip
    with Path(prefix, "conda-meta/history").open("a") as history:
        history.write("".join(f"{line}\n" for line in lines))


def _pip(prefix: str, lines: list[str]) -> None:
    """conda/env/installers/pip.py: the environment's own pip, from a file."""
    with tempfile.NamedTemporaryFile("w", suffix=".requirements.txt") as file:
        file.write("".join(f"{line}\n" for line in lines))
        file.flush()
        words = [
            f"{prefix}/bin/python",
            "-m",
            "pip",
            "install",
            "-U",
            "-r",
            file.name,
            "--exists-action=b",
        ]
        if subprocess.run(words, check=False).returncode:
            raise Failed("CondaEnvException: Pip failed")


def _by_pip(prefix: str) -> list[dict[str, list[str]]]:
    places = Path(prefix).glob("lib/python*/site-packages/*.dist-info/INSTALLER")
    folders = [p.parent.name for p in places if p.read_text().strip() == "pip"]
    found = sorted(name.removesuffix(".dist-info").replace("-", "==", 1) for name in folders)
    return [{"pip": found}] if found else []


def _environments_txt() -> Path:
    return Path(os.path.expanduser("~/.conda/environments.txt"))


def _is_on(name: str) -> bool:
    return os.environ.get(f"CONDA_{name}", os.environ.get(f"MAMBA_{name}", "")).lower() in {
        "1",
        "true",
        "yes",
        "on",
    }


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=2))  # noqa: T201


def main(record: str, *words: str) -> int:
    """Record the words, then run the subcommand."""
    known = json.loads(record)
    with Path(known["log"]).open("a") as log:
        log.write(json.dumps(words) + "\n")
    asked = _grammar(Conda(known)).parse_args(words)
    try:
        asked.does(asked)
    except Failed as error:
        print(f"\n{error}\n", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    status = main(*sys.argv[1:])
    sys.stdout.flush()
    os._exit(status)  # rattler's threads outlive the interpreter and can crash it at exit
