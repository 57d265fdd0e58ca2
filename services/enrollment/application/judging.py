"""What would have to change for learners, by the facts of one moment: the same for a preview and for the real thing."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import TypedDict
from uuid import UUID

from services.enrollment.domain.assignments import access_days
from services.enrollment.domain.due_dates import NOT_DUE, Deadline, Due, due, never_met
from services.enrollment.domain.enrollment import Enrollment, enrollment_ids
from services.enrollment.domain.granting import settle
from services.enrollment.domain.offerings import Offering
from services.enrollment.domain.standing import Change
from services.enrollment.domain.terms import Terms
from services.enrollment.projections import achieved, facts, matching, organisations, state
from services.enrollment.projections import offerings as catalogue
from services.enrollment.projections.matching import Situation
from services.enrollment.projections.offerings import OfferingFact
from services.enrollment.projections.state import (
    AssignmentRow,
)
from shared.contracts.enrollment import DueRule, ExceptionState, Hold
from shared.database import Connection
from shared.store import STREAM, SUBJECT


@dataclass(frozen=True)
class Verdict:
    """What is decided for people who stand alike: once, for the pattern. `change` None: nothing."""

    change: Change | None
    situation: Situation

    @property
    def enrollments(self) -> Sequence[UUID]:
        if self.situation.revision is not None:
            return self.situation.enrollments
        return enrollment_ids(self.situation.people, self.situation.offering)


@dataclass(frozen=True)
class Judged:
    """What one look at the facts found for some learners, and the assignments that it relied on."""

    verdicts: Sequence[Verdict]
    assignments: Mapping[UUID, AssignmentRow]
    sharing: frozenset[UUID] = frozenset()
    """The certifications among them that share a course with another one: of those one decision at a time (DUE-5)."""


def offering(fact: OfferingFact, minutes_of_courses: int = 0) -> Offering:
    """As the rules know it."""
    known = {name: getattr(fact, name) for name in Offering.__dataclass_fields__}
    return Offering(**known | ({"minimum_minutes": minutes_of_courses} if fact.minimum_minutes is None else {}))


def pattern(situation: Situation) -> Enrollment:
    """The standing of everybody in this situation."""
    if situation.revision is None:
        return Enrollment(STREAM, SUBJECT, situation.offering)
    return Enrollment(
        id=STREAM,
        person=SUBJECT,
        offering=situation.offering,
        version=situation.revision,
        term=situation.term,
        live=situation.live,
        begun=situation.begun,
        sourceless=situation.sourceless,
        steps=frozenset(situation.steps),
        completed_version=situation.completed_version,
        completed_at=situation.completed_at,
        ended=situation.ended,
        launched=situation.launched,
        submitted=situation.submitted,
        rejection=situation.rejection,
        payment=situation.payment,
        access_until=situation.access_until,
        valid_until=situation.valid_until,
        serial=situation.serial,
        revoked=situation.revoked,
        grants=frozenset(situation.grants),
        access={grant: day for grant, day in zip(situation.grants, situation.access, strict=True) if day},
        exclusions=frozenset(situation.exclusions),
        due=Deadline(situation.due, situation.due_at) if situation.due else None,
        due_by_hand=situation.due_by_hand,
        via=situation.via,
        **holding(situation.waiting),
    )


class Holding(TypedDict):
    """What of an enrollment is in one column of its row."""

    holds: dict[UUID, Hold]
    refused: frozenset[UUID]
    exception: ExceptionState | None
    raised: int | None


def holding(text: str | None) -> Holding:
    """The assignments that wait, and those that were refused."""
    told = state.Waiting.model_validate_json(text) if text else state.Waiting(exception=None, raised=None, holds=[])
    return {
        "holds": {
            h.assignment_id: Hold(assignment_id=h.assignment_id, since=h.since, cause=h.cause) for h in told.holds
        },
        "refused": frozenset(hold.assignment_id for hold in told.holds if hold.refused),
        "exception": told.exception,
        "raised": told.raised,
    }


def judge(
    conn: Connection,
    people: Sequence[UUID],
    on: UUID | None,
    *,
    proposed: Sequence[AssignmentRow] = (),
    without: Sequence[UUID] = (),
    undone: Sequence[UUID] = (),
    applied: Sequence[UUID] = (),
    aside: Collection[UUID] = (),
) -> Judged:
    """What would have to change for these people, on one offering or all; the same for a preview and for the real thing.

    What the assignments `undone` hold is taken back; the triggers `applied` act on everybody who fulfils their condition. What the
    assignments `aside` hold stays as it is, as for those that were set aside since they crash (OPS-8).
    """
    aside = state.set_aside(conn).union(aside).difference(undone, without)
    situations = matching.situations(
        conn, people, on, proposed=proposed, without=[*without, *aside], undone=undone, applied=applied
    )
    ids = {a for one in situations for a in (*one.wanted, *(one.grants or ()))}
    assignments = state.assignments(conn, ids)
    known = offerings(conn, {one.offering for one in situations})
    now = facts.now(conn)
    removed = {a.id for a in assignments.values() if not a.live and not a.undone}.union(without)
    reversed_ = frozenset(undone).union(a.id for a in assignments.values() if a.undone)
    shorter = {a.id: a.access_days for a in (*assignments.values(), *proposed) if a.access_days is not None}
    bring: dict[tuple[UUID, int | None, str | None], Terms] = {}
    verdicts = []
    for situation, done in _apart(conn, situations, known):
        if aside and not aside.isdisjoint(holding(situation.waiting)["holds"]):
            continue
        on_offer = known.get(situation.offering)
        key = (situation.offering, situation.days, situation.zone)
        if key not in bring:
            bring[key] = terms(on_offer, now, shorter, situation.days, organisations.zone(situation.zone))
        given = bring[key]
        change = settle(
            pattern(situation),
            wanted(situation, aside),
            removed,
            replace(given, others=tuple(situation.others or ()), done=done) if situation.others or done else given,
            open_for_new=on_offer is not None and on_offer.open,
            keep_begun=on_offer is None or on_offer.keep_begun,
            undone=reversed_,
        )
        verdicts.append(Verdict(change, situation))
    certifications = [id for id, on_offer in known.items() if on_offer.kind == "certification"]
    sharing = catalogue.sharing(conn, certifications) if certifications else frozenset()
    return Judged(verdicts, assignments, sharing)


def _apart(
    conn: Connection, situations: Iterable[Situation], known: Mapping[UUID, Offering]
) -> Iterator[tuple[Situation, bool]]:
    """Those apart who complete at once: on a certification whose courses they have all completed, where that counts (ENR-8)."""
    for situation in situations:
        on_offer = known.get(situation.offering)
        done = achieved.all_courses(conn, on_offer.id, situation.people) if on_offer and on_offer.credit else set()
        for one in (True, False):
            places = [n for n, person in enumerate(situation.people) if (person in done) is one]
            if places:
                yield situation if len(places) == len(situation.people) else situation.only(places), one


def offerings(conn: Connection, ids: Iterable[UUID]) -> dict[UUID, Offering]:
    """As the rules know them, with the minimum time of certifications that say nothing else (CAT-2)."""
    found = catalogue.offerings(conn, ids)
    sums = catalogue.minutes_of_courses(conn, [id for id, fact in found.items() if fact.minimum_minutes is None])
    return {id: offering(fact, sums.get(id, 0)) for id, fact in found.items()}


def flagged(conn: Connection, on: Offering | None, rule: DueRule | None) -> list[str]:
    """What is to be said of a due rule when it is saved or previewed: that it can never be met (DUE-4)."""
    if on is None or rule is None:
        return []
    never = never_met(rule, facts.now(conn), on.minimum_minutes, organisations.zones(conn))
    return [never] if never else []


def wanted(situation: Situation, aside: Collection[UUID] = ()) -> dict[UUID, Due]:
    """The assignments that want to hold these people, and by when; with those `aside` that do hold them."""
    texts = situation.dues or [None] * len(situation.wanted)
    found = {assignment: due(text) for assignment, text in zip(situation.wanted, texts, strict=True)}
    return found | {assignment: NOT_DUE for assignment in aside if assignment in (situation.grants or ())}


def terms(
    on: Offering | None, now: datetime, shorter: Mapping[UUID, int], of_organisation: int | None, zone: tzinfo
) -> Terms:
    """What grants of this offering bring with them now, to learners whose home organisation gives so many days of access."""
    if on is None:
        return Terms(now, now.date(), zone=zone)
    days = access_days(on, of_organisation)
    return Terms(now, now.date(), days, shorter, on.price, on.minimum_minutes, on.earliest_due, zone=zone)
