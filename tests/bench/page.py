"""The tables of the page, each between two markers; the text around them is written by hand."""

import re
from collections.abc import Sequence
from pathlib import Path

from bench.measure import Counts, Spread

Cell = str | int | Spread | Counts | None


class Page:
    """The page on disk, with the parts that were measured."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def table(self, marker: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
        """Write a table into its place."""
        lines = [columns, ["---"] * len(columns), *rows]
        self.text(marker, "\n".join(f"| {' | '.join(map(_written, line))} |" for line in lines))

    def text(self, marker: str, text: str) -> None:
        """Write a text into its place, and print it.

        :raises ValueError: the page has no such place.
        """
        print(f"\n{marker}\n\n{text}", flush=True)  # noqa: T201
        pattern = f"(<!-- {re.escape(marker)} -->\n).*?(<!-- end -->)"
        page = self._path.read_text()
        page, places = re.subn(
            pattern, lambda found: f"{found[1]}\n{text}\n\n{found[2]}", page, flags=re.DOTALL
        )
        if places != 1:
            raise ValueError(f"{self._path}: no place for {marker!r}")
        self._path.write_text(page)


def ratio(ours: Spread, theirs: Spread | None) -> str | None:
    """The factor by which it is faster or slower than the rival."""
    if theirs is None:
        return None
    factor = theirs.median / ours.median
    return f"1/{_number(factor)}" if factor >= 1 else f"{_number(1 / factor)} times"


def _written(cell: Cell) -> str:
    if cell is None:
        return "not here"
    if isinstance(cell, Spread):
        low, median, high = map(_number, cell)
        return median if low == high else f"{median} ({low} to {high})"
    if isinstance(cell, Counts):
        return " / ".join(map(_number, cell))
    return str(cell)


def _number(value: float) -> str:
    if value and abs(value) < 10:
        return f"{value:.2g}"
    return f"{value:,.0f}"
