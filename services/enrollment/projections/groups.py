"""Groups and who is in them, as rules and API ask for them (GRP-1 to GRP-8)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel

from services.enrollment.projections.lists import IN_SCOPE
from services.enrollment.projections.names import PERSON
from shared.auth import Scope
from shared.contracts.enrollment import By, DueRule
from shared.database import Connection, uuid_of
from shared.readmodel import Page, cursor_decode, cursor_encode


class GroupRow(NamedTuple):
    """A live group, and its due rule as JSON."""

    assignment: UUID
    revision: int
    offering: UUID
    name: str
    description: str
    allow_enrol: bool
    allow_withdraw: bool
    opens: datetime | None
    closes: datetime | None
    due: str | None

    @property
    def due_rule(self) -> DueRule | None:
        return DueRule.model_validate_json(self.due) if self.due else None


class MemberItem(BaseModel):
    """A member. `joined_by` learner: an own enrolment, which the group may let the learner end (GRP-5)."""

    person_id: UUID
    name: str | None
    joined_by: By


_GROUPS = """
SELECT g.assignment, a.revision, g.offering, g.name, g.description, g.allow_enrol, g.allow_withdraw, g.opens, g.closes, a.due
FROM learner_group g JOIN assignment a ON a.id = g.assignment AND a.live
"""


def group(conn: Connection, id: UUID) -> GroupRow | None:
    row = conn.execute(f"{_GROUPS} WHERE g.assignment = %s".encode(), [id], binary=True).fetchone()
    return GroupRow(*row) if row else None  # type: ignore[arg-type]


def of_offering(conn: Connection, offering: UUID) -> list[GroupRow]:
    """In the order of their names."""
    return of_offerings(conn, [offering])


def of_offerings(conn: Connection, offerings: Iterable[UUID]) -> list[GroupRow]:
    """The same of several."""
    query = f"{_GROUPS} WHERE g.offering = ANY(%s) ORDER BY g.name, g.assignment"
    return [GroupRow(*row) for row in conn.execute(query.encode(), [list(offerings)], binary=True)]  # type: ignore[arg-type]


def members_among(conn: Connection, group: UUID, people: Sequence[UUID]) -> dict[UUID, By]:
    """Those of these people who are in the group, and by whom."""
    query = "SELECT person, joined_by FROM group_member WHERE assignment = %s AND person = ANY(%s)"
    return {uuid_of(person): by for person, by in conn.execute(query, [group, list(people)])}  # type: ignore[misc]


def joined_by(conn: Connection, person: UUID, among: Sequence[UUID]) -> set[UUID]:
    """Those of these groups in which the person is."""
    query = "SELECT assignment FROM group_member WHERE person = %s AND assignment = ANY(%s)"
    return {uuid_of(group) for (group,) in conn.execute(query, [person, list(among)])}


def excluded_among(conn: Connection, group: UUID, people: Sequence[UUID]) -> set[UUID]:
    """Those of these people whom an administrator took out (ASG-7)."""
    query = "SELECT person FROM exclusion WHERE assignment = %s AND person = ANY(%s)"
    return {uuid_of(person) for (person,) in conn.execute(query, [group, list(people)])}


def taken_out_of(conn: Connection, person: UUID, among: Sequence[UUID]) -> set[UUID]:
    """Those of these groups out of which an administrator took the person (ASG-7)."""
    query = "SELECT assignment FROM exclusion WHERE person = %s AND assignment = ANY(%s)"
    return {uuid_of(group) for (group,) in conn.execute(query, [person, list(among)])}


def versions(conn: Connection, streams: Sequence[UUID]) -> dict[UUID, int]:
    """The last version of each of these streams that has any event."""
    query = "SELECT stream, max(version) FROM events WHERE stream = ANY(%s) GROUP BY stream"
    return {uuid_of(stream): int(str(version)) for stream, version in conn.execute(query, [list(streams)])}


_MEMBERS = f"""
SELECT m.person, {PERSON.format("pf")}, m.joined_by FROM group_member m JOIN person_fact p ON p.id = m.person
LEFT JOIN profile pf ON pf.person_id = m.person
WHERE m.assignment = %(group)s AND {IN_SCOPE.format("p.home")} AND (%(after)s::uuid IS NULL OR m.person > %(after)s)
ORDER BY m.person LIMIT %(limit)s
"""


def members(conn: Connection, scope: Scope, group: UUID, cursor: str | None, limit: int) -> Page[MemberItem]:
    after = cursor_decode(cursor, UUID)[0] if cursor else None
    values = {**scope.model_dump(), "organisations": list(scope.organisations), "group": group}
    rows = conn.execute(_MEMBERS.encode(), {**values, "after": after, "limit": limit + 1}).fetchall()
    items = [MemberItem(person_id=uuid_of(person), name=name, joined_by=by) for person, name, by in rows[:limit]]
    return Page(items=items, next=cursor_encode(str(items[-1].person_id)) if len(rows) > limit else None)
