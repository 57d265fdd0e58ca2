"""The catalog's list: one row for each offering, written with its events."""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple
from uuid import UUID

from shared.contracts.catalog import OfferingKind
from shared.database import Connection, fetch
from shared.folding import fold
from shared.readmodel import Page, cursor_decode, page_of
from shared.store import Int4, Table


class OfferingRow(NamedTuple):
    """`minimum_minutes` None: the sum of `courses`, those of the published version (CAT-2) or a qualification's items (CAT-9)."""

    id: UUID
    revision: int
    kind: str
    code: str
    title: str
    active: bool
    published: Int4 | None
    minimum_minutes: Int4 | None
    courses: list[UUID]
    code_folded: str
    title_folded: str


OFFERING = Table.of("offering", OfferingRow)


Sort = Literal["title", "code"]
_SORTED_BY: dict[Sort, str] = {"title": "title_folded", "code": "code_folded"}


class Wanted(NamedTuple):
    """What a list is of; None: whatever it is. `words`: part of the title or code; `ids`: these offerings alone."""

    words: str | None = None
    kind: OfferingKind | None = None
    active: bool | None = None
    ids: Sequence[UUID] | None = None


def page(conn: Connection, wanted: Wanted, sort: Sort, cursor: str | None, limit: int) -> Page[OfferingRow]:
    """By title or code. A cursor belongs to its sort."""
    column = _SORTED_BY[sort]
    after = cursor_decode(cursor, _kind_of(sort), str, UUID)[1:] if cursor else (None, None)
    query = (
        f"SELECT {OFFERING.select()} FROM offering WHERE (%(words)s::text IS NULL "
        "OR strpos(title_folded, %(words)s) > 0 OR strpos(code_folded, %(words)s) > 0) "
        "AND (%(active)s::bool IS NULL OR active = %(active)s) "
        "AND (%(kind)s::text IS NULL OR kind = %(kind)s) "
        "AND (%(ids)s::uuid[] IS NULL OR id = ANY(%(ids)s)) "
        f"AND (%(after)s::text IS NULL OR ({column}, id) > (%(after)s, %(id)s::uuid)) "
        f"ORDER BY {column}, id LIMIT %(limit)s"
    )
    values = {
        "words": None if wanted.words is None else fold(wanted.words),
        "active": wanted.active,
        "kind": wanted.kind,
        "ids": None if wanted.ids is None else list(wanted.ids),
        "after": after[0],
        "id": after[1],
        "limit": limit + 1,
    }
    return page_of(fetch(conn, OfferingRow, query, values), limit, lambda row: [sort, getattr(row, column), row.id])


def _kind_of(sort: Sort) -> Callable[[str], str]:
    """Of a cursor's part: raises ValueError for the cursor of another sort."""

    def check(told: str) -> str:
        if told != sort:
            raise ValueError(told)
        return told

    return check


def by_id(conn: Connection, ids: Iterable[UUID]) -> dict[UUID, OfferingRow]:
    query = f"SELECT {OFFERING.select()} FROM offering WHERE id = ANY(%s)"
    return {row.id: row for row in fetch(conn, OfferingRow, query, [list(ids)])}


def by_code(conn: Connection, codes: Iterable[str]) -> dict[str, OfferingRow]:
    """By the folded code: codes are unique regardless of case."""
    query = f"SELECT {OFFERING.select()} FROM offering WHERE code_folded = ANY(%s)"
    return {row.code_folded: row for row in fetch(conn, OfferingRow, query, [[fold(code) for code in codes]])}


def minutes_needed(conn: Connection, row: OfferingRow) -> int:
    """The minimum time needed; by default the sum of its courses, or items."""
    if row.minimum_minutes is not None:
        return row.minimum_minutes
    return sum(minutes_needed(conn, part) for part in by_id(conn, row.courses).values())


def courses_of(steps: Sequence[UUID | None]) -> list[UUID]:
    return [course for course in steps if course is not None]
