"""The one evaluator: the only code that writes the difference between who should hold a grant and who does (DESIGN 5).

It is idempotent, therefore resumable: evaluating a learner again writes nothing. Whoever's facts, assignments or
enrollment change between reading and writing is left out by the store and stays in the queue.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import psycopg
from psycopg_pool import PoolTimeout

from services.enrollment.application.rows import decision
from services.enrollment.domain.assignments import access_days
from services.enrollment.domain.granting import Terms, settle
from services.enrollment.domain.offerings import Offering
from services.enrollment.domain.standing import Change, Enrollment, enrollment_ids
from services.enrollment.projections import facts, matching, state
from services.enrollment.projections import offerings as catalogue
from services.enrollment.projections.matching import Situation
from services.enrollment.projections.offerings import OfferingFact
from services.enrollment.projections.state import (
    AssignmentRow,
)
from shared import telemetry
from shared.database import Connection, Database, uuid_of
from shared.events import Meta
from shared.store import STREAM, SUBJECT, Alike, Encoded, Revision, Store

log = telemetry.logger(__name__)


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


def offering(fact: OfferingFact) -> Offering:
    return Offering(**{name: getattr(fact, name) for name in Offering.__dataclass_fields__})


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
    )


def judge(
    conn: Connection,
    people: Sequence[UUID],
    on: UUID | None,
    *,
    proposed: Sequence[AssignmentRow] = (),
    without: Sequence[UUID] = (),
) -> Judged:
    """What would have to change for these people, on one offering or all; the same for a preview and for the real thing."""
    situations = matching.situations(conn, people, on, proposed=proposed, without=without)
    ids = {a for one in situations for a in (*one.wanted, *(one.grants or ()))}
    assignments = state.assignments(conn, ids)
    found = catalogue.offerings(conn, {one.offering for one in situations})
    known = {id: offering(fact) for id, fact in found.items()}
    today = facts.today(conn)
    removed = {a.id for a in assignments.values() if not a.live}.union(without)
    shorter = {a.id: a.access_days for a in assignments.values() if a.access_days is not None}
    verdicts = []
    for situation in situations:
        on_offer = known.get(situation.offering)
        change = settle(
            pattern(situation),
            frozenset(situation.wanted),
            removed,
            terms(on_offer, today, shorter) if on_offer else Terms(today),
            open_for_new=on_offer is not None and on_offer.open,
            keep_begun=on_offer is None or on_offer.keep_begun,
        )
        verdicts.append(Verdict(change, situation))
    return Judged(verdicts, assignments)


def terms(on: Offering, today: date, shorter: Mapping[UUID, int]) -> Terms:
    """What grants of this offering bring with them today."""
    return Terms(today, access_days(on), shorter, on.price)


class Evaluator:
    """Brings learners in step, chunk by chunk, and works off the queue of dirty people."""

    name = "enrollment evaluator"

    def __init__(self, database: Database, store: Store, *, chunk: int, pause: float) -> None:
        self._database = database
        self._store = store
        self._chunk = chunk
        self._pause = pause

    def settle(self, people: Sequence[UUID], on: UUID | None, meta: Callable[[UUID], Meta]) -> list[UUID]:
        """Write what has to change for these people. Returns those who were overtaken and have to be judged again."""
        return self.write(self.prepare(people, on, meta))

    def prepare(self, people: Sequence[UUID], on: UUID | None, meta: Callable[[UUID], Meta]) -> list[Encoded]:
        """Judge, and encode what follows from it. Writes nothing."""
        with self._database.connection() as conn:
            judged = judge(conn, people, on)
        return [
            self._store.encode(alike)
            for verdict in judged.verdicts
            if verdict.change
            for alike in _alike(verdict, verdict.change, judged.assignments, meta)
        ]

    def write(self, prepared: Sequence[Encoded]) -> list[UUID]:
        """Returns who was overtaken."""
        return self._store.append_alike(prepared)

    def step(self) -> int:
        """Judge the next dirty people. Returns how many; those who were overtaken stay in the queue."""
        with self._database.connection() as conn:
            rows = conn.execute(
                "SELECT id, revision, meta FROM dirty WHERE open ORDER BY revision LIMIT %s", [self._chunk]
            ).fetchall()
        if not rows:
            return 0
        told = {str(meta): _by_rule(Meta.model_validate_json(str(meta))) for meta in {meta for _, _, meta in rows}}
        causes = {uuid_of(id): told[str(meta)] for id, _, meta in rows}
        overtaken = set(self.settle(list(causes), None, causes.__getitem__))
        done = [(uuid_of(id), int(str(revision))) for id, revision, _ in rows if id not in overtaken]
        with self._database.transaction() as conn:
            self._clear(conn, done)
        return len(rows)

    def _clear(self, conn: Connection, done: Sequence[tuple[UUID, int]]) -> None:
        """Take people off the queue, only at the revision that was read: who was marked again meanwhile stays."""
        conn.execute(
            "UPDATE dirty d SET open = false FROM unnest(%s::uuid[], %s::bigint[]) AS done (id, revision) "
            "WHERE d.id = done.id AND d.revision = done.revision",
            [[id for id, _ in done], [revision for _, revision in done]],
        )

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                if not self.step():
                    stop.wait(self._pause)
            except (psycopg.OperationalError, PoolTimeout):
                log.warning("evaluation was interrupted; trying again")
                stop.wait(self._pause)


def _by_rule(cause: Meta) -> Meta:
    return cause.model_copy(update={"reason_code": "rule"})


def _alike(
    verdict: Verdict, change: Change, assignments: Mapping[UUID, AssignmentRow], meta: Callable[[UUID], Meta]
) -> Iterator[Alike]:
    """By what caused it. The person's place in the queue stands for all facts about the person; assignments have revisions."""
    touched = (change.after.grants ^ change.before.grants) & assignments.keys()
    relied_on = tuple(Revision("assignment", id, assignments[id].revision) for id in sorted(touched))
    of: dict[int, tuple[Meta, list[int]]] = {}
    for place, person in enumerate(verdict.situation.people):
        cause = meta(person)
        of.setdefault(id(cause), (cause, []))[1].append(place)
    streams, people, dirty = verdict.enrollments, verdict.situation.people, verdict.situation.dirty
    for cause, places in of.values():
        yield Alike(
            decision(change, cause, relied_on),
            [streams[i] for i in places],
            [people[i] for i in places],
            "dirty",
            [dirty[i] for i in places],
        )
