"""The simple commands of a script, each with what decides whether it runs."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from autoenv_hpc.scripts import lexer
from autoenv_hpc.scripts.lexer import Token

# What opens a block, and what closes it. A group in braces runs like the lines around it.
_BLOCKS = {"if": "fi", "for": "done", "while": "done", "until": "done", "case": "esac"}
_BLOCKS |= {"select": "done", "{": "}"}
_BETWEEN = {"then", "else", "elif", "do", "!", "time"}
_HEADS = {"for", "case", "select", "function"}  # the rest of their line is no command


class Command(NamedTuple):
    """A simple command."""

    words: tuple[str, ...]  # as they are written, with their quotes; without redirections
    line: int  # from 1
    last_line: int
    in_block: bool = False  # a condition, a loop, a function or a sub-shell decides whether it runs
    after: str = ""  # the operator before it on its line: `&&`, `||`, `|`
    output: bool = True  # whether its output is left alone


def commands(text: str) -> Iterator[Command]:
    """The simple commands of a script in their order.

    :raises Unreadable: the script cannot be followed to its end.
    """
    parser = _Parser()
    for token in lexer.tokens(text):
        yield from parser.take(token)
    yield from parser.end()


class _Parser:
    def __init__(self) -> None:
        self._words: list[Token] = []
        self._blocks: list[str] = []  # the words that close them, the innermost last
        self._after = ""
        self._is_redirected = False
        self._is_target = False  # the next word names a file
        self._is_function = False  # the next block is a function's body

    def take(self, token: Token) -> Iterator[Command]:
        """Take the next token; return the command that it ends, if it does."""
        if token.kind == "redirection":
            self._is_redirected = self._is_target = True
        elif token.kind == "word":
            self._word(token)
        elif token.text == "(":
            if len(self._words) == 1:  # `name()`
                self._words, self._is_function = [], True
            else:
                self._blocks.append(")")
        elif token.text == ")":
            yield from self._parenthesis()
        else:
            yield from self.end()
            self._after = token.text if token.text in ("&&", "||", "|", "|&") else ""

    def end(self) -> Iterator[Command]:
        """Return the command of the words so far."""
        words, is_redirected = self._words, self._is_redirected
        self._words, self._is_redirected, self._is_target = [], False, False
        if words and words[0].text not in _HEADS:
            in_block = any(block != "group" for block in self._blocks)
            texts = tuple(word.text for word in words)
            first, last = words[0].line, words[-1].line
            yield Command(texts, first, last, in_block, self._after, not is_redirected)

    def _word(self, token: Token) -> None:
        word = token.text
        if self._is_target:
            self._is_target = False
        elif self._words:
            if word == "{" and self._words[0].text == "function":
                self._blocks.append("}")
                self._words = []
            else:
                self._words.append(token)
        elif word in _BLOCKS:
            is_group = word == "{" and not self._is_function
            self._is_function = False
            self._blocks.append("group" if is_group else _BLOCKS[word])
            if word in _HEADS:
                self._words.append(token)
        elif word == "function":
            self._words.append(token)
        elif word in _BLOCKS.values():
            if self._blocks:
                self._blocks.pop()
        elif word not in _BETWEEN:
            self._words.append(token)

    def _parenthesis(self) -> Iterator[Command]:
        if self._is_function:
            return
        if self._blocks[-1:] == ["esac"]:
            self._words = []  # the end of a pattern
            return
        yield from self.end()
        if self._blocks[-1:] == [")"]:
            self._blocks.pop()


def expand(word: str, known: Mapping[str, str | None], *, keep: bool = False) -> str | None:
    """A word without its quotes and with the variables that the script itself has set.

    :param known: the variables; None for those whose values only a run of the script tells.
    :param keep: leave other variables in the text, as `${NAME}`.
    :returns: None if the word depends on something that is not known.
    """
    result: list[str] = []
    is_quoted = False
    for match in _PART.finditer(word):
        if match["quote"]:
            is_quoted = not is_quoted
        elif match["single"] is not None and not is_quoted:
            result.append(match["single"])
        elif match["escaped"]:
            result.append(match["escaped"])
        elif name := match["plain"] or match["braced"]:
            value = known.get(name, f"${{{name}}}" if keep else None)
            if value is None:
                return None
            result.append(value)
        elif match["run"] or (match["pattern"] and not is_quoted):
            return None
        else:
            result.append(match[0])
    return "".join(result)


_PART = re.compile(
    r"""(?P<quote>")
    |'(?P<single>[^']*)'
    |\\(?P<escaped>.)
    |\$(?:(?P<plain>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*)\})
    |(?P<run>`|\$[({'"0-9@*\#?!-]|[<>]\()
    |(?P<pattern>[*?[])
    |.""",
    re.VERBOSE | re.DOTALL,
)
