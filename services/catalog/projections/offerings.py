"""The catalogue's list: one row for each offering, written with its events."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from shared.database import Connection
from shared.readmodel import Page, cursor_decode, cursor_encode
from shared.store import Table

OFFERING = Table(
    "offering",
    ("id",),
    {
        "id": "uuid",
        "revision": "int8",
        "kind": "text",
        "code": "text",
        "title": "text",
        "active": "bool",
        "published": "int4",
        "minimum_minutes": "int4",
        "courses": "uuid[]",
    },
)


class OfferingRow(NamedTuple):
    """`minimum_minutes` None: the sum of `courses`, those of the published version (CAT-2) or a qualification's items (CAT-9)."""

    id: UUID
    revision: int
    kind: str
    code: str
    title: str
    active: bool
    published: int | None
    minimum_minutes: int | None
    courses: list[UUID]


_COLUMNS = ", ".join(OFFERING.columns)


def page(conn: Connection, words: str | None, active: bool | None, cursor: str | None, limit: int) -> Page[OfferingRow]:
    """By title; `words` is a part of title or code."""
    after = cursor_decode(cursor, str, UUID) if cursor else (None, None)
    rows = conn.execute(
        f"SELECT {_COLUMNS} FROM offering WHERE (%(words)s::text IS NULL "
        "OR position(lower(%(words)s) in lower(title)) > 0 OR position(lower(%(words)s) in lower(code)) > 0) "
        "AND (%(active)s::bool IS NULL OR active = %(active)s) "
        "AND (%(title)s::text IS NULL OR (lower(title), id) > (%(title)s, %(id)s::uuid)) "
        "ORDER BY lower(title), id LIMIT %(limit)s".encode(),
        {"words": words, "active": active, "title": after[0], "id": after[1], "limit": limit + 1},
    )
    found = [OfferingRow(*row) for row in rows]  # type: ignore[arg-type]
    items = found[:limit]
    more = len(found) > limit
    return Page(items=items, next=cursor_encode(items[-1].title.lower(), str(items[-1].id)) if more else None)


def by_id(conn: Connection, ids: Iterable[UUID]) -> dict[UUID, OfferingRow]:
    rows = conn.execute(f"SELECT {_COLUMNS} FROM offering WHERE id = ANY(%s)".encode(), [list(ids)])
    return {row.id: row for row in (OfferingRow(*values) for values in rows)}  # type: ignore[arg-type]


def by_code(conn: Connection, codes: Iterable[str]) -> dict[str, OfferingRow]:
    """By code in lower case: codes are unique regardless of case."""
    rows = conn.execute(
        f"SELECT {_COLUMNS} FROM offering WHERE lower(code) = ANY(%s)".encode(), [[code.lower() for code in codes]]
    )
    return {row.code.lower(): row for row in (OfferingRow(*values) for values in rows)}  # type: ignore[arg-type]


def minutes_needed(conn: Connection, row: OfferingRow) -> int:
    """The minimum time needed; by default the sum of its courses, or items."""
    if row.minimum_minutes is not None:
        return row.minimum_minutes
    return sum(minutes_needed(conn, part) for part in by_id(conn, row.courses).values())


def courses_of(steps: Sequence[UUID | None]) -> list[UUID]:
    return [course for course in steps if course is not None]
