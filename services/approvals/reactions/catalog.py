"""Offerings: who decides on requests about them, and whether they still take any (APR-3, CAT-13)."""

from collections.abc import Sequence

from services.approvals.projections import facts
from services.approvals.projections.facts import OfferingFact
from services.approvals.reactions.ringing import ring_found
from shared.contracts.catalog import (
    ApprovalsConfigured,
    CertificationDescribed,
    CourseDescribed,
    EnrolmentWindowSet,
    LearnerAccessChosen,
    OfferingActivated,
    OfferingDeactivated,
    QualificationDescribed,
    VersionPublished,
    VersionRetired,
    VisibilityChosen,
)
from shared.database import Connection
from shared.events import Event, Recorded, encode

_KINDS: dict[type[Event], str] = {
    CourseDescribed: "course",
    CertificationDescribed: "certification",
    QualificationDescribed: "qualification",
}
_HANDLED = (
    CourseDescribed,
    CertificationDescribed,
    QualificationDescribed,
    ApprovalsConfigured,
    EnrolmentWindowSet,
    LearnerAccessChosen,
    OfferingActivated,
    OfferingDeactivated,
    VersionPublished,
    VersionRetired,
    VisibilityChosen,
)


class CatalogFacts:
    """Takes the catalog's events about offerings."""

    name = "approvals offerings"
    source = "catalog"
    group = "approvals.catalog"
    tables: tuple[str, ...] = ("offering_fact",)
    types = frozenset(c.TOPIC for c in _HANDLED)

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        known = facts.offerings(conn, {recorded.event.originator_id for recorded in events})
        for event in (recorded.event for recorded in events):
            now = _evolve(known.get(event.originator_id), event)
            known[event.originator_id] = now._replace(revision=event.originator_version)
        facts.save_offerings(conn, list(known.values()))
        condition = "r.status = 'open' AND r.kind = 'access' AND r.offering = ANY(%(offerings)s)"
        ring_found(conn, condition, {"offerings": list(known)}, events[-1].causing(self.source))


def _evolve(fact: OfferingFact | None, event: Event) -> OfferingFact:
    if isinstance(event, CourseDescribed | CertificationDescribed | QualificationDescribed):
        known = fact or OfferingFact(event.originator_id, 0, _KINDS[type(event)], event.title)
        return known._replace(title=event.title, price=event.price.model_dump_json() if event.price else None)
    if fact is None:
        raise ValueError(f"offering {event.originator_id} is not known")
    now = fact
    match event:
        case ApprovalsConfigured():
            now = fact._replace(approvals=encode(event).state.decode())
        case EnrolmentWindowSet():
            now = fact._replace(opens=event.opens, closes=event.closes)
        case LearnerAccessChosen():
            now = fact._replace(access=event.access)
        case OfferingActivated() | OfferingDeactivated():
            now = fact._replace(active=isinstance(event, OfferingActivated))
        case VersionPublished():
            now = fact._replace(published=event.version)
        case VersionRetired() if fact.published == event.version:
            now = fact._replace(published=None)
        case VisibilityChosen():
            now = fact._replace(audiences=event.audiences)
    return now
