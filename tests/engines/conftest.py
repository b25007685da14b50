"""The table with which `make engines` ends: what the page's line does in each engine, and in what time."""

import os
from collections import defaultdict

import pytest

_WAYS = ("everything", "HOME")  # what a job is handed on


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print a row for each section of the page, with the slowest test's time for each way."""
    if os.environ.get("ENGINES") != "all":
        return
    seconds: dict[tuple[str, str], float] = defaultdict(float)
    failed: set[str] = set()
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            tried = dict(report.user_properties) if report.when == "call" else {}
            for section in tried.get("sections", ()):
                key = section, tried["way"]
                seconds[key] = max(seconds[key], report.duration)
                if outcome == "failed":
                    failed.add(section)
    terminalreporter.section("the line of docs/how-to/engines.md in each engine")
    for section in sorted({section for section, _ in seconds}, key=str.casefold):
        times = [f"{seconds[section, way]:.1f} s" for way in _WAYS if (section, way) in seconds]
        word = "one line, both ways" if len(times) == len(_WAYS) else "one line"
        terminalreporter.write_line(
            f"{section:32} {'fails' if section in failed else word:20} {' / '.join(times)}"
        )
