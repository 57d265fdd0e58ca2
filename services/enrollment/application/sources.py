"""What a learner sees of the assignments of an offering: those that hold, and the groups that one may join (GRP-3, GRP-8)."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from services.enrollment.application import judging
from services.enrollment.domain.due_dates import due
from services.enrollment.domain.groups import Group, check_joinable
from services.enrollment.domain.offerings import Offering
from services.enrollment.projections import facts, groups, holding, visibility
from shared.contracts.enrollment import AssignmentType, DueRule, TimeOfDay, describe
from shared.database import Database
from shared.errors import Refusal


class GroupChoice(BaseModel):
    """A group that the learner may join."""

    assignment_id: UUID
    name: str
    description: str
    due: DueRule | None
    due_text: str
    member: bool


class Source(BaseModel):
    """An assignment that holds the learner, or waits for an administrator."""

    assignment_id: UUID
    type: AssignmentType
    name: str | None
    """None for a person who has no name here (yet, or any more)."""
    held: bool
    since: date | None
    due_text: str
    due_state: Literal["none", "set", "pending", "unknown", "removed"]
    """`removed`: what the date counted from is not there any more; the date stays (DUE-2)."""
    due_on: date | None
    due_at: TimeOfDay | None
    """When on that day, by the learner's clock; None: at its end."""
    can_withdraw: bool
    """The learner may end it: an own enrolment, where the group allows it (GRP-5)."""


class Sources:
    def __init__(self, database: Database) -> None:
        self._database = database

    def choices(self, person: UUID, offering_id: UUID) -> list[GroupChoice]:
        """Raises NotFound for an offering that is not there, or hidden from the caller."""
        with self._database.connection() as conn:
            if not visibility.visible(conn, person, [offering_id], closed=True):
                raise visibility.unseen()
            offering = judging.offerings(conn, [offering_id])[offering_id]
            now = facts.now(conn)
            rows = [row for row in groups.of_offering(conn, offering_id) if _joinable(row, offering, now)]
            out = groups.taken_out_of(conn, person, [row.assignment for row in rows])
            rows = [row for row in rows if row.assignment not in out]
            mine = groups.joined_by(conn, person, [row.assignment for row in rows])
        return [
            GroupChoice(
                assignment_id=row.assignment,
                name=row.name,
                description=row.description,
                due=row.due_rule,
                due_text=describe(row.due_rule),
                member=row.assignment in mine,
            )
            for row in rows
        ]

    def of(self, person: UUID, offering: UUID) -> list[Source]:
        """Oldest first."""
        with self._database.connection() as conn:
            return [_source(row) for row in holding.sources(conn, person, offering)]


def _source(row: holding.SourceRow) -> Source:
    rule = DueRule.model_validate_json(row.rule) if row.rule else None
    asked = due(row.due)
    own = row.type == "self" or (row.type == "group" and row.joined_by == "learner" and bool(row.allow_withdraw))
    return Source(
        assignment_id=row.assignment,
        type=row.type,
        name=row.name,
        held=row.held,
        since=row.since,
        due_text=describe(rule),
        due_state="removed" if asked.state == "unknown" and not row.held else asked.state,
        due_on=asked.on.day if asked.on else None,
        due_at=asked.on.at if asked.on else None,
        can_withdraw=own,
    )


def _joinable(row: groups.GroupRow, offering: Offering, now: datetime) -> bool:
    try:
        check_joinable(Group(*row[:-1]), offering, now)
    except Refusal:
        return False
    return True
