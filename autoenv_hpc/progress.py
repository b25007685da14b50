"""The progress of a build on a terminal: what happens, how far it is, how long it has taken."""

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
_PAUSE = 0.5  # seconds between two looks; the folder may be on a busy file system
_NEVER = float("-inf")


class Bar:
    """One line that is drawn anew until it is wiped."""

    def __init__(self, stream: TextIO) -> None:
        what = _What(Column(ratio=1, no_wrap=True))
        columns = (SpinnerColumn(), BarColumn(20), _Done(), TimeElapsedColumn(), what)
        room = os.get_terminal_size(stream.fileno()).columns or 80  # of a terminal that says 0
        width = max(20, room - len("^C "))  # what is typed meanwhile must not break the line
        console = Console(file=stream, force_terminal=True, width=width)
        self._progress = Progress(
            *columns, console=console, transient=True, expand=True,
            redirect_stdout=False, redirect_stderr=False,
        )  # fmt: skip
        self._task = self._progress.add_task("", total=None, count=None, pause=_PAUSE)
        self._progress.start()

    def show(self, text: str, total: int | None, count: Count | None) -> None:
        """Show what happens; from a line with a total on, count up to it."""
        self._progress.update(self._task, description=text)
        if total is not None:  # drawn at once: what is small is done before the next turn
            self._progress.update(
                self._task, total=total, completed=0, count=count, looked=_NEVER, refresh=True
            )

    def wipe(self) -> None:
        """Leave no trace; the last that is seen is how far it came."""
        self._progress.update(self._task, pause=0)
        self._progress.stop()


class _Done(ProgressColumn):
    """How many of how many, looked up twice a second: installers do not tell."""

    def render(self, task: Task) -> Text:
        count = task.fields["count"]
        if task.total is None or count is None:
            return Text("")
        # Not `max_refresh`: rich heeds it only while nothing is done, and keeps an empty text too.
        if task.get_time() - task.fields["looked"] >= task.fields["pause"]:
            task.completed = max(task.completed, min(count(), task.total))
            task.fields["looked"] = task.get_time()
        return Text(f"{task.completed:.0f}/{task.total:.0f}")


class _What(ProgressColumn):
    """The last line that the installer said, as it is."""

    def render(self, task: Task) -> Text:
        return Text(task.description, overflow="ellipsis", no_wrap=True)
