"""One offering as a learner sees it: what it takes, its steps with the own results, and what the learner can do (LRN-7)."""

from uuid import UUID

from pydantic import BaseModel

from services.enrollment.application.assignments.targets import longest_access
from services.enrollment.application.enrollments.cards import Day, OfferingCard, cards_of
from services.enrollment.application.enrollments.self_enrollment import coming_to
from services.enrollment.application.enrollments.sources import withdrawable
from services.enrollment.application.enrollments.steps import StepView, steps
from services.enrollment.application.enrollments.views import standings
from services.enrollment.domain.assignments import Target, access_days
from services.enrollment.domain.self_enrollment import joinable
from services.enrollment.projections import sources as source_rows
from shared.contracts.catalog import LearnerAccess
from shared.contracts.enrollment import AssignmentType
from shared.database import Connection


class WithdrawFrom(BaseModel):
    """An own enrollment that the learner may end: POST /assignments/{id}/leave (GRP-5)."""

    assignment_id: UUID
    type: AssignmentType
    name: str | None


class OfferingDetails(OfferingCard):
    """An offering with its steps, and what the caller can do."""

    active: bool
    """New learners may come (CAT-4)."""
    access: LearnerAccess
    """How somebody who is not assigned can get to it (CAT-5)."""
    review: bool
    """An administrator looks at a completion before it counts (CAT-12)."""
    in_order: bool
    """The steps have to be completed one after the other."""
    access_days: int | None
    """How long access lasts from the enrollment on (ASG-14); None: without end."""
    groups: int
    """How many groups the caller can join now (GRP-3)."""
    withdraw_from: list[WithdrawFrom]
    """Empty: the caller cannot withdraw; GET /enrollments/{id}/sources says why of each assignment."""
    steps: list[StepView]


def details(conn: Connection, person: UUID, id: UUID, attempts: int) -> OfferingDetails:
    """Of an offering that the person may see."""
    one = standings(conn, person, [id])[id]
    day = Day.of(conn, person)
    card = cards_of(conn, person, {id: one}, day)[id]
    offering = one.offering
    rows = source_rows.sources(conn, person, [id], day.zone) if one.state.version else []
    return OfferingDetails(
        **{name: getattr(card, name) for name in OfferingCard.model_fields},
        active=offering.open,
        access=offering.access,
        review=offering.review,
        in_order=offering.in_order,
        access_days=access_days(offering, longest_access(conn, [Target("individual", person)])),
        groups=len(joinable(offering, coming_to(conn, person, id))),
        withdraw_from=[
            WithdrawFrom(assignment_id=row.assignment, type=row.type, name=row.name)
            for row in rows
            if withdrawable(row)
        ],
        steps=steps(conn, one.state, offering, attempts, day.today),
    )
