"""People who are to be assigned to offerings, each to each, found on one snapshot (ASG-4, ASG-9)."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from services.enrollment.application.assignments.commands import AssignmentCommands, judge
from services.enrollment.application.assignments.settings import days_of_access
from services.enrollment.application.assignments.targets import longest_access
from services.enrollment.application.evaluation.evaluate import flagged
from services.enrollment.application.previews.impact import ResolvedRequest
from services.enrollment.application.previews.requests import AssignPeople
from services.enrollment.domain import assignments as assignment_rules
from services.enrollment.domain.assignments import Target
from services.enrollment.domain.offerings import Offering
from services.enrollment.projections import facts
from shared.auth import Scope
from shared.database import Connection
from shared.errors import Conflict


def resolve_people(
    conn: Connection, scope: Scope, request: AssignPeople, assigning: AssignmentCommands
) -> list[ResolvedRequest]:
    """By offering, those who can be assigned; who cannot is counted. Refused where nobody can."""
    assigning.check_size(request.offerings, request.people)
    resolved, refused = resolve_some(conn, scope, request, request.people)
    if not resolved:
        raise nobody(refused)
    return resolved


def resolve_some(
    conn: Connection, scope: Scope, request: AssignPeople, people: Sequence[UUID]
) -> tuple[list[ResolvedRequest], int]:
    """Likewise for these people, with how many cannot be assigned; nothing where nobody can."""
    created, refused = judge(conn, scope, request.offerings, people)
    if not created:
        return [], len(refused)
    wanted: dict[Offering, list[Target]] = {}
    for offering, target in created:
        wanted.setdefault(offering, []).append(target)
    left_out = Counter(one.offering for one in refused)
    left_over = len(refused) - sum(left_out[one.id] for one in wanted)
    resolved = [_resolve(conn, request, one, targets, left_out[one.id]) for one, targets in wanted.items()]
    resolved[0].refused += left_over
    return resolved, len(refused)


def nobody(refused: int) -> Conflict:
    """Nobody can be assigned."""
    return Conflict(
        "None of these people can be assigned: each is unknown, not active, or has this very assignment already.",
        field="people",
        kind="nobody-to-assign",
        refused=refused,
    )


def _resolve(
    conn: Connection, request: AssignPeople, offering: Offering, targets: Sequence[Target], refused: int
) -> ResolvedRequest:
    if request.required is not None:
        assignment_rules.check_requirement(offering)
    today, longest = facts.today(conn), longest_access(conn, targets)
    days = days_of_access(request.access_days, request.access_until, today)
    assignment_rules.check_access_days(offering, days, longest, as_day=request.access_until)
    most = assignment_rules.access_days(offering, longest)
    return ResolvedRequest(
        offering,
        targets=targets,
        access_days=days,
        due=request.due,
        warnings=flagged(conn, offering, request.due),
        access_until=today + timedelta(days=days or most) if most else None,
        refused=refused,
    )
