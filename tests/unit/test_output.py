"""What reaches a terminal, and what becomes of output that cannot be written."""

import errno
import io
import os
import re
import sys
from pathlib import Path

import pytest

from autoenv_hpc import __main__
from autoenv_hpc.errors import Problem
from autoenv_hpc.printable import printable
from autoenv_hpc.report import Report

PACKAGE = Path(__file__).resolve().parents[2] / "autoenv_hpc"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, èрт🚒♞中片", "plain, èрт🚒♞中片"),
        ("\x1b]0;owned\a", "\\x1b]0;owned\\x07"),
        ("\x9b31m\x7f", "\\x9b31m\\x7f"),
        ("two\nlines\r\t\v", "two\\nlines\\r\\t\\x0b"),
        ("\u202etxt.exe\u2028", "\\u202etxt.exe\\u2028"),
        (os.fsdecode(b"\xff"), "\\xff"),
    ],
)
def test_control_characters_are_visible(text: str, shown: str) -> None:
    assert printable(text) == shown
    stream = io.StringIO()
    report = Report({}, stream)
    report.note(text)
    report.problem(Problem(text.replace("\n", "\r")))
    assert all(line.isprintable() for line in stream.getvalue().split("\n"))


def test_a_message_that_cannot_be_written_is_lost() -> None:
    class Full(io.StringIO):
        def write(self, _text: str) -> int:
            raise OSError(28, "No space left on device")

    Report({}, Full()).note("a line")
    report = Report({})
    report._stream = None  # as in a process whose stderr is closed  # noqa: SLF001
    report.note("a line")
    report.progress("a step")


def test_all_output_goes_through_one_place() -> None:
    known = {"report.py", "verbose.py", "commands/demo_terminal.py"}
    files = PACKAGE.rglob("*.py")
    writers = {f for f in files if re.search(r"sys\.std(out|err)\.(write|buffer)", f.read_text())}
    assert {str(file.relative_to(PACKAGE)) for file in writers} <= known


_EIO = OSError(errno.EIO, "gone", "/dev/null")
_UNLOADED = "_ctypes.so: cannot open shared object file: Input/output error"


@pytest.mark.parametrize(
    ("error", "said"), [(_EIO, "/dev/null: gone"), (ImportError(_UNLOADED), _UNLOADED)]
)
@pytest.mark.parametrize(("words", "status"), [(["list"], 1), (["exec", "--", "true"], 125)])
def test_a_fault_of_the_machine_is_one_line(
    words: list[str],
    status: int,
    error: Exception,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    _let_fail(monkeypatch, words, error)
    assert __main__.main() == status
    line = capfd.readouterr().err
    assert line.startswith(f"autoenv-hpc: {said} (")
    assert line.count("\n") == 1


@pytest.mark.parametrize(
    "bug", [FileNotFoundError(errno.ENOENT, "a bug"), ImportError("cannot import name 'bug'")]
)
def test_a_bug_is_no_fault_of_the_machine(bug: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    _let_fail(monkeypatch, ["list"], bug)
    with pytest.raises(type(bug)):
        __main__.main()


def _let_fail(monkeypatch: pytest.MonkeyPatch, words: list[str], error: Exception) -> None:
    def run(*_words: object) -> int:
        raise error

    monkeypatch.setattr(sys, "argv", ["autoenv-hpc", *words])
    monkeypatch.setattr("autoenv_hpc.cli.run", run)
