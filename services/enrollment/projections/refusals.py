"""Who was refused by the command that began a job, and by the commands that the job is made of, with the reason (ASG-5, ADM-5)."""

from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel

from services.enrollment.projections import names
from shared.auth import Scope
from shared.database import Connection, Database, fetch
from shared.readmodel import Page, cursor_decode, cursor_number, page_of
from shared.store.append import NIL

HEADINGS = ("person", "offering", "kind", "reason")
_PAGE = 500


class JobRefusal(BaseModel):
    """A person, and an offering where it is about one, that was not carried out. `name` None: not known to whoever asks."""

    person_id: UUID
    name: str | None
    offering_id: UUID | None
    offering_title: str | None
    kind: str
    detail: str


class _Row(NamedTuple):
    key: str
    number: int
    person: UUID
    offering: UUID | None
    kind: str
    detail: str


_REFUSED = """
WITH job AS (SELECT meta::jsonb AS meta FROM job WHERE id = %(job)s), told AS MATERIALIZED (
    SELECT c.key, c.result::jsonb -> 'refused' AS refused FROM command c, job
    WHERE c.caller = (job.meta ->> 'actor')::uuid AND c.batch = (job.meta ->> 'correlation')::uuid
        AND c.organisation = coalesce((job.meta ->> 'organisation')::uuid, %(nowhere)s))
SELECT t.key, r.number::bigint AS number, (r.row ->> 'person_id')::uuid AS person,
    (r.row ->> 'offering_id')::uuid AS offering, coalesce(r.row ->> 'kind', '') AS kind, coalesce(r.row ->> 'detail', '') AS detail
FROM told t, jsonb_array_elements(CASE WHEN jsonb_typeof(t.refused) = 'array' THEN t.refused ELSE '[]' END)
    WITH ORDINALITY AS r (row, number)
WHERE r.row ? 'person_id' AND (%(after_key)s::text IS NULL OR (t.key, r.number) > (%(after_key)s, %(after)s))
ORDER BY t.key, r.number LIMIT %(limit)s
"""


def refusals(conn: Connection, scope: Scope, job: UUID, cursor: str | None, limit: int) -> Page[JobRefusal]:
    """In the order of the commands; names are those within the scope."""
    after_key, after = cursor_decode(cursor, str, cursor_number) if cursor else (None, None)
    values = {"job": job, "nowhere": NIL, "after_key": after_key, "after": after, "limit": limit + 1}
    rows = page_of(fetch(conn, _Row, _REFUSED, values), limit, lambda row: [row.key, row.number])
    people = names.of_people(conn, scope, {row.person for row in rows.items})
    titles = names.of_offerings(conn, {row.offering for row in rows.items if row.offering})
    return Page(items=[_told(row, people, titles) for row in rows.items], next=rows.next)


def _told(row: _Row, people: dict[UUID, str], titles: dict[UUID, str]) -> JobRefusal:
    return JobRefusal(
        person_id=row.person,
        name=people.get(row.person),
        offering_id=row.offering,
        offering_title=titles.get(row.offering) if row.offering else None,
        kind=row.kind,
        detail=row.detail,
    )


def lines(database: Database, scope: Scope, job: UUID) -> Iterator[tuple[str, ...]]:
    """All of them, for a file. No connection is held while a reader takes a page of them."""
    cursor: str | None = None
    while True:
        with database.connection() as conn:
            page = refusals(conn, scope, job, cursor, _PAGE)
        yield from (_line(one) for one in page.items)
        cursor = page.next
        if cursor is None:
            return


def _line(one: JobRefusal) -> tuple[str, ...]:
    return one.name or str(one.person_id), one.offering_title or "", one.kind, one.detail
