"""How a learner and an offering stand, for the rules: read from the facts of other services."""

from uuid import UUID

from services.approvals.domain.situation import Answer, EnrollmentSituation, OfferingSituation, Situation
from services.approvals.projections import facts
from services.approvals.projections.facts import EnrollmentFact, OfferingFact, OutcomeFact
from shared.database import Connection
from shared.errors import NotFound


def situation(conn: Connection, person: UUID, offering: OfferingFact, request: UUID | None = None) -> Situation:
    """Of one learner and one offering; with a request, also what enrollment said of it."""
    standing = facts.enrollment_of(conn, person, offering.id)
    outcome = facts.outcome(conn, request) if request else None
    return Situation(
        now=facts.now(conn),
        today=facts.today(conn),
        active=facts.active(conn, person),
        offering=OfferingSituation(
            title=offering.title,
            open=offering.open,
            access=offering.access,
            visible=offering.access != "hidden" and facts.visible(conn, person, offering.audiences),
            opens=offering.opens,
            closes=offering.closes,
        ),
        enrollment=enrollment_facts(standing) if standing else None,
        outcome=_outcome(outcome) if outcome else None,
    )


def enrollment_facts(row: EnrollmentFact) -> EnrollmentSituation:
    return EnrollmentSituation(row.id, row.term, row.state, row.due_on, row.valid_until)


def _outcome(row: OutcomeFact) -> Answer:
    return Answer(row.assignment, row.problem, row.detail, row.ended)


def offering_of(conn: Connection, id: UUID) -> OfferingFact:
    """Raises NotFound."""
    found = facts.offerings(conn, [id]).get(id)
    if found is None:
        raise unseen()
    return found


def unseen() -> NotFound:
    """The one answer for what is not there and what may not be seen (CAT-6)."""
    return NotFound(
        "There is no such offering, or none that you may see. GET /api/enrollment/offerings lists them.",
        field="offering_id",
    )
