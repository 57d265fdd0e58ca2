"""What pages read and command of the import of people and structure (DIR-8, DIR-13)."""

from collections.abc import Mapping
from datetime import datetime
from typing import BinaryIO
from uuid import UUID

from services.portal.client.asking import Asking, Listed, Reply

IMPORTS = "/api/directory/imports"
ELEMENTS = ("org", "pos", "user", "jobassignment")
"""The files of a run, in the order in which they are read."""


class Heading(Reply):
    heading: str
    mandatory: bool


class FileHeadings(Reply):
    element: str
    headings: tuple[Heading, ...]


class FileMapping(Reply):
    """Which headings of a system's files are read, and how these are written."""

    name: str
    delimiter: str
    encoding: str
    date_format: str
    zone: str
    files: tuple[FileHeadings, ...]


class Run(Reply):
    """`done` of `total` changes are carried out; `outcomes`: rows by what became of them, once checked."""

    id: UUID
    actor: UUID
    feed: str
    state: str
    done: int
    total: int | None = None
    dry_run: bool
    outcomes: Mapping[str, int]
    ignored: tuple[str, ...] = ()
    error: str | None = None
    created_at: datetime
    finished_at: datetime | None = None

    @property
    def over(self) -> bool:
        return self.state in ("finished", "failed")

    @property
    def imported(self) -> bool:
        """Checked, and carried out."""
        return self.state == "finished" and not self.dry_run

    @property
    def changes(self) -> int:
        """How many records it creates, changes or removes."""
        return sum(self.outcomes.get(one, 0) for one in ("created", "changed", "removed"))


class RowReason(Reply):
    code: str
    field: str | None = None
    detail: str


class Row(Reply):
    """A row of a file, the headings being the first; `number` None: a record that is missing from it."""

    element: str
    number: int | None = None
    key: str | None = None
    outcome: str
    fields: tuple[str, ...] = ()
    reasons: tuple[RowReason, ...] = ()


def mappings(ask: Asking) -> list[FileMapping]:
    return ask.every(FileMapping, f"{IMPORTS}/mappings")


def runs(ask: Asking, cursor: str) -> Listed[Run]:
    """Newest first."""
    return ask.listed(Run, IMPORTS, {"cursor": cursor})


def run(ask: Asking, id: UUID) -> Run:
    return ask.one(Run, f"{IMPORTS}/{id}")


def report(ask: Asking, id: UUID, outcome: str, cursor: str) -> Listed[Row]:
    """In the order of the run."""
    return ask.listed(Row, f"{IMPORTS}/{id}/report", {"outcome": outcome, "cursor": cursor})


def start(ask: Asking, files: Mapping[str, tuple[str, BinaryIO]], options: Mapping[str, str], key: str) -> Run:
    """`files`: name and content by the kind of file."""
    return ask.send_files(Run, IMPORTS, files, options, key)
