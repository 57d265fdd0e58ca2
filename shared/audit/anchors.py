"""Where checkpoints are kept outside of the database: a file for each service, only ever appended to, a note in each line."""

import json
import os
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

_TAIL = 64 * 1024


class Anchor:
    """The file of one service."""

    def __init__(self, folder: Path, service: str) -> None:
        self.path = folder / f"{service}.checkpoints"

    def notes(self) -> Iterator[str]:
        """All, the oldest first; a line that is none is given as it is. What a crash left of a line is written again after it."""
        if self.path.exists():
            with self.path.open(encoding="utf-8", errors="replace") as file:
                yield from _notes(file)

    def latest(self) -> list[str]:
        """The last ones, without reading all of the file."""
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL))
            lines = file.read().decode(errors="replace").splitlines()
        return list(_notes(lines[1:] if size > _TAIL else lines))

    def append(self, found: Sequence[str]) -> None:
        """On the disk when it returns."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = "".join(json.dumps({"note": note}, ensure_ascii=False) + "\n" for note in found)
        with self.path.open("a+b") as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                lines = lines if file.read(1) == b"\n" else f"\n{lines}"
            file.write(lines.encode())
            file.flush()
            os.fsync(file.fileno())


def _notes(lines: Iterator[str] | Sequence[str]) -> Iterator[str]:
    texts = (text for line in lines if (text := line.strip()))
    for line, following in pairwise(_with_end(texts)):
        note = _read(line)
        if note is not None:
            yield note
        elif not following.startswith(line) or not following:
            yield line


def _with_end(lines: Iterator[str]) -> Iterator[str]:
    yield from lines
    yield ""


def _read(line: str) -> str | None:
    try:
        return str(json.loads(line)["note"])
    except (ValueError, KeyError, TypeError):
        return None
