"""Groups and who is in them, as rules and API ask for them (GRP-1 to GRP-8)."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import BaseModel

from services.enrollment.projections.assignments import IN_SCOPE
from services.enrollment.projections.names import PERSON
from services.enrollment.projections.tables import GROUP, GroupRow
from shared.auth import Scope
from shared.contracts.enrollment import By, DueRule
from shared.database import Connection, column, fetch, fetch_one, pairs
from shared.folding import fold
from shared.readmodel import Page, cursor_decode, page_of


class LiveGroup(NamedTuple):
    """A group that was not removed, at the revision of its assignment, and its due rule as JSON."""

    row: GroupRow
    due: str | None

    @property
    def due_rule(self) -> DueRule | None:
        return DueRule.model_validate_json(self.due) if self.due else None


class _Member(NamedTuple):
    person: UUID
    joined_by: By


class MemberItem(BaseModel):
    """A member. `joined_by` learner: an own enrollment, which the group may let the learner end (GRP-5)."""

    person_id: UUID
    name: str | None
    joined_by: By


_GROUPS = f"""
SELECT {", ".join("a.revision" if column == "revision" else f"g.{column}" for column in GROUP.columns)}, a.due
FROM learner_group g JOIN assignment a ON a.id = g.assignment AND a.live
"""


def group(conn: Connection, id: UUID) -> LiveGroup | None:
    return fetch_one(conn, _live, f"{_GROUPS} WHERE g.assignment = %s", [id], binary=True)


def named(conn: Connection, offering: UUID, name: str) -> list[LiveGroup]:
    """The groups of an offering that have a name, regardless of case: one, but for those that earlier versions made."""
    query = f"{_GROUPS} WHERE g.offering = %s AND g.name_folded = %s ORDER BY g.name, g.assignment"
    return fetch(conn, _live, query, [offering, fold(name)], binary=True)


def of_offerings(conn: Connection, offerings: Iterable[UUID]) -> list[LiveGroup]:
    """In the order of their names."""
    query = f"{_GROUPS} WHERE g.offering = ANY(%s) ORDER BY g.name_folded, g.assignment"
    return fetch(conn, _live, query, [list(offerings)], binary=True)


def _live(*, due: str | None, **columns: Any) -> LiveGroup:
    return LiveGroup(GroupRow(**columns), due)


def members_among(conn: Connection, group: UUID, people: Sequence[UUID]) -> dict[UUID, By]:
    """Those of these people who are in the group, and by whom."""
    query = "SELECT person, joined_by FROM group_member WHERE assignment = %s AND person = ANY(%s)"
    return {row.person: row.joined_by for row in fetch(conn, _Member, query, [group, list(people)])}


def joined_by(conn: Connection, person: UUID, among: Sequence[UUID]) -> set[UUID]:
    """Those of these groups in which the person is."""
    query = "SELECT assignment FROM group_member WHERE person = %s AND assignment = ANY(%s)"
    return set(column(conn, query, UUID, [person, list(among)]))


def excluded_among(conn: Connection, group: UUID, people: Sequence[UUID]) -> set[UUID]:
    """Those of these people whom an administrator took out (ASG-7)."""
    query = "SELECT person FROM exclusion WHERE assignment = %s AND person = ANY(%s)"
    return set(column(conn, query, UUID, [group, list(people)]))


def taken_out_of(conn: Connection, person: UUID, among: Sequence[UUID]) -> set[UUID]:
    """Those of these groups out of which an administrator took the person (ASG-7)."""
    query = "SELECT assignment FROM exclusion WHERE person = %s AND assignment = ANY(%s)"
    return set(column(conn, query, UUID, [person, list(among)]))


def versions(conn: Connection, streams: Sequence[UUID]) -> dict[UUID, int]:
    """The last version of each of these streams that has any event."""
    query = "SELECT stream, max(version) FROM events WHERE stream = ANY(%s) GROUP BY stream"
    return dict(pairs(conn, query, UUID, int, [list(streams)]))


_MEMBERS = f"""
SELECT m.person AS person_id, {PERSON.format("pf")} AS name, m.joined_by FROM group_member m JOIN person_fact p ON p.id = m.person
LEFT JOIN profile pf ON pf.person_id = m.person
WHERE m.assignment = %(group)s AND {IN_SCOPE.format("p.home")} AND (%(after)s::uuid IS NULL OR m.person > %(after)s)
ORDER BY m.person LIMIT %(limit)s
"""


def members(conn: Connection, scope: Scope, group: UUID, cursor: str | None, limit: int) -> Page[MemberItem]:
    after = cursor_decode(cursor, UUID)[0] if cursor else None
    values = {**scope.values, "group": group}
    rows = fetch(conn, MemberItem, _MEMBERS, {**values, "after": after, "limit": limit + 1})
    return page_of(rows, limit, lambda member: [member.person_id])


class MemberNumbers(NamedTuple):
    """How many came by themselves, how many were added, and how many an exception holds back."""

    joined: int
    added: int
    held: int


_NUMBERS = f"""
SELECT count(*) FILTER (WHERE m.joined_by = 'learner') AS joined, count(*) FILTER (WHERE m.joined_by <> 'learner') AS added,
    count(*) FILTER (WHERE EXISTS (
        SELECT FROM hold h WHERE h.person = m.person AND h.assignment = m.assignment AND NOT h.refused)) AS held
FROM group_member m JOIN person_fact p ON p.id = m.person
WHERE m.assignment = %(group)s AND {IN_SCOPE.format("p.home")}
"""


def member_numbers(conn: Connection, scope: Scope, group: UUID) -> MemberNumbers:
    found = fetch_one(conn, MemberNumbers, _NUMBERS, {**scope.values, "group": group})
    assert found is not None
    return found
