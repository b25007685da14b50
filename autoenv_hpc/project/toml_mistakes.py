"""The likely mistake behind a syntax error in a TOML document."""

import re

_BOM = "\ufeff"
_CURLY = re.compile("[\u201c\u201d\u201e\u2018\u2019]")
_INSTEAD = 'write KEY = VALUE, as in modules = ["GCC/12.3.0"]'
_SHELL = re.compile(r"\s*(?:export\s+\w+=|module\s|ml\s|source\s|\.\s|conda\s|pip\s|#SBATCH)")
_YAML = re.compile(r"\s*(?:-\s+\S|[\w.-]+:(?:\s|$))")
_TWICE = re.compile(r"Cannot (?:declare|mutate|overwrite|redefine).*?\((.*?),?\)", re.DOTALL)
_TWO_STRINGS = re.compile(r"""(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*')\s*\Z""")


def explain(text: str, message: str) -> tuple[int, str, str]:
    """What is wrong with a document that tomllib rejects.

    :param message: tomllib's.
    :returns: the line from 1, the reason, and that line with a caret below the place.
    """
    what, _, place = message.rpartition(" (at ")
    found = re.match(r"line (\d+), column (\d+)", place)
    lines = text.split("\n")
    if not found and len(lines) > 1 and not lines[-1]:
        lines.pop()  # the end of the document is the end of its last line
    number, column = map(int, found.groups()) if found else (len(lines), len(lines[-1]) + 1)
    source = lines[number - 1].rstrip("\r").expandtabs(1)
    before = "\n".join([*lines[: number - 1], source[: column - 1]])
    reason = _likely(source, before, source[column - 1 :]) or _repeated(what) or what or message
    return number, reason, f"    {source.lstrip(_BOM)}\n    {' ' * (column - 1)}^"


def _likely(source: str, before: str, after: str) -> str:
    """The mistake to judge by the line and by the text on either side of the place."""
    above, _, start = before.rpartition("\n")
    quotes = source.partition("#")[0].count('"')
    in_list_above = above.count("[") > above.count("]")
    in_list = before.count("[") > before.count("]")
    reasons = (
        (
            source.startswith(_BOM),
            "the file begins with a byte order mark (save it as UTF-8 without one)",
        ),
        (
            _CURLY.search(source),
            'curly quotes do not delimit a string (write straight ones, ")',
        ),
        (
            quotes % 2 and '"""' not in before,
            'a quote is missing (each string begins and ends with ")',
        ),
        (source.startswith("[") and in_list_above, "a list above this line has no ] (close it)"),
        (_SHELL.match(source), f"this is a line for a shell ({_INSTEAD})"),
        (_YAML.match(source) and "[" not in start, f"this looks like YAML ({_INSTEAD})"),
        (
            after[:1] in ('"', "'") and _TWO_STRINGS.search(before),
            "a comma is missing between two strings (write one there)",
        ),
        (
            not after.strip() and in_list,
            "a [ has no ] (close the list, or the head of the table)",
        ),
    )
    return next((reason for holds, reason in reasons if holds), "")


def _repeated(what: str) -> str:
    """The message of tomllib about a key that is given twice, with the key as it is written."""
    twice = _TWICE.match(what)
    if twice:
        key = ".".join(part.strip().strip("'\"") for part in twice[1].split(","))
        return f"[{key}] is given twice (merge the two)"
    return "a key is given twice (remove one)" if what.startswith("Cannot overwrite") else ""
