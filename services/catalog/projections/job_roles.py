"""Job roles: one row for each that there is, written with its events."""

from collections.abc import Iterable
from uuid import UUID

from psycopg.rows import class_row
from pydantic import BaseModel

from shared.database import Connection, uuid_of
from shared.readmodel import Page, cursor_decode, cursor_encode
from shared.store import Table

JOB_ROLE = Table(
    "job_role",
    ("id",),
    {"id": "uuid", "revision": "int8", "code": "text", "name": "text", "qualifications": "uuid[]"},
)


class JobRoleItem(BaseModel):
    """A job role in a list, with the qualifications that it links."""

    id: UUID
    code: str
    name: str
    qualifications: list[UUID]


_PAGE = """
SELECT id, code, name, qualifications FROM job_role
WHERE (%(words)s::text IS NULL OR position(lower(%(words)s) in lower(name)) > 0 OR position(lower(%(words)s) in lower(code)) > 0)
    AND (%(name)s::text IS NULL OR (lower(name), id) > (lower(%(name)s), %(id)s::uuid))
ORDER BY lower(name), id LIMIT %(limit)s
"""


def page(conn: Connection, words: str | None, cursor: str | None, limit: int) -> Page[JobRoleItem]:
    """By name; `words` is a part of name or code."""
    name, id = cursor_decode(cursor, str, UUID) if cursor else (None, None)
    with conn.cursor(row_factory=class_row(JobRoleItem)) as cur:
        found = cur.execute(_PAGE, {"words": words, "name": name, "id": id, "limit": limit + 1}).fetchall()
    items = found[:limit]
    more = len(found) > limit
    return Page(items=items, next=cursor_encode(items[-1].name, str(items[-1].id)) if more else None)


def by_code(conn: Connection, codes: Iterable[str]) -> dict[str, UUID]:
    """By code in lower case: codes are unique regardless of case."""
    wanted = [code.lower() for code in codes]
    rows = conn.execute("SELECT lower(code), id FROM job_role WHERE lower(code) = ANY(%s)", [wanted])
    return {str(code): uuid_of(id) for code, id in rows}
