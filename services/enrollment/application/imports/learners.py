"""Learners from a spreadsheet: an individual assignment for each address, and an outcome for each row (IMP-1 to IMP-5)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args
from uuid import UUID

from pydantic import BaseModel, JsonValue, TypeAdapter

from services.enrollment.application.assignments.commands import AssignmentCommands, Refused, assignment_id
from services.enrollment.application.imports.completions import UNKNOWN
from services.enrollment.projections import profiles
from services.enrollment.spreadsheets import Cell, SpreadsheetReader
from shared.auth import Scope
from shared.errors import Invalid
from shared.folding import fold
from shared.store import CommandContext, Receipt

Outcome = Literal["assigned", "already-assigned", "duplicate", "unknown", "inactive", "malformed", "not-imported"]

_LONGEST = 320
"""Characters of an e-mail address."""
_REFUSED: dict[str, Outcome] = {"inactive-person": "inactive", "already-assigned": "already-assigned"}
_KINDS = {"number": "a number", "date": "a date", "boolean": "TRUE or FALSE", "error": "an error"}


class LearnerRow(BaseModel):
    """What came of a row. No address is in it: rows are numbered as the spreadsheet program shows them."""

    row: int
    outcome: Outcome
    detail: str | None = None
    person_id: UUID | None = None
    assignment_id: UUID | None = None
    """The new one, or the one that is there already; a dry run has none for new ones."""


@dataclass(frozen=True)
class Entry:
    """A row that is not blank: an address, or what is wrong with it."""

    row: int
    address: str
    wrong: str | None = None

    @property
    def key(self) -> str:
        """The same for addresses that differ in case only."""
        return fold(self.address)


_ROWS = TypeAdapter(list[LearnerRow])


class _Recorded(BaseModel):
    """The stored result of a part."""

    heading: int | None
    limit: int
    last: bool
    rows: list[JsonValue]
    jobs: list[JsonValue]


class LearnerImport:
    """How many entries are imported: `usual` where the caller says nothing, `most` at most. `part`: entries of one transaction,
    so that nobody waits long for somebody's large file."""

    def __init__(
        self, assigning: AssignmentCommands, workbooks: SpreadsheetReader, *, usual: int, most: int, part: int
    ) -> None:
        self._assigning = assigning
        self._workbooks = workbooks
        self._usual, self._most, self._part = usual, most, part

    def run(
        self, context: CommandContext, scope: Scope, offering: UUID, body: bytes, *, limit: int | None, dry_run: bool
    ) -> Receipt:
        """One batch. The command ids of its parts are ID, ID/2, ID/3 ...: sent again, it answers as before, and goes on
        where it was interrupted. Raises Refusal."""
        done = [] if dry_run else self._earlier(context)
        if not done or not _recorded(done[-1]).last:
            self._assigning.judge(scope, [offering], [])
            limit = self._checked(limit)
            heading, entries = split(self._workbooks.read(body))
            rows = self._addressed(entries, limit)
            begin = sum(len(_recorded(receipt).rows) for receipt in done)
            while begin < len(rows):
                end = begin + self._part if begin + self._part < limit else len(rows)
                batch = done[0].batch if done else context.correlation
                part = replace(context, command_id=_id(context, len(done) + 1), correlation=batch, reason_code="import")
                head: dict[str, JsonValue] = {"heading": heading, "limit": limit, "last": end >= len(rows)}
                done.append(self._take(part, scope, offering, rows[begin:end], head, dry_run=dry_run))
                begin = end
        return _whole(done, dry_run=dry_run)

    def _earlier(self, context: CommandContext) -> list[Receipt]:
        """The parts of this command that were recorded before."""
        found: list[Receipt] = []
        while earlier := self._assigning.find_receipt(replace(context, command_id=_id(context, len(found) + 1))):
            found.append(earlier)
        return found

    def _checked(self, limit: int | None) -> int:
        if limit is not None and limit > self._most:
            raise Invalid(
                f"One import can have at most {self._most} entries (ROLLBOOK_LEARNERS_IMPORT_LIMIT). Send the file in parts.",
                field="limit",
            )
        return limit or self._usual

    def _addressed(self, entries: Sequence[Entry], limit: int) -> list[LearnerRow]:
        """The rows with the people that the addresses name; `assigned` as long as nothing speaks against it."""
        with self._assigning.database.connection() as conn:
            people = profiles.by_email(conn, {e.address for e in entries[:limit] if e.wrong is None})
        first: dict[object, int] = {}
        rows = [_row(entry, people.get(entry.key), first) for entry in entries[:limit]]
        return rows + [LearnerRow(row=entry.row, outcome="not-imported") for entry in entries[limit:]]

    def _take(
        self,
        context: CommandContext,
        scope: Scope,
        offering: UUID,
        rows: Sequence[LearnerRow],
        head: Mapping[str, JsonValue],
        *,
        dry_run: bool,
    ) -> Receipt:
        """Assign whom these rows name, as things stand now; an address beyond the scope is as one that nobody has (SEC-2)."""
        people = [row.person_id for row in rows if row.outcome == "assigned" and row.person_id]
        wanted, refused = self._assigning.judge(scope, [offering], people)
        why = {one.person: one for one in refused}
        new = {} if dry_run else {t.id: assignment_id(context, offering, t) for _, t in wanted}
        told = [_judged(row, why.get(row.person_id), new.get(row.person_id)) if row.person_id else row for row in rows]
        report = {**head, "rows": _ROWS.dump_python(told, mode="json", exclude_none=True)}
        if dry_run:
            return Receipt(position=None, batch=context.correlation, result={**report, "jobs": []})
        return self._assigning.create(context, wanted, report=report)


def split(cells: Sequence[Cell]) -> tuple[int | None, list[Entry]]:
    """The row of the heading, where there is one (a first cell without @), and the entries. Raises Invalid where none is left."""
    heading = cells[0].row if cells and "@" not in cells[0].text else None
    entries = [_entry(cell) for cell in cells[1 if heading else 0 :]]
    if not entries:
        raise Invalid(
            "There is no e-mail address on the first visible sheet. Put one in each row of a single column.",
            field="file",
            kind="spreadsheet-empty",
        )
    return heading, entries


def _entry(cell: Cell) -> Entry:
    if cell.kind != "text":
        return Entry(cell.row, "", f"This cell contains {_KINDS[cell.kind]}, not text.")
    name, at, domain = cell.text.rpartition("@")
    plain = cell.text.isprintable() and " " not in cell.text and len(cell.text) <= _LONGEST
    if not (name and at and domain and plain and "@" not in name):
        return Entry(cell.row, "", "This is not a valid e-mail address.")
    return Entry(cell.row, cell.text)


def _row(entry: Entry, person: UUID | None, first: dict[object, int]) -> LearnerRow:
    """`first`: the row in which an address, or its person, came first."""
    if entry.wrong:
        return LearnerRow(row=entry.row, outcome="malformed", detail=entry.wrong)
    earlier = first.setdefault(entry.key, entry.row)
    if person and earlier == entry.row:
        earlier = first.setdefault(person, entry.row)
    if earlier != entry.row:
        return LearnerRow(row=entry.row, outcome="duplicate", detail=f"The same address as in row {earlier}.")
    if person is None:
        return LearnerRow(row=entry.row, outcome="unknown", detail=UNKNOWN)
    return LearnerRow(row=entry.row, outcome="assigned", person_id=person)


def _judged(row: LearnerRow, refused: Refused | None, new: UUID | None) -> LearnerRow:
    if refused is None:
        return row.model_copy(update={"assignment_id": new})
    if refused.kind == "unknown-person":
        return LearnerRow(row=row.row, outcome="unknown", detail=UNKNOWN)
    known = {"detail": refused.detail, "assignment_id": refused.assignment}
    return row.model_copy(update={"outcome": _REFUSED[refused.kind], **known})


def _id(context: CommandContext, part: int) -> str:
    return context.command_id if part == 1 else f"{context.command_id}/{part}"


def _recorded(receipt: Receipt) -> _Recorded:
    return _Recorded.model_validate(receipt.result)


def _whole(parts: Sequence[Receipt], *, dry_run: bool) -> Receipt:
    """The report: a count of each outcome, and every row."""
    recorded = [_recorded(part) for part in parts]
    rows = [row for one in recorded for row in one.rows]
    counts = Counter(row["outcome"] for row in rows if isinstance(row, dict))
    report: dict[str, JsonValue] = {
        "dry_run": dry_run,
        "heading": recorded[0].heading,
        "limit": recorded[0].limit,
        "counts": {outcome: counts[outcome] for outcome in get_args(Outcome)},
        "rows": rows,
        "jobs": [job for one in recorded for job in one.jobs],
    }
    return Receipt(position=parts[-1].position, batch=parts[0].batch, result=report)
