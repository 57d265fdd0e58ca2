"""What would have to change for learners, by the facts of one moment: the same for a preview and for the real thing."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from uuid import UUID

from services.enrollment.application.evaluation.state_rows import to_state
from services.enrollment.domain.assignments import access_days
from services.enrollment.domain.due_dates import NOT_DUE, Due, due, never_met
from services.enrollment.domain.enrollment import Enrollment
from services.enrollment.domain.enrollment_ids import enrollment_ids
from services.enrollment.domain.grants import reconcile
from services.enrollment.domain.offerings import Offering
from services.enrollment.domain.terms import Terms
from services.enrollment.domain.transitions import Transition
from services.enrollment.projections import credits, facts, matching, organisations, tables
from services.enrollment.projections import offerings as offering_rows
from services.enrollment.projections.matching import Cohort
from services.enrollment.projections.offerings import OfferingFact
from services.enrollment.projections.tables import (
    AssignmentRow,
)
from shared.contracts.enrollment import DueRule
from shared.database import Connection
from shared.store import STREAM, SUBJECT


@dataclass(frozen=True)
class CohortEvaluation:
    """What is decided for people who stand alike: once, for the pattern. `change` None: nothing."""

    change: Transition | None
    cohort: Cohort

    @property
    def enrollments(self) -> Sequence[UUID]:
        if self.cohort.revision is not None:
            return self.cohort.enrollments
        return enrollment_ids(self.cohort.people, self.cohort.offering)


@dataclass(frozen=True)
class Evaluation:
    """What one look at the facts found for some learners, and the assignments that it relied on."""

    verdicts: Sequence[CohortEvaluation]
    assignments: Mapping[UUID, AssignmentRow]
    sharing: frozenset[UUID] = frozenset()
    """The certifications among them that share a course with another one: of those one decision at a time (DUE-5)."""


def offering(fact: OfferingFact, minutes_of_courses: int = 0) -> Offering:
    """As the rules know it."""
    known = {name: getattr(fact, name) for name in Offering.__dataclass_fields__}
    return Offering(**known | ({"minimum_minutes": minutes_of_courses} if fact.minimum_minutes is None else {}))


def prototype(cohort: Cohort) -> Enrollment:
    """The one enrollment that stands for those of everybody in this cohort."""
    if cohort.standing is None:
        return Enrollment(STREAM, SUBJECT, cohort.offering)
    access = {grant: day for grant, day in zip(cohort.grants, cohort.access, strict=True) if day}
    return to_state(cohort.standing, cohort.grants, cohort.exclusions, access=access)


def evaluate(
    conn: Connection,
    people: Sequence[UUID],
    offering: UUID | None,
    *,
    proposed: Sequence[AssignmentRow] = (),
    without: Sequence[UUID] = (),
    undone: Sequence[UUID] = (),
    applied: Sequence[UUID] = (),
    aside: Collection[UUID] = (),
) -> Evaluation:
    """What would have to change for these people, on one offering or all; the same for a preview and for the real thing.

    What the assignments `undone` hold is taken back; the triggers `applied` act on everybody who fulfils their condition. What the
    assignments `aside` hold stays as it is, as for those that were set aside since they crash (OPS-8).
    """
    aside = tables.set_aside(conn).union(aside).difference(undone, without)
    cohorts = matching.cohorts(
        conn, people, offering, proposed=proposed, without=[*without, *aside], undone=undone, applied=applied
    )
    ids = {a for one in cohorts for a in (*one.wanted, *(one.grants or ()))}
    assignments = tables.assignments(conn, ids)
    known = offerings(conn, {one.offering for one in cohorts})
    now = facts.now(conn)
    removed = {a.id for a in assignments.values() if not a.live and not a.undone}.union(without)
    reversed_ = frozenset(undone).union(a.id for a in assignments.values() if a.undone)
    shorter = {a.id: a.access_days for a in (*assignments.values(), *proposed) if a.access_days is not None}
    bring: dict[tuple[UUID, int | None, str | None], Terms] = {}
    verdicts = []
    for cohort, done in _apart(conn, cohorts, known):
        if aside and not aside.isdisjoint(prototype(cohort).holds):
            continue
        on_offer = known.get(cohort.offering)
        key = (cohort.offering, cohort.days, cohort.zone)
        if key not in bring:
            bring[key] = terms(
                on_offer, now, shorter, of_organisation=cohort.days, zone=organisations.zone(cohort.zone)
            )
        given = bring[key]
        change = reconcile(
            prototype(cohort),
            wanted(cohort, aside),
            removed,
            replace(given, others=tuple(cohort.others or ()), done=done) if cohort.others or done else given,
            open_for_new=on_offer is not None and on_offer.open,
            keep_begun=on_offer is None or on_offer.keep_begun,
            undone=reversed_,
        )
        verdicts.append(CohortEvaluation(change, cohort))
    certifications = [id for id, on_offer in known.items() if on_offer.kind == "certification"]
    sharing = offering_rows.sharing(conn, certifications) if certifications else frozenset()
    return Evaluation(verdicts, assignments, sharing)


def _apart(
    conn: Connection, cohorts: Iterable[Cohort], offerings: Mapping[UUID, Offering]
) -> Iterator[tuple[Cohort, bool]]:
    """Those apart who complete at once: on a certification whose courses they have all completed, where that counts (ENR-8)."""
    for cohort in cohorts:
        on_offer = offerings.get(cohort.offering)
        done = credits.all_courses(conn, on_offer.id, cohort.people) if on_offer and on_offer.credit else set()
        for one in (True, False):
            places = [n for n, person in enumerate(cohort.people) if (person in done) is one]
            if places:
                yield cohort if len(places) == len(cohort.people) else cohort.only(places), one


def offerings(conn: Connection, ids: Iterable[UUID]) -> dict[UUID, Offering]:
    """As the rules know them, with the minimum time of certifications that say nothing else (CAT-2)."""
    found = offering_rows.offerings(conn, ids)
    sums = offering_rows.minutes_of_courses(conn, [id for id, fact in found.items() if fact.minimum_minutes is None])
    return {id: offering(fact, sums.get(id, 0)) for id, fact in found.items()}


def flagged(conn: Connection, offering: Offering | None, rule: DueRule | None) -> list[str]:
    """What is to be said of a due rule when it is saved or previewed: that it can never be met (DUE-4)."""
    if offering is None or rule is None:
        return []
    never = never_met(rule, facts.now(conn), offering.minimum_minutes, organisations.zones(conn))
    return [never] if never else []


def wanted(cohort: Cohort, aside: Collection[UUID] = ()) -> dict[UUID, Due]:
    """The assignments that want to hold these people, and by when; with those `aside` that do hold them."""
    texts = cohort.dues or [None] * len(cohort.wanted)
    found = {assignment: due(text) for assignment, text in zip(cohort.wanted, texts, strict=True)}
    return found | {assignment: NOT_DUE for assignment in aside if assignment in (cohort.grants or ())}


def terms(
    offering: Offering | None, now: datetime, shorter: Mapping[UUID, int], *, of_organisation: int | None, zone: tzinfo
) -> Terms:
    """What grants of this offering bring with them now, to learners whose home organisation gives so many days of access."""
    if offering is None:
        return Terms(now, now.date(), zone=zone)
    days = access_days(offering, of_organisation)
    return Terms(
        now,
        now.date(),
        days=days,
        shorter=shorter,
        price=offering.price,
        minimum_minutes=offering.minimum_minutes,
        earliest=offering.earliest_due,
        zone=zone,
    )
