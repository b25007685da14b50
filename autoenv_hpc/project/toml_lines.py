"""The line of each key in a TOML document, for messages.

It works on text that tomllib accepts, and runs only if there is a fault to report.
"""

import re
from bisect import bisect_right

Path = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)+")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")'
    r"|'''.*?'{3,5}(?!')"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}\n#]+")


def line_of(text: str, path: Path) -> int:
    """The line, from 1, of a key, or of the nearest enclosing key in the text."""
    lines = _Scanner(text).lines
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


class _Scanner:
    def __init__(self, text: str) -> None:
        self.lines: dict[Path, int] = {}
        self._text = text
        self._at = 0
        self._starts = [match.end() for match in re.finditer("\n", text)]
        self._document()

    def _document(self) -> None:
        table: Path = ()
        counts: dict[Path, int] = {}
        self._skip(_BLANK)
        while self._at < len(self._text):
            if self._text.startswith("[", self._at):
                is_array = self._text.startswith("[[", self._at)
                self._at += 1 + is_array
                start = self._at
                table = self._key()
                if is_array:
                    number = counts[table] = counts.get(table, -1) + 1
                    table = (*table, number)
                self._note(table, start)
                self._at += 1 + is_array
            else:
                self._pair(table)
            self._skip(_BLANK)

    def _pair(self, table: Path) -> None:
        start = self._at
        path = table + self._key()
        self._note(path, start)
        self._at += 1  # the equals sign
        self._value(path)

    def _value(self, path: Path) -> None:
        self._skip(_SPACE)
        if self._text.startswith("[", self._at):
            self._items(path, "]")
        elif self._text.startswith("{", self._at):
            self._items(path, "}")
        else:
            self._skip(_STRING) or self._skip(_SCALAR)

    def _items(self, path: Path, end: str) -> None:
        self._at += 1
        number = 0
        self._skip(_BLANK)
        while not self._text.startswith(end, self._at):
            if end == "]":
                self._note((*path, number), self._at)
                self._value((*path, number))
                number += 1
            else:
                self._pair(path)
            self._skip(_BLANK)
            if self._text.startswith(",", self._at):
                self._at += 1
                self._skip(_BLANK)
        self._at += 1

    def _key(self) -> Path:
        parts: list[str] = []
        while True:
            self._skip(_SPACE)
            word = self._skip(_BARE_KEY) or _unquoted(self._skip(_STRING))
            parts.append(word)
            self._skip(_SPACE)
            if not self._text.startswith(".", self._at):
                return tuple(parts)
            self._at += 1

    def _note(self, path: Path, at: int) -> None:
        line = bisect_right(self._starts, at) + 1
        for end in range(1, len(path) + 1):
            self.lines.setdefault(path[:end], line)

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            return ""
        self._at = match.end()
        return match[0]


def _unquoted(word: str) -> str:
    import tomllib  # noqa: PLC0415 - quoted keys are rare

    return str(tomllib.loads(f"key = {word}")["key"])
