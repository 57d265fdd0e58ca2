"""Completions from former systems, as CSV: a result for each row, and nothing twice (ENR-13)."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from services.enrollment.application.assignments.commands import AssignmentCommands
from services.enrollment.application.enrollments.completions import CompletionCommands
from services.enrollment.domain.completions import Completion
from services.enrollment.domain.enrollment import Enrollment
from services.enrollment.projections import offerings, profiles
from shared.auth import Scope
from shared.errors import Forbidden, Invalid, Refusal
from shared.folding import fold
from shared.limits import check_day, check_text, clean
from shared.limits.text import REMARK
from shared.store import CommandContext

COLUMNS = ("person", "offering", "completed", "expires", "evidence")
_NEEDED = COLUMNS[:3]
UNKNOWN = "There is no person with this e-mail address, or none that you may see."


class RowResult(BaseModel):
    """What came of a row; rows are counted from 1, without the heading."""

    row: int
    outcome: Literal["recorded", "unchanged", "refused"]
    detail: str | None = None


class ImportReport(BaseModel):
    dry_run: bool
    recorded: int
    unchanged: int
    refused: int
    rows: list[RowResult]


@dataclass(frozen=True)
class _Line:
    """A row whose names were found."""

    person: UUID
    offering: UUID
    completion: Completion
    evidence: str | None


class CompletionImport:
    """`rows_limit`: how many rows one file may have."""

    def __init__(self, assigning: AssignmentCommands, completing: CompletionCommands, rows_limit: int) -> None:
        self._assigning = assigning
        self._completing = completing
        self._rows_limit = rows_limit

    def run(self, context: CommandContext, scope: Scope, body: bytes, *, dry_run: bool) -> ImportReport:
        """Row by row, each a command of its own: what was imported once is unchanged the next time. Raises Invalid."""
        rows = self._read(body)
        people, codes = self._names(rows)
        known: dict[UUID, Enrollment] = {}
        results = []
        for number, row in enumerate(rows, 1):
            command = replace(context, command_id=f"{context.command_id}/{number}", reason_code="import")
            try:
                new = self._take(command, scope, _line(row, people, codes), known, dry_run=dry_run)
                results.append(RowResult(row=number, outcome="recorded" if new else "unchanged"))
            except Refusal as refusal:
                results.append(RowResult(row=number, outcome="refused", detail=refusal.detail))
        counts = Counter(result.outcome for result in results)
        return ImportReport(
            dry_run=dry_run,
            recorded=counts["recorded"],
            unchanged=counts["unchanged"],
            refused=counts["refused"],
            rows=results,
        )

    def _read(self, body: bytes) -> list[dict[str, str]]:
        try:
            reader = csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
            missing = [name for name in _NEEDED if name not in (reader.fieldnames or ())]
            unknown = [name for name in reader.fieldnames or () if name not in COLUMNS]
            rows = list(_limited(reader, self._rows_limit))
        except UnicodeDecodeError as error:
            raise Invalid(
                f"The file is not UTF-8: invalid byte at offset {error.start}. Save it as UTF-8.", field="file"
            ) from error
        except csv.Error as error:
            raise Invalid(f"The file is not valid CSV: {error}.", field="file") from error
        if missing or unknown:
            raise Invalid(
                f"The first line must name the columns {', '.join(COLUMNS)}; the last two are optional. "
                f"Missing: {', '.join(missing) or 'none'}. Not known: {', '.join(unknown) or 'none'}.",
                field="file",
            )
        return rows

    def _names(self, rows: Sequence[Mapping[str, str]]) -> tuple[dict[str, UUID], dict[str, UUID]]:
        """People by e-mail, folded, and offerings by folded code."""
        with self._assigning.database.connection() as conn:
            people = profiles.by_email(conn, {row["person"].strip() for row in rows if clean(row["person"].strip())})
            found = offerings.by_code(conn, {row["offering"].strip() for row in rows if clean(row["offering"].strip())})
        return people, {code: offering.id for code, offering in found.items()}

    def _take(
        self, context: CommandContext, scope: Scope, line: _Line, enrollments: dict[UUID, Enrollment], *, dry_run: bool
    ) -> bool:
        """Whether the row is new, after those before it (`enrollments`). Raises Refusal."""
        if line.person == context.actor:
            raise Forbidden("This is your own enrollment. Ask another administrator.", kind="own-enrollment")
        self._assigning.check_person(scope, line.person)
        change = self._completing.judge(line.person, line.offering, line.completion, enrollments)
        if change is None:
            return False
        if not dry_run:
            self._completing.record(context, line.person, line.offering, line.completion, evidence=line.evidence)
        enrollments[change.after.id] = change.after
        return True


def _limited(reader: Iterator[dict[str, str]], limit: int) -> Iterator[dict[str, str]]:
    for number, row in enumerate(reader, 1):
        if number > limit:
            raise Invalid(
                f"One file can have at most {limit} rows (ROLLBOOK_ASSIGNMENT_ROWS_LIMIT). Send it in parts.",
                field="file",
            )
        if None in row or None in row.values():
            raise Invalid(f"Row {number} does not have the same number of columns as the first line.", field="file")
        yield row


def _line(row: Mapping[str, str], people: Mapping[str, UUID], codes: Mapping[str, UUID]) -> _Line:
    person, code = row["person"].strip(), row["offering"].strip()
    if fold(person) not in people:
        raise Invalid(UNKNOWN, field="person")
    if fold(code) not in codes:
        raise Invalid(f"There is no offering with the code '{code[:64]}'.", field="offering")
    expires = row.get("expires", "").strip()
    completion = Completion(
        _day(row["completed"], "completed"), _day(expires, "expires") if expires else None, "imported"
    )
    evidence = check_text(row.get("evidence", ""), "evidence", REMARK)
    return _Line(people[fold(person)], codes[fold(code)], completion, evidence or None)


def _day(text: str, field: str) -> date:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise Invalid(f"{field}: write the date as YYYY-MM-DD, such as 2026-01-31.", field=field) from None
    return check_day(day, field)
