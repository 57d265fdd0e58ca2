"""Offerings: when one opens for new learners, the rules that waited catch up (CAT-4)."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from services.enrollment.application.evaluation.evaluate import offering
from services.enrollment.application.evaluation.fan_out import enqueue
from services.enrollment.projections import facts, offerings, qualifications
from services.enrollment.projections.offerings import Draft, OfferingFact
from services.enrollment.reactions.job_roles import check_loops
from shared.contracts.catalog import (
    CertificationDescribed,
    CompletionReviewSwitched,
    CourseDescribed,
    DropOutsDecided,
    DueDatesCombined,
    EarlierCompletionsDecided,
    EnrolmentWindowSet,
    LearnerAccessChosen,
    NotificationsSwitched,
    OfferingActivated,
    OfferingDeactivated,
    OfferingKind,
    QualificationDescribed,
    VersionDrafted,
    VersionPublished,
    VersionRetired,
    VisibilityChosen,
)
from shared.database import Connection
from shared.events import Event, Recorded

_HANDLED = (
    CourseDescribed,
    CertificationDescribed,
    QualificationDescribed,
    VersionDrafted,
    VersionPublished,
    VersionRetired,
    OfferingActivated,
    OfferingDeactivated,
    NotificationsSwitched,
    DropOutsDecided,
    DueDatesCombined,
    CompletionReviewSwitched,
    LearnerAccessChosen,
    EnrolmentWindowSet,
    EarlierCompletionsDecided,
    VisibilityChosen,
)


Describing = CourseDescribed | CertificationDescribed | QualificationDescribed
_KINDS: dict[type[Event], OfferingKind] = {
    CourseDescribed: "course",
    CertificationDescribed: "certification",
    QualificationDescribed: "qualification",
}


class CatalogFacts:
    """Takes the catalog's events."""

    name = "enrollment offerings"
    source = "catalog"
    group = "enrollment.catalog"
    tables: tuple[str, ...] = ("offering_fact",)
    types = frozenset(c.TOPIC for c in _HANDLED)

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        before = offerings.offerings(conn, {r.event.originator_id for r in events})
        now = dict(before)
        for recorded in events:
            id = recorded.event.originator_id
            now[id] = _evolve(now.get(id), recorded.event)
        offerings.save(conn, list(now.values()))
        causes = {r.event.originator_id: r for r in events}
        for id, fact in now.items():
            was = before.get(id)
            if was and not offering(was).open and offering(fact).open:
                self._catch_up(conn, id, causes[id])
            if was and (was.items, was.credit, was.steps) != (fact.items, fact.credit, fact.steps):
                qualifications.again(conn, id, causes[id])
        parts = [
            id
            for id, fact in now.items()
            if (was := before.get(id)) and (was.items, was.steps) != (fact.items, fact.steps)
        ]
        if parts:
            check_loops(conn, causes[parts[-1]].causing("catalog"))
        judged = [id for id, fact in now.items() if (was := before.get(id)) and _judged_by(was) != _judged_by(fact)]
        if judged:
            facts.enqueue_waiting(conn, causes[judged[-1]].causing("catalog"))

    def _catch_up(self, conn: Connection, id: UUID, cause: Recorded) -> None:
        waiting = [row[0] for row in conn.execute("SELECT id FROM assignment WHERE offering = %s AND live", [id])]
        if waiting:
            enqueue(conn, cause.causing("catalog"), id, [UUID(str(a)) for a in waiting])


def _judged_by(fact: OfferingFact) -> tuple[object, ...]:
    """What exceptions are judged by (DUE-4, DUE-5)."""
    return (fact.minimum_minutes, fact.earliest_due, fact.steps)


def _evolve(fact: OfferingFact | None, event: Event) -> OfferingFact:
    if isinstance(event, Describing):
        now = _described(fact, event)
    elif fact is None:
        raise ValueError(f"offering {event.originator_id} is not known")
    else:
        now = _changed(fact, event)
    return replace(now, revision=event.originator_version)


def _described(fact: OfferingFact | None, event: Describing) -> OfferingFact:
    known = fact or OfferingFact(event.originator_id, _KINDS[type(event)], event.title)
    now = replace(
        known,
        code=event.code,
        title=event.title,
        certificate=event.certificate is not None,
        badge=event.badge,
        price=event.price,
        minimum_minutes=0 if isinstance(event, QualificationDescribed) else event.minimum_minutes,
    )
    if isinstance(event, CourseDescribed):
        return replace(now, steps=event.activities, in_order=event.in_order, access_days=event.access_days)
    if isinstance(event, QualificationDescribed):
        return replace(now, items=event.items)
    return now


def _changed(fact: OfferingFact, event: Event) -> OfferingFact:
    now = fact
    match event:
        case VersionDrafted():
            now = replace(fact, drafts={**fact.drafts, str(event.version): Draft(event.steps, event.in_order)})
        case VersionPublished():
            draft = fact.drafts[str(event.version)]
            now = replace(fact, published=event.version, steps=draft.steps, in_order=draft.in_order)
        case VersionRetired() if fact.published == event.version:
            now = replace(fact, published=None)
        case OfferingActivated() | OfferingDeactivated():
            now = replace(fact, active=isinstance(event, OfferingActivated))
        case NotificationsSwitched():
            now = replace(fact, notifications=frozenset(event.on))
        case DueDatesCombined():
            now = replace(fact, earliest_due=event.earliest)
        case DropOutsDecided():
            now = replace(fact, keep_begun=event.keep_begun)
        case CompletionReviewSwitched():
            now = replace(fact, review=event.review)
        case LearnerAccessChosen():
            now = replace(fact, access=event.access)
        case EnrolmentWindowSet():
            now = replace(fact, opens=event.opens, closes=event.closes)
        case EarlierCompletionsDecided():
            now = replace(fact, credit=event.count)
        case VisibilityChosen():
            now = replace(fact, audiences=event.audiences)
    return now
