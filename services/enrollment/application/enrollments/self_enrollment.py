"""Whether people may come to offerings by themselves, as it is now; and the learner's next action from that (ENR-1)."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from services.enrollment.application.assignments.rows import to_group
from services.enrollment.domain import self_enrollment
from services.enrollment.domain.enrollment import Enrollment
from services.enrollment.domain.groups import Group
from services.enrollment.domain.offerings import Offering
from services.enrollment.domain.self_enrollment import NextAction, SelfEnrollmentState
from services.enrollment.projections import facts, groups
from services.enrollment.projections import self_enrollment as self_enrollment_rows
from services.enrollment.projections.self_enrollment import Pair
from shared.database import Connection


def comings(conn: Connection, pairs: Sequence[Pair]) -> dict[Pair, SelfEnrollmentState]:
    """For each pair of person and offering."""
    if not pairs:
        return {}
    now = facts.now(conn)
    there: dict[UUID, list[Group]] = {}
    for found in groups.of_offerings(conn, {offering for _, offering in pairs}):
        there.setdefault(found.row.offering, []).append(to_group(found.row))
    return {
        pair: SelfEnrollmentState(
            now,
            visible=said.visible,
            active=said.active,
            taken_out=said.taken_out,
            requested=said.requested,
            groups=tuple(group for group in there.get(pair[1], ()) if group.assignment not in said.without),
        )
        for pair, said in self_enrollment_rows.said(conn, pairs).items()
    }


def coming_to(conn: Connection, person: UUID, offering: UUID) -> SelfEnrollmentState:
    return comings(conn, [(person, offering)])[person, offering]


def next_action(conn: Connection, state: Enrollment, offering: Offering, today: date) -> NextAction:
    """Of one learner on one offering."""
    outside = state.status(today) in self_enrollment.OUTSIDE
    return self_enrollment.next_action(
        state, offering, today, coming_to(conn, state.person, state.offering) if outside else None
    )
