"""The changes that change nothing, and why: read from `equivalent.txt`, where each is written as its lines and a reason."""

from dataclasses import dataclass
from pathlib import Path

from mutants.changes import Change

Key = tuple[str, str, tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True)
class Equal:
    """By file, function, lines before and after; the number of a line may change."""

    reasons: dict[Key, str]

    def __contains__(self, change: Change) -> bool:
        return (change.path, change.within, *change.lines) in self.reasons

    @classmethod
    def read(cls, file: Path) -> "Equal":
        """Raises ValueError for an entry without a reason. A paragraph is an entry; one that begins with # is not."""
        reasons = {}
        for part in file.read_text().split("\n\n"):
            lines = part.strip().splitlines()
            if lines and not lines[0].startswith("#"):
                key, why = _entry(lines)
                reasons[key] = why
        return cls(reasons)


def _entry(lines: list[str]) -> tuple[Key, str]:
    path, within = lines[0].split(" in ")
    before = tuple(line[1:].strip() for line in lines if line.startswith("-"))
    after = tuple(line[1:].strip() for line in lines if line.startswith("+"))
    why = " ".join(line[5:].strip() for line in lines if line.startswith("why: "))
    if not (before and after and why):
        raise ValueError(f"An entry has lines with '- ', lines with '+ ' and a 'why: ': {lines[0]}")
    return (path, within, before, after), why
