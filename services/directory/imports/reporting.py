"""The report of a run: references and reasons, no data about people; keys of people are looked up when reading."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel, TypeAdapter

from services.directory.imports.facts import Outcome, OutcomeKind
from services.directory.imports.files import Reason
from services.directory.projections.tables import Element
from shared.database import Connection, fetch, pairs
from shared.readmodel import Page, cursor_decode, cursor_number, page_of

REASONS: TypeAdapter[tuple[Reason, ...]] = TypeAdapter(tuple[Reason, ...])


class ReasonView(BaseModel):
    code: str
    field: str | None
    detail: str


class ReportRow(BaseModel):
    """One row of a run. `number` counts the headings as 1; null: a record that the file does not name."""

    element: Element
    number: int | None
    key: str | None
    subject: UUID | None
    outcome: OutcomeKind
    fields: list[str]
    reasons: list[ReasonView]


def keep(conn: Connection, run: UUID, outcomes: Sequence[Outcome]) -> None:
    copy = "COPY import_row (run, seq, element, number, subject, key, outcome, fields, reasons) FROM STDIN"
    with conn.cursor().copy(copy) as writer:
        for seq, o in enumerate(outcomes):
            reasons = REASONS.dump_json(o.reasons).decode()
            writer.write_row((run, seq, o.element, o.number, o.subject, o.key, o.outcome, list(o.fields), reasons))


def skip(conn: Connection, run: UUID, rows: Sequence[int], reason: Reason) -> None:
    """These rows could not be carried out after all."""
    conn.execute(
        "UPDATE import_row SET outcome = 'skipped', fields = '{}', reasons = %s WHERE run = %s AND seq = ANY(%s)",
        [REASONS.dump_json((reason,)).decode(), run, list(rows)],
    )


def counts(conn: Connection, run: UUID) -> dict[str, int]:
    """Rows per outcome."""
    query = "SELECT outcome, count(*) FROM import_row WHERE run = %s GROUP BY outcome ORDER BY 1"
    return dict(pairs(conn, query, str, int, [run]))


def page(conn: Connection, run: UUID, outcome: OutcomeKind | None, cursor: str | None, limit: int) -> Page[ReportRow]:
    """In the order of the run. A person's or a job's key comes from today's profile."""
    after = cursor_decode(cursor, cursor_number)[0] if cursor else -1
    query = (
        "SELECT r.seq, r.element, r.number, coalesce(r.key, f.external_id, f.user_name, j.external_id) AS key, r.subject, "
        "r.outcome, r.fields, r.reasons FROM import_row r LEFT JOIN profile f ON f.id = r.subject "
        "LEFT JOIN job_assignment j ON j.id = r.subject "
        "WHERE r.run = %s AND r.seq > %s AND (%s::text IS NULL OR r.outcome = %s) ORDER BY r.seq LIMIT %s"
    )
    rows = fetch(conn, _row, query, [run, after, outcome, outcome, limit + 1])
    found = page_of(rows, limit, lambda row: [row[0]])
    return Page(items=[row for _, row in found.items], next=found.next)


def _row(*, seq: int, reasons: str, **fields: Any) -> tuple[int, ReportRow]:
    told = [ReasonView(code=r.code, field=r.field, detail=r.detail) for r in REASONS.validate_json(reasons)]
    return seq, ReportRow(**fields, reasons=told)
