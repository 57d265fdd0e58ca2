"""Everybody whom a search found, as it was counted: kept for a while, for whoever asked (ASG-4)."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from pydantic import BaseModel

from services.directory.projections import person_lists
from services.directory.projections.person_lists import PersonFilter
from shared.auth import Scope
from shared.database import Connection, column, fetch, fetch_one
from shared.errors import Invalid, NotFound
from shared.readmodel import Page, cursor_decode, page_of

FORGOTTEN = "DELETE FROM selection WHERE counted_at < now() - {seconds} * interval '1 second'"


class Selection(BaseModel):
    """Everybody whom a search found, not only a page of it, for a command that takes people. Who comes later is not among them."""

    selection_id: UUID
    total: int
    counted_at: datetime
    people: list[UUID] | None
    """None: more than one command can name (`ROLLBOOK_ASSIGNMENT_ROWS_LIMIT`), which names the selection instead."""


class SelectedPerson(BaseModel):
    """Somebody of a selection."""

    person_id: UUID


class SelectedPeople(Page[SelectedPerson]):
    """A page of a selection, in the order of ids. `total`: how many are in all of it."""

    total: int


class _Kept(NamedTuple):
    total: int
    counted_at: datetime


def keep(conn: Connection, caller: UUID, scope: Scope, asked: PersonFilter, limit: int) -> UUID:
    """Count, and keep who they are. Refuses more than `limit`."""
    id = uuid4()
    conn.execute("INSERT INTO selection (id, caller) VALUES (%s, %s)", [id, caller])
    total = person_lists.select(conn, scope, asked, id, limit)
    if total > limit:
        raise Invalid(
            f"More than {limit} people match (ROLLBOOK_SELECTION_LIMIT). Narrow the search, or assign an organisation, "
            "a position or an audience.",
            kind="too-many",
            limit=limit,
        )
    conn.execute("UPDATE selection SET total = %s WHERE id = %s", [total, id])
    return id


def check(conn: Connection, caller: UUID, id: UUID, seconds: float) -> None:
    """Raises NotFound for a selection of somebody else, and for one that is over."""
    _kept(conn, caller, id, seconds)


def _kept(conn: Connection, caller: UUID, id: UUID, seconds: float) -> _Kept:
    query = (
        "SELECT coalesce(total, (SELECT count(*)::int FROM selected_person WHERE selection = id)) AS total, counted_at "
        "FROM selection WHERE id = %s AND caller = %s AND counted_at > now() - %s * interval '1 second'"
    )
    found = fetch_one(conn, _Kept, query, [id, caller, seconds])
    if found is None:
        raise NotFound("This selection has ended, or it is not yours. Select again.", kind="selection-ended")
    return found


def find(conn: Connection, caller: UUID, id: UUID, seconds: float, most: int) -> Selection:
    """With the people, if they are at most so many. Raises NotFound as `check` does."""
    kept = _kept(conn, caller, id, seconds)
    named = kept.total <= most
    query = "SELECT person FROM selected_person WHERE selection = %s ORDER BY person"
    people = column(conn, query, UUID, [id]) if named else None
    return Selection(selection_id=id, total=kept.total, counted_at=kept.counted_at, people=people)


def people(conn: Connection, caller: UUID, id: UUID, seconds: float, cursor: str | None, limit: int) -> SelectedPeople:
    """Raises NotFound as `check` does."""
    kept = _kept(conn, caller, id, seconds)
    after = cursor_decode(cursor, UUID)[0] if cursor else None
    query = (
        "SELECT person AS person_id FROM selected_person WHERE selection = %(id)s "
        "AND (%(after)s::uuid IS NULL OR person > %(after)s) ORDER BY person LIMIT %(limit)s"
    )
    rows = fetch(conn, SelectedPerson, query, {"id": id, "after": after, "limit": limit + 1})
    page = page_of(rows, limit, lambda one: [one.person_id])
    return SelectedPeople(items=page.items, next=page.next, total=kept.total)
