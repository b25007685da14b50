"""What modulefiles say while they are loaded, as messages of one line each."""

import re
from collections.abc import Iterator

_SHOWN = 600  # characters of one message
_RULE = re.compile(r"\W{4,}\Z")
_HEADER = re.compile(
    r"Loading (\S+)(?: <[\w:]+>)?\Z"
)  # of Environment Modules; indented lines follow
_DEPENDENCY = re.compile(r"(?:Loading|Unloading|Reloading) (?:\w+ )?(?:requirement|dependent): ")
# What Lmod itself tells of modules that change; the line of the entry names those that went.
_LMODS_OWN = re.compile(
    r"The following have been reloaded|Due to MODULEPATH changes|Activating Modules"
    r"|Lmod is automatically replacing|The following modules were not unloaded"
    r"|There are messages associated with|Running \"module reset\"|Resetting modules to"
)
_PROCESSED = "While processing the following module(s):"


def remarks(words: str) -> tuple[str, ...]:
    """The messages in what a module tool wrote to stderr during a load that worked.

    The tool's own reports about dependencies and replaced modules are left out.
    """
    found: list[str] = []
    for first, *more in _blocks(words):
        header = _HEADER.match(first)
        if first == _PROCESSED and found:
            modules = [line.split()[0] for line in more[1:] if "/" in line]
            found[-1] += f" ({', '.join(modules)})"
        elif header:
            rest = [line for line in more if not _DEPENDENCY.match(line)]
            found += [f"{header[1]}: {' '.join(rest)}"] if rest else []
        elif not _LMODS_OWN.match(first):
            found.append(" ".join((first, *more)))
    return tuple(dict.fromkeys(map(shortened, found)))


def shortened(text: str) -> str:
    """The text, cut at a word if it is long."""
    return text if len(text) <= _SHOWN else text[:_SHOWN].rsplit(" ", 1)[0] + " …"


def _blocks(words: str) -> Iterator[list[str]]:
    """Each line with the indented lines below it."""
    block: list[str] = []
    for line in words.splitlines():
        text = line.strip()
        if block and (not text or not line[0].isspace()):
            yield block
            block = []
        if text and not _RULE.match(text):
            block.append(text)
    if block:
        yield block
