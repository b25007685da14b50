"""A finding: something that goes wrong, or will."""

from typing import Any, Literal, NamedTuple

Severity = Literal["high", "medium", "low", "info"]


class Finding(NamedTuple):
    """Something that `doctor` has found; the ids are those of its page in the documentation."""

    id: str
    severity: Severity
    title: str
    file: str
    line: int | None = None
    evidence: str = ""
    remedy: str = ""  # one command, or one line to write

    def as_json(self) -> dict[str, Any]:
        """The finding for a program."""
        where = {"path": self.file} if self.line is None else {"file": self.file, "line": self.line}
        return {
            "id": self.id,
            "severity": self.severity,
            "title": self.title,
            "where": where,
            "evidence": self.evidence,
            "remedy": self.remedy,
            "docs": f"how-to/troubleshooting.html#{self.id.lower()}",
        }

    def lines(self) -> str:
        """The finding for a reader."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        evidence = f": {self.evidence}" if self.evidence else ""
        text = f"{place}: {self.id} {self.severity}: {self.title}{evidence}\n"
        return f"{text}  help: {self.remedy}\n" if self.remedy else text
