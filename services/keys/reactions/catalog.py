"""Courses, as pools see them: title, longest access, and whether they take learners."""

from collections.abc import Sequence

from services.keys.projections import facts
from services.keys.projections.facts import OfferingFact
from shared.contracts.catalog import (
    CertificationDescribed,
    CourseDescribed,
    OfferingActivated,
    OfferingDeactivated,
    QualificationDescribed,
)
from shared.database import Connection
from shared.events import Recorded

_HANDLED = (CourseDescribed, CertificationDescribed, QualificationDescribed, OfferingActivated, OfferingDeactivated)


class CatalogFacts:
    """Takes the catalog's events."""

    name = "keys offerings"
    source = "catalog"
    group = "keys.catalog"
    tables: tuple[str, ...] = ("offering_fact",)
    types = frozenset(c.TOPIC for c in _HANDLED)

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        known = facts.offerings(conn, {recorded.event.originator_id for recorded in events})
        for event in (recorded.event for recorded in events):
            id = event.originator_id
            active = known[id].active if id in known else True
            match event:
                case CourseDescribed():
                    known[id] = OfferingFact(id, "course", event.title, active, event.access_days)
                case CertificationDescribed():
                    known[id] = OfferingFact(id, "certification", event.title, active, None)
                case QualificationDescribed():
                    known[id] = OfferingFact(id, "qualification", event.title, active, None)
                case OfferingActivated() | OfferingDeactivated():
                    known[id] = known[id]._replace(active=isinstance(event, OfferingActivated))
        facts.save_offerings(conn, list(known.values()))
