"""Offerings: when one opens for new learners, the rules that waited catch up (CAT-4)."""

from collections.abc import Sequence
from uuid import UUID

from services.enrollment.application.evaluator import offering
from services.enrollment.application.expansion import enqueue
from services.enrollment.projections import facts
from services.enrollment.projections.facts import OfferingFact
from shared.contracts.catalog import (
    CertificationDescribed,
    CourseDescribed,
    DropOutsDecided,
    NotificationsSwitched,
    OfferingActivated,
    OfferingDeactivated,
    VersionDrafted,
    VersionPublished,
    VersionRetired,
)
from shared.database import Connection
from shared.events import Event, Recorded

_HANDLED = (
    CourseDescribed,
    CertificationDescribed,
    VersionDrafted,
    VersionPublished,
    VersionRetired,
    OfferingActivated,
    OfferingDeactivated,
    NotificationsSwitched,
    DropOutsDecided,
)


class CatalogFacts:
    """Takes the catalogue's events."""

    name = "enrollment offerings"
    source = "catalog"
    types = frozenset(c.TOPIC for c in _HANDLED)

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        before = facts.offerings(conn, {r.event.originator_id for r in events})
        now = dict(before)
        for recorded in events:
            id = recorded.event.originator_id
            now[id] = _evolve(now.get(id), recorded.event)
        facts.save_offerings(conn, list(now.values()))
        causes = {r.event.originator_id: r for r in events}
        for id, fact in now.items():
            was = before.get(id)
            if was and not offering(was).open and offering(fact).open:
                self._catch_up(conn, id, causes[id])

    def _catch_up(self, conn: Connection, id: UUID, cause: Recorded) -> None:
        waiting = [row[0] for row in conn.execute("SELECT id FROM assignment WHERE offering = %s AND live", [id])]
        if waiting:
            causation = f"catalog/{id}/{cause.event.originator_version}"
            meta = cause.meta.model_copy(update={"causation": causation, "reason_code": "catalog"})
            enqueue(conn, meta, id, [UUID(str(a)) for a in waiting])


def _evolve(fact: OfferingFact | None, event: Event) -> OfferingFact:
    match event:
        case CourseDescribed():
            now = fact or OfferingFact(event.originator_id, 0, "course", event.title, True, None, 0, {}, _ALL_ON)
            now = now._replace(title=event.title, steps=len(event.activities))
        case CertificationDescribed():
            now = fact or OfferingFact(event.originator_id, 0, "certification", event.title, True, None, 0, {}, _ALL_ON)
            now = now._replace(title=event.title)
        case _ if fact is None:
            raise ValueError(f"offering {event.originator_id} is not known")
        case VersionDrafted():
            now = fact._replace(drafts={**fact.drafts, str(event.version): len(event.steps)})
        case VersionPublished():
            now = fact._replace(published=event.version, steps=fact.drafts[str(event.version)])
        case VersionRetired():
            now = fact._replace(published=None) if fact.published == event.version else fact
        case OfferingActivated():
            now = fact._replace(active=True)
        case OfferingDeactivated():
            now = fact._replace(active=False)
        case NotificationsSwitched():
            now = fact._replace(notifications=list(event.on))
        case DropOutsDecided():
            now = fact._replace(keep_begun=event.keep_begun)
        case _:
            now = fact
    return now._replace(revision=event.originator_version)


_ALL_ON = ["assigned", "withdrawn"]
