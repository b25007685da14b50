"""The line on a terminal that shows how far a build is."""

import os
from collections.abc import Callable
from typing import TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TimeElapsedColumn,
)
from rich.table import Column
from rich.text import Text

Count = Callable[[], int]
_PAUSE = 0.5  # seconds between two counts; the folder may be on a busy file system
_NEVER = float("-inf")


class Bar:
    """One line that is redrawn until it is wiped."""

    def __init__(self, stream: TextIO) -> None:
        what = _What(Column(ratio=1, no_wrap=True))
        columns = (SpinnerColumn(), BarColumn(20), _Done(), TimeElapsedColumn(), what)
        room = os.get_terminal_size(stream.fileno()).columns or 80  # some terminals report 0
        width = max(20, room - len("^C "))  # an echoed ^C must not wrap the line
        console = Console(file=stream, force_terminal=True, width=width)
        self._progress = Progress(
            *columns, console=console, transient=True, expand=True,
            redirect_stdout=False, redirect_stderr=False,
        )  # fmt: skip
        self._task = self._progress.add_task("", total=None, count=None, pause=_PAUSE)
        self._progress.start()

    def show(self, text: str, total: int | None, count: Count | None) -> None:
        """Show the current step; a total starts a count up to it."""
        self._progress.update(self._task, description=text)
        if total is not None:  # drawn now: a small step ends before the next redraw
            self._progress.update(
                self._task, total=total, completed=0, count=count, looked=_NEVER, refresh=True
            )

    def wipe(self) -> None:
        """Draw the final count, then remove the line."""
        self._progress.update(self._task, pause=0)
        self._progress.stop()


class _Done(ProgressColumn):
    """The count so far and the total, polled because installers do not report it."""

    def render(self, task: Task) -> Text:
        count = task.fields["count"]
        if task.total is None or count is None:
            return Text("")
        # Not `max_refresh`: rich applies it only while nothing is done, and to an empty text too.
        if task.get_time() - task.fields["looked"] >= task.fields["pause"]:
            task.completed = max(task.completed, min(count(), task.total))
            task.fields["looked"] = task.get_time()
        return Text(f"{task.completed:.0f}/{task.total:.0f}")


class _What(ProgressColumn):
    """The last line of the installer's output, unchanged."""

    def render(self, task: Task) -> Text:
        return Text(task.description, overflow="ellipsis", no_wrap=True)
