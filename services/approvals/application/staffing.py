"""Who decides: the stages of an offering, and the people whom a stage means at this moment (CAT-13, APR-4, APR-5)."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from services.approvals.domain.decisions import ActingAs
from services.approvals.domain.requests import WHOLE_STAGE, Request, Staffing
from services.approvals.projections import facts, tables
from services.approvals.projections.facts import OfferingFact
from shared.auth import ROLES, Permission
from shared.contracts.approval_stages import ApprovalStage, Approver
from shared.contracts.approvals import RequestKind
from shared.database import Connection

_USUAL: dict[RequestKind, tuple[Approver, ...]] = {
    "access": (Approver(kind="role", role="site-administrator"),),
    "later-due-date": (Approver(kind="manager"),),
    "completion": tuple(
        Approver(kind="role", role=role) for role, allowed in ROLES.items() if Permission.REVIEW in allowed
    ),
}
"""Who decides where an offering does not say (CAT-13, DUE-9, ENR-5)."""


def stages_of(offering: OfferingFact, kind: RequestKind) -> tuple[ApprovalStage, ...]:
    """The stages that a request of this kind goes through."""
    configured = offering.configured()
    by_kind = {
        "access": configured.access if configured else (),
        "later-due-date": configured.later_due_date if configured else (),
        "completion": configured.completion if configured else (),
    }
    return by_kind[kind] or (ApprovalStage(approvers=_USUAL[kind]),)


def time_of(offering: OfferingFact, usual_days: int) -> timedelta:
    """How long each stage has before it escalates (APR-5); `usual_days` where the offering does not say."""
    configured = offering.configured()
    return timedelta(days=(configured.escalation_days if configured else None) or usual_days)


def staffing(conn: Connection, learner: UUID, stage: ApprovalStage) -> Staffing:
    """Whom the stage means for this learner at this moment."""
    named = {
        entry: facts.meant(conn, learner, one.kind, one.person_id, one.role)
        for entry, one in enumerate(stage.approvers, 1)
    }
    return Staffing(named, administrators(conn, learner))


def administrators(conn: Connection, learner: UUID) -> frozenset[UUID]:
    """The site administrators for a learner's organisation, without the learner."""
    return facts.meant(conn, learner, "role", None, "site-administrator")


def acting_as(conn: Connection, state: Request, now: Staffing, caller: UUID) -> ActingAs | None:
    """In what capacity somebody may decide in this stage, an own one before a delegated one; None: in none.

    Nobody decides on an own request, and whoever delegated cannot by that let the delegate do it.
    """
    if caller == state.person or not facts.active(conn, caller):
        return None
    today = facts.today(conn)
    behind = [one.person for one in tables.delegations_to(conn, [caller]) if one.starts <= today <= one.ends]
    for person in (caller, *behind):
        if entries := frozenset(_entries(state, now, person)):
            return ActingAs(caller, entries, None if person == caller else person)
    return None


def _entries(state: Request, now: Staffing, person: UUID) -> Iterator[int]:
    yield from (entry for entry, people in now.named.items() if person in people)
    if (state.escalated or now.nobody_found) and person in now.administrators:
        yield WHOLE_STAGE
