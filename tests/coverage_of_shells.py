"""The coverage of the shell files, by statements.

    coverage_of_shells.py mark FOLDER LOG     insert a call before each statement that writes to LOG
    coverage_of_shells.py report FOLDER LOG   compare LOG with the unmarked files in FOLDER

The hook handles traps and options of the user's shell, so a trace that uses them would change the
result. A call changes neither. Statements are those of the shell's parser: the condition of an
`if`, each branch, and the commands after `&&` and `||`. fish has no such parser, so each line is a
statement, as is each command after `; and` and `; or`.
"""

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

LANGUAGES = {
    "autoenv-hpc": "bash",
    "hook.bash": "bash",
    "hook.common": "bash",
    "hook.zsh": "zsh",
    "module-tool.bash": "bash",
    "hook.fish": "fish",
}
# The statements inside these compounds are marked, not the compounds.
_GROUPS = ("Block", "Subshell")
_USES_STATUS = re.compile(rb"(return|exit)\b(?! *[^\s;])|[^\n\\]*\$\?")
# Tests of upgrades rewrite this line, and expect it alone.
_REWRITTEN = re.compile(rb"(set -g )?__autoenv_hpc_protocol[= ]\d")
_FISH_ALONE = re.compile(rb"\s*(#|else\b|case\b|end\b|$)")
_FISH_BEHIND = re.compile(rb"; (and|or) ")
_HIT = "__autoenv_hpc_hit"


class Mark(NamedTuple):
    """A place before a statement."""

    line: int
    start: int  # offset in bytes
    end: int = 0  # the end of the statement, if the call needs braces around both
    conjunction: bytes = b""  # in fish: the word to repeat after the call


def marks(file: Path) -> list[Mark]:
    """The statements of a file, in order."""
    text = file.read_bytes()
    found = _fish_marks(text) if LANGUAGES[file.name] == "fish" else _shell_marks(file, text)
    return [mark for mark in found if not _REWRITTEN.match(text, mark.start)]


def _shell_marks(file: Path, text: bytes) -> list[Mark]:
    """The statements of a file in bash or zsh, as shfmt reads it."""
    shfmt = shutil.which("shfmt", path=str(Path(sys.executable).parent)) or "shfmt"
    tree = subprocess.run(
        [shfmt, "-ln", LANGUAGES[file.name], "--to-json"],
        input=text,
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    return sorted(set(_tree_marks(json.loads(tree))), key=lambda mark: mark.start)


def _tree_marks(node: Any) -> Iterator[Mark]:
    """The statements below a node of shfmt's tree."""
    if isinstance(node, list):
        for item in node:
            if _is_statement(item) and item["Cmd"]["Type"] not in ("FuncDecl", *_GROUPS):
                yield Mark(item["Pos"]["Line"], item["Pos"]["Offset"])
            yield from _tree_marks(item)
    elif isinstance(node, dict):
        if node.get("Type") == "BinaryCmd":
            behind = node["Y"]
            if node["Op"] in ("&&", "||") and behind["Cmd"]["Type"] not in _GROUPS:
                pos, end = behind["Pos"], behind["End"]
                yield Mark(pos["Line"], pos["Offset"], end["Offset"])
        for value in node.values():
            yield from _tree_marks(value)


def _is_statement(node: Any) -> bool:
    return isinstance(node, dict) and "Position" in node and "Cmd" in node


def _fish_marks(text: bytes) -> Iterator[Mark]:
    """The lines with commands, without those inside a string."""
    offset = 0
    quote = b""
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        starts_inside = bool(quote)
        if not starts_inside and not _FISH_ALONE.match(line):
            yield Mark(number, offset + len(line) - len(line.lstrip()))
        outside, quote = _fish_outside(line, quote)
        for found in _FISH_BEHIND.finditer(line):
            if found.start() in outside and not _FISH_ALONE.match(line):
                yield Mark(number, offset + found.end(), conjunction=found[0][2:])
        offset += len(line)


def _fish_outside(line: bytes, quote: bytes) -> tuple[set[int], bytes]:
    """The positions in a line outside of quotes, and the quote that is open at its end."""
    outside = set()
    at = 0
    while at < len(line):
        char = line[at : at + 1]
        if char == b"\\":
            at += 2
            continue
        if quote:
            quote = b"" if char == quote else quote
        elif char in (b"'", b'"'):
            quote = char
        elif char == b"#" and line[at - 1 : at] in (b" ", b""):
            break
        else:
            outside.add(at)
        at += 1
    return outside, quote


def mark(folder: Path, log: Path) -> None:
    """Insert the calls into the files of a folder. Lines keep their numbers."""
    log.touch()
    log.chmod(0o666)
    for name in LANGUAGES:
        file = folder / name
        file.write_bytes(_marked(file, log))


def _marked(file: Path, log: Path) -> bytes:
    text = file.read_bytes()
    is_fish = LANGUAGES[file.name] == "fish"
    pieces: list[tuple[int, bytes]] = []
    for found in marks(file):
        call = f"{_HIT} {_label(file.name, found)}".encode()
        if not is_fish and _USES_STATUS.match(text, found.start):
            call += b" $?"
        call += b"; " + found.conjunction
        if found.end:
            end = len(text[: found.end].rstrip(b"; \n"))
            pieces += [(found.start, b"{ " + call), (end, b"; }")]
        else:
            pieces.append((found.start, call))
    start, call = pieces[0]  # on the first line with a command, so that lines keep their numbers
    pieces[0] = (start, _definition(log, is_fish=is_fish) + b"; " + call)
    for start, piece in sorted(pieces, key=lambda piece: piece[0], reverse=True):
        text = text[:start] + piece + text[start:]
    return text


def _label(name: str, found: Mark) -> str:
    """The entries of the log, without file names, since parts of these are words of the protocol."""
    return f"{list(LANGUAGES).index(name)}:{found.line}:{found.start}"


def _definition(log: Path, *, is_fish: bool) -> bytes:
    path = shlex.quote(str(log))
    if is_fish:
        return (
            f"function {_HIT}; set -l __autoenv_hpc_was $status; "
            f"builtin echo $argv[1] >>{path}; return $__autoenv_hpc_was; end"
        ).encode()
    return (
        f"{_HIT}() {{ \\builtin printf '%s\\n' \"$1\" >>{path}; "
        '\\builtin return "${2:-0}"; } 2>/dev/null'
    ).encode()


def report(folder: Path, log: Path) -> None:
    """Print for each file the number of statements that ran, and the lines of the others."""
    noted = set(log.read_text().split())
    rows = []
    for name in LANGUAGES:
        places = {_label(name, found): found.line for found in marks(folder / name)}
        missed = [line for place, line in places.items() if place not in noted]
        rows.append((name, len(places), len(missed), " ".join(map(str, dict.fromkeys(missed)))))
    count, miss = sum(row[1] for row in rows), sum(row[2] for row in rows)
    lines = [f"{'Shell file':<20}{'Stmts':>6}{'Miss':>6}{'Cover':>7}   Missing"]
    for name, all_, missing, where in [*rows, ("TOTAL", count, miss, "")]:
        share = 100 * (all_ - missing) // all_
        lines.append(f"{name:<20}{all_:>6}{missing:>6}{share:>6}%   {where}".rstrip())
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    {"mark": mark, "report": report}[sys.argv[1]](*map(Path, sys.argv[2:]))
