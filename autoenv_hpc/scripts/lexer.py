"""The words of a shell script (POSIX.1-2017, Shell Command Language, 2.3)."""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

Kind = Literal["word", "operator", "redirection", "newline"]

_OPERATOR = re.compile(r";;&|;;|;&|&&|\|\||\|&|[;&|()]")
_REDIRECTION = re.compile(r"\d*(?:&>>|&>|>>|>\||>&|<&|<>|<<<|<<-|<<|[<>])(?!\()")
_BLANK = re.compile(r"[ \t]+")
_PLAIN = re.compile(r"[^\s;&|()<>'\"\\$`]+")
_NAME = re.compile(r"[A-Za-z_]\w*|[0-9@*#?$!-]")
_DEEPEST = 100  # quotes within each other


class Token(NamedTuple):
    """One word or operator."""

    kind: Kind
    text: str  # as it is written, with its quotes
    line: int


class Unreadable(Exception):  # noqa: N818 - what the script is
    """A quote or a parenthesis has no end, or there are too many within each other."""


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a script, without comments, continuations and the text of here-documents.

    :raises Unreadable: at the place where the script cannot be followed any more.
    """
    yield from _Lexer(text.replace("\r\n", "\n")).tokens()


class _Lexer:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._documents: list[tuple[str, bool]] = []  # the ends of here-documents, and `<<-`
        self._depth = 0  # of quotes within expansions within quotes

    @property
    def _line(self) -> int:
        return self._text.count("\n", 0, self._at) + 1

    def tokens(self) -> Iterator[Token]:
        while self._at < len(self._text):
            if self._skip(_BLANK) or self._skip_continuation():
                continue
            line, char = self._line, self._text[self._at]
            if char == "#":
                self._at = self._end_of_line()
            elif char == "\n":
                self._at += 1
                yield Token("newline", "\n", line)
                self._skip_documents()
            elif found := self._skip(_REDIRECTION):
                yield Token("redirection", found, line)
                if found.lstrip("0123456789") in ("<<", "<<-"):
                    self._skip(_BLANK)
                    word = self._word()
                    self._documents.append((re.sub(r"['\"\\]", "", word), found.endswith("-")))
            elif found := self._skip(_OPERATOR):
                yield Token("operator", found, line)
            else:
                yield Token("word", self._word(), line)

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if not match:
            return ""
        self._at = match.end()
        return match[0]

    def _skip_continuation(self) -> bool:
        is_one = self._text.startswith("\\\n", self._at)
        self._at += 2 * is_one
        return is_one

    def _end_of_line(self) -> int:
        end = self._text.find("\n", self._at)
        return len(self._text) if end < 0 else end

    def _skip_documents(self) -> None:
        for end, strips_tabs in self._documents:
            while self._at < len(self._text):
                stop = self._end_of_line()
                line = self._text[self._at : stop]
                self._at = stop + 1
                if (line.lstrip("\t") if strips_tabs else line) == end:
                    break
        self._documents = []

    def _word(self) -> str:
        start = self._at
        while self._at < len(self._text):
            char = self._text[self._at]
            if self._skip(_PLAIN):
                continue
            if char == "\\":
                self._at += 2
            elif char in "'\"`":
                self._quoted(char)
            elif char == "$":
                self._expansion()
            elif char == "(" and self._text[self._at - 1 : self._at] in ("=", "<", ">"):
                self._balanced("(", ")")  # an array, or a process substitution
            elif char in "<>" and self._text.startswith("(", self._at + 1):
                self._at += 1
                self._balanced("(", ")")
            else:
                break
        if self._at == start:
            self._at += 1
        return self._text[start : self._at].replace("\\\n", "")

    def _quoted(self, quote: str) -> None:
        start = self._at
        self._at += 1
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Unreadable(f"line {self._line}: more than {_DEEPEST} quotes within each other")
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == quote:
                self._at += 1
                self._depth -= 1
                return
            if char == "\\" and quote != "'":
                self._at += 2
            elif char == "$" and quote == '"':
                self._expansion()
            elif char == "`" and quote == '"':
                self._quoted("`")
            else:
                self._at += 1
        raise Unreadable(f"line {self._text.count(chr(10), 0, start) + 1}: {quote} has no end")

    def _expansion(self) -> None:
        following = self._text[self._at + 1 : self._at + 2]
        self._at += 1
        if following == "(":
            self._balanced("(", ")")
        elif following == "{":
            self._balanced("{", "}")
        elif following == "'":
            self._quoted("'")
        else:
            self._skip(_NAME)

    def _balanced(self, opening: str, closing: str) -> None:
        start, depth = self._at, 0
        while self._at < len(self._text):
            char = self._text[self._at]
            if char in "'\"`":
                self._quoted(char)
                continue
            if char == "\\":
                self._at += 1
            depth += (char == opening) - (char == closing)
            self._at += 1
            if depth == 0:
                return
        raise Unreadable(f"line {self._text.count(chr(10), 0, start) + 1}: {opening} has no end")
