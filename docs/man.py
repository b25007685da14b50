"""The man pages, made from the parser of the command line and from the keys of a configuration.

    python docs/man.py FOLDER     writes FOLDER/man1/… and FOLDER/man5/…

The wheel contains them, and shells' completions, in the standard places (`build_hook.py`).
"""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import generate
from argparse_manpage.manpage import Manpage

from autoenv_hpc import cli
from autoenv_hpc.commands import examples

_MANUAL = "autoenv-hpc manual"


def pages(version: str) -> dict[str, str]:
    """The text of each page, by its path below `share/man`.

    :param version: the version of the package.
    """
    data = {"version": version, "manual_title": _MANUAL, "project_name": "autoenv-hpc"}
    top = cli.parser()
    found = {"man1/autoenv-hpc.1": _overview(top, data)}
    for name, command in top.commands.items():
        found[f"man1/autoenv-hpc-{name}.1"] = _command(name, command, data)
    found["man5/hpcenv.toml.5"] = _configuration(version)
    return found


def _overview(top: Any, data: Mapping[str, Any]) -> str:
    page = _Page(top, "autoenv-hpc", top.description.rstrip("."), data)
    page.sections("exit status", [_roff(examples.epilog("list").rpartition("status: ")[2])])
    page.sections("see also", [_references([*top.commands], "hpcenv.toml")])
    return str(page)


def _command(name: str, command: Any, data: Mapping[str, Any]) -> str:
    page = _Page(command, f"autoenv-hpc-{name}", command.description.rstrip("."), data)
    lines = [f".TP\n\\fB{_roff(line)}\\fR\n{_roff(text)}" for line, text in examples.EXAMPLES[name]]
    page.sections("examples", lines)
    page.sections(
        "exit status", [".nf", _roff(examples.epilog(name).rpartition("exit status: ")[2]), ".fi"]
    )
    page.sections("see also", [_references([], "hpcenv.toml")])
    return str(page)


class _Page(Manpage):  # type: ignore[misc]
    """The page of one parser, with a name that man(1) finds and apropos(1) describes."""

    def __init__(self, parser: Any, name: str, description: str, data: Mapping[str, Any]) -> None:
        super().__init__(parser, dict(data))
        self.prog = name
        self.description = description[0].lower() + description[1:]
        self.synopsis = [word.replace("...", "[--] CMD ...") for word in self.synopsis]
        self.parser._manpage = []  # noqa: SLF001 - how the library takes further sections
        self.parser.epilog = None

    def sections(self, heading: str, lines: list[str]) -> None:
        """Add a section at the end."""
        section = {"heading": heading, "content": "\n".join(lines)}
        self.parser._manpage.append(section)  # noqa: SLF001 - likewise


def _configuration(version: str) -> str:
    lines = [
        f'.TH HPCENV.TOML "5" "" "autoenv\\-hpc {version}" "{_MANUAL}"',
        ".SH NAME",
        "hpcenv.toml \\- the modules, the environment and the variables of a project",
        ".SH SYNOPSIS",
        ".B .hpcenv.toml",
        ".SH DESCRIPTION",
        "A project is a folder with a file of this name. It applies in the folder and below it,",
        "unless a nearer one does. Every key is optional. The file is TOML, and autoenv\\-hpc",
        "reports every mistake in it with its line.",
    ]
    for title, table in _tables():
        lines += [f".SH {title.upper()}"]
        for key, kinds, default, meaning in table:
            by_default = f" (default: {default})" if default else ""
            lines += [".TP", f"\\fB{_roff(key)}\\fR = {_roff(kinds + by_default)}", _roff(meaning)]
    lines += [".SH EXAMPLE", ".nf", _roff(_EXAMPLE), ".fi", ".SH SEE ALSO", "autoenv\\-hpc(1)"]
    return "\n".join(lines) + "\n"


_EXAMPLE = """\
modules = ["GCC/10.3.0", "OpenMPI/4.1.1", "Python/3.9.5"]

[venv]
system-site-packages = true
packages = ["spacy"]

[env]
OMP_NUM_THREADS = "8"
"""


def _tables() -> Iterator[tuple[str, list[list[str]]]]:
    """Each table's keys, as the reference page has them, without its markup."""
    for name, table in generate.keys().items():
        rows = [_plain(line).split(" | ") for line in table.splitlines()[2:]]
        title = name.removeprefix("keys of ")
        cells = [[cell.strip("| ").strip() for cell in row] for row in rows]
        yield ("top level" if title == "top" else f"[{title}]"), cells


def _plain(text: str) -> str:
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text)
    return text.replace("`", "").replace("\\|", "|")


def _references(commands: list[str], *others: str) -> str:
    names = [f"autoenv\\-hpc\\-{name}(1)" for name in commands] or ["autoenv\\-hpc(1)"]
    return ",\n".join([*names, *(f"{_roff(name)}(5)" for name in others)])


def _roff(text: str) -> str:
    """A text in which nothing is a request or an escape (groff_man(7))."""
    lines = text.replace("\\", "\\e").replace("-", "\\-").splitlines()
    return "\n".join(f"\\&{line}" if line.startswith((".", "'")) else line for line in lines)


def main(folder: str) -> None:
    """Write the pages below a folder."""
    from importlib.metadata import version  # noqa: PLC0415 - not known before the installation

    for name, text in pages(version("autoenv-hpc")).items():
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
