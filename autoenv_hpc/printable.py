"""Text with its control characters made visible, for terminals."""

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_RAW_BYTES = range(0xDC80, 0xDD00)  # bytes that are not UTF-8 (PEP 383)


def printable(text: str) -> str:
    """The text on one line, with an escape for each character that a terminal would act on.

    This covers control characters (C0, DEL, C1), marks that change the direction of text, line
    separators and bytes that are not UTF-8.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def printable_lines(text: str) -> str:
    """The same for text of several lines, which keeps its line breaks."""
    return "\n".join(map(printable, text.split("\n")))


def _escaped(char: str) -> str:
    code = ord(char)
    if code in _RAW_BYTES:
        return f"\\x{code - 0xDC00:02x}"
    return _SHORT.get(char) or ascii(char)[1:-1]
