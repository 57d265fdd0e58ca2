"""Whether people may come to offerings by themselves, as it is now; and the learner's next action from that (ENR-1)."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from services.enrollment.domain import coming
from services.enrollment.domain.coming import Coming, Next
from services.enrollment.domain.enrollment import Enrollment
from services.enrollment.domain.groups import Group
from services.enrollment.domain.offerings import Offering
from services.enrollment.projections import coming as known
from services.enrollment.projections import facts, groups
from services.enrollment.projections.coming import Pair
from shared.database import Connection


def comings(conn: Connection, pairs: Sequence[Pair]) -> dict[Pair, Coming]:
    """For each pair of person and offering."""
    if not pairs:
        return {}
    now = facts.now(conn)
    there: dict[UUID, list[Group]] = {}
    for row in groups.of_offerings(conn, {offering for _, offering in pairs}):
        there.setdefault(row.offering, []).append(Group(*row[:-1]))
    return {
        pair: Coming(
            now,
            visible=said.visible,
            active=said.active,
            taken_out=said.taken_out,
            groups=tuple(group for group in there.get(pair[1], ()) if group.assignment not in said.without),
        )
        for pair, said in known.said(conn, pairs).items()
    }


def coming_to(conn: Connection, person: UUID, offering: UUID) -> Coming:
    return comings(conn, [(person, offering)])[person, offering]


def next_action(conn: Connection, state: Enrollment, offering: Offering, today: date) -> Next:
    """Of one learner on one offering."""
    outside = state.status(today) in coming.OUTSIDE
    return coming.next_action(
        state, offering, today, coming_to(conn, state.person, state.offering) if outside else None
    )
