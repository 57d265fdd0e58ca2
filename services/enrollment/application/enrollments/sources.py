"""What a learner sees of the assignments of an offering: those that hold, and the groups that one may join (GRP-3, GRP-8)."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from services.enrollment.application.assignments.rows import to_group
from services.enrollment.application.evaluation import evaluate
from services.enrollment.domain.due_dates import Deadline, due
from services.enrollment.domain.groups import check_joinable, not_own, refusal_to_withdraw
from services.enrollment.domain.offerings import Offering
from services.enrollment.projections import facts, groups, organisations, sources, visibility
from services.enrollment.projections.sources import SourceRow
from services.enrollment.projections.tables import GroupRow
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
    """An exception waits for an administrator (DUE-4). A learner sees only what is the learner's own (DUE-7)."""
    since: date | None
    access_until: date | None
    """The last day of access that it gives; None: without end, or held."""
    due: DueRule | None
    due_text: str
    due_state: Literal["none", "set", "pending", "unknown", "removed"]
    """`removed`: what the date counted from is not there any more; the date stays (DUE-2)."""
    due_on: date | None
    due_at: TimeOfDay | None
    """When on that day, by the learner's clock; None: at its end."""
    holds_due: bool
    """Its due date is the one that holds (DUE-3); none does where the date was set by hand."""
    can_withdraw: bool
    """The learner may end it: an own enrollment, where the group allows it (GRP-5)."""
    cannot_withdraw_because: str | None


class Sources:
    def __init__(self, database: Database) -> None:
        self._database = database

    def choices(self, person: UUID, offering_id: UUID) -> list[GroupChoice]:
        """Raises NotFound for an offering that is not there, or hidden from the caller."""
        with self._database.connection() as conn:
            if not visibility.visible(conn, person, [offering_id], closed=True):
                raise visibility.unseen()
            offering = evaluate.offerings(conn, [offering_id])[offering_id]
            now = facts.now(conn)
            found = [one for one in groups.of_offerings(conn, [offering_id]) if _joinable(one.row, offering, now)]
            out = groups.taken_out_of(conn, person, [one.row.assignment for one in found])
            found = [one for one in found if one.row.assignment not in out]
            mine = groups.joined_by(conn, person, [one.row.assignment for one in found])
        return [
            GroupChoice(
                assignment_id=one.row.assignment,
                name=one.row.name,
                description=one.row.description,
                due=one.due_rule,
                due_text=describe(one.due_rule),
                member=one.row.assignment in mine,
            )
            for one in found
        ]

    def of(self, person: UUID, offering: UUID, *, learner: bool = False) -> list[Source]:
        """List the assignments of an enrollment, oldest first. `learner`: as the learner is told."""
        with self._database.connection() as conn:
            rows = sources.sources(conn, person, [offering], organisations.zone_of(conn, person))
        return [_source(row, holding(rows)) for row in rows if row.own or not row.held or not learner]


def holding(rows: Sequence[SourceRow]) -> SourceRow | None:
    """Of the assignments of one enrollment, the oldest whose due date holds (DUE-3)."""
    return next((row for row in rows if not row.held and _holds(row)), None)


def _holds(row: SourceRow) -> bool:
    asked = due(row.due).on
    held = Deadline(row.term_due, row.term_due_at) if row.term_due else None
    return held is not None and not row.due_by_hand and asked == held


def withdrawable(row: SourceRow) -> bool:
    """The learner may end it (GRP-5)."""
    return _refusal_to_withdraw(row) is None


def _source(row: SourceRow, holds: SourceRow | None) -> Source:
    rule = DueRule.model_validate_json(row.rule) if row.rule else None
    asked = due(row.due)
    refusal = _refusal_to_withdraw(row)
    return Source(
        assignment_id=row.assignment,
        type=row.type,
        name=row.name,
        held=row.held,
        since=row.since,
        access_until=row.access_until,
        due=rule,
        due_text=describe(rule),
        due_state="removed" if asked.state == "unknown" and not row.held else asked.state,
        due_on=asked.on.day if asked.on else None,
        due_at=asked.on.at if asked.on else None,
        holds_due=row is holds,
        can_withdraw=refusal is None,
        cannot_withdraw_because=refusal.detail if refusal else None,
    )


def _refusal_to_withdraw(row: SourceRow) -> Refusal | None:
    if row.type == "group":
        return refusal_to_withdraw(row.name or "", row.joined_by, allowed=bool(row.allow_withdraw))
    return None if row.type == "self" else not_own()


def _joinable(row: GroupRow, offering: Offering, now: datetime) -> bool:
    try:
        check_joinable(to_group(row), offering, now)
    except Refusal:
        return False
    return True
