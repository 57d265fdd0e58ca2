"""Job roles: one row for each that there is, written with its events."""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel

from shared.database import Connection, fetch, pairs
from shared.folding import fold
from shared.readmodel import Page, cursor_decode, page_of
from shared.store import Table


class JobRoleRow(NamedTuple):
    """A row of `job_role`."""

    id: UUID
    revision: int
    code: str
    name: str
    qualifications: list[UUID]
    code_folded: str
    name_folded: str


JOB_ROLE = Table.of("job_role", JobRoleRow)


class JobRoleItem(BaseModel):
    """A job role in a list, with the qualifications that it links."""

    id: UUID
    code: str
    name: str
    qualifications: list[UUID]


_PAGE = """
SELECT id, code, name, qualifications FROM job_role
WHERE (%(words)s::text IS NULL OR strpos(name_folded, %(words)s) > 0 OR strpos(code_folded, %(words)s) > 0)
    AND (%(name)s::text IS NULL OR (name_folded, id) > (%(name)s, %(id)s::uuid))
ORDER BY name_folded, id LIMIT %(limit)s
"""


def page(conn: Connection, words: str | None, cursor: str | None, limit: int) -> Page[JobRoleItem]:
    """By name; `words` is a part of name or code."""
    name, id = cursor_decode(cursor, str, UUID) if cursor else (None, None)
    values = {"words": None if words is None else fold(words), "name": name, "id": id, "limit": limit + 1}
    return page_of(fetch(conn, JobRoleItem, _PAGE, values), limit, lambda row: [fold(row.name), row.id])


def by_code(conn: Connection, codes: Iterable[str]) -> dict[str, UUID]:
    """By the folded code: codes are unique regardless of case."""
    query = "SELECT code_folded, id FROM job_role WHERE code_folded = ANY(%s)"
    return dict(pairs(conn, query, str, UUID, [[fold(code) for code in codes]]))
