"""The one evaluator: the only code that writes the difference between who should hold a grant and who does (DESIGN 5).

It is idempotent, therefore resumable: evaluating a learner again writes nothing. Whoever's facts, assignments or
enrollment change between reading and writing is left out by the store and stays in the queue.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from services.enrollment.application.evaluation.evaluate import CohortEvaluation, Evaluation, evaluate
from services.enrollment.application.evaluation.isolation import PERSON, WORKER, FailingPeople
from services.enrollment.application.evaluation.state_rows import decision
from services.enrollment.application.evaluation.trigger_firing import fire
from services.enrollment.domain.transitions import Transition
from services.enrollment.projections import facts
from services.enrollment.projections.tables import MOVED_PLACE, QUEUE_ENTRY
from shared.database import Connection, Database, fetch, keep_stepping, scalar
from shared.events import Meta
from shared.set_aside import SetAsideRow, isolate, passing
from shared.store import SUBJECT, CohortDecision, Decision, Encoded, Revision, Row, Store

_TRIES = 5


@dataclass(frozen=True)
class Prepared:
    """What is to be written; whose term is over by it, and whose completion does not stand any more."""

    encoded: Sequence[Encoded] = ()
    ended: Sequence[UUID] = ()
    reopened: Sequence[UUID] = ()


class _Queued(NamedTuple):
    """A person's place in the queue."""

    id: UUID
    revision: int
    meta: str
    """Why, as JSON."""
    batch: UUID | None


class Evaluator:
    """Brings learners in step, chunk by chunk, and works off the evaluation queue."""

    name = WORKER

    def __init__(
        self,
        database: Database,
        store: Store,
        *,
        chunk: int,
        pause: float,
        breaks: Callable[[Collection[UUID]], bool] = lambda _: False,
        set_aside_limit: int = 100,
    ) -> None:
        """`breaks` looks at the feeds' changes that are next, and tells whether the queue is another one then (ASG-21).

        A rule of which more than `set_aside_limit` people crash is set aside itself (OPS-8).
        """
        self._database = database
        self._store = store
        self._chunk = chunk
        self._pause = pause
        self._breaks = breaks
        self._failing = FailingPeople(database, set_aside_limit)

    def settle(self, people: Sequence[UUID], offering: UUID | None, meta: Callable[[UUID], Meta]) -> list[UUID]:
        """Write what has to change for these people. Returns those who were overtaken and have to be judged again."""
        return self.write(self.prepare(people, offering, meta))

    def prepare(
        self,
        people: Sequence[UUID],
        offering: UUID | None,
        meta: Callable[[UUID], Meta],
        undone: Sequence[UUID] = (),
        aside: Collection[UUID] = (),
    ) -> "Prepared":
        """Judge, and encode what follows from it. Writes nothing. What the rules `aside` hold stays as it is."""
        with self._database.connection() as conn:
            judged = evaluate(conn, people, offering, undone=undone, aside=aside)
            mark = scalar(conn, "SELECT nextval('dirty_revision')", int) if judged.sharing else 0
        encoded, ended, reopened = [], [], []
        for verdict in judged.verdicts:
            if verdict.change:
                encoded += [self._store.encode(a) for a in _alike(verdict, verdict.change, judged, mark, meta)]
                if verdict.change.before.live and not verdict.change.after.live:
                    ended += verdict.cohort.people
                if verdict.change.before.completed_at != verdict.change.after.completed_at:
                    reopened += verdict.cohort.people
        return Prepared(encoded, ended, reopened)

    def write(self, prepared: "Prepared") -> list[UUID]:
        """Returns who was overtaken.

        Whose term is over may have been waiting elsewhere because of it (DUE-5); a trigger may follow what was completed (TRG-1).
        """
        overtaken = self._store.append_cohorts(prepared.encoded)
        if prepared.ended or prepared.reopened:
            with self._database.transaction() as conn:
                facts.enqueue_waiting(conn, prepared.encoded[0].decision.meta, prepared.ended)
                facts.enqueue(conn, prepared.reopened, prepared.encoded[0].decision.meta)
        return overtaken

    def fire(self, people: Sequence[UUID], meta: Callable[[UUID], Meta], applied: Sequence[UUID] = ()) -> list[UUID]:
        """Let the triggers follow what is so of these people now. Returns those who were overtaken."""
        return fire(self._database, self._store, people, meta, applied)

    def now(self, person: UUID, offering: UUID, meta: Meta) -> None:
        """Bring one learner in step who waits for the answer. Whoever is overtaken time and again stays in the queue."""
        for _ in range(_TRIES):
            if not self.settle([person], offering, lambda _: meta):
                return

    def step(self) -> int:
        """Judge the next people in the queue. Returns how many; those who were overtaken stay in the queue."""
        with self._database.connection() as conn:
            query = "SELECT id, revision, meta, batch FROM evaluation_queue WHERE open ORDER BY revision LIMIT %s"
            rows = fetch(conn, _Queued, query, [self._chunk])
        if self._breaks({row.batch for row in rows if row.batch}):
            return 1
        if not rows:
            return 0
        read = {text: _by_rule(Meta.model_validate_json(text)) for text in {row.meta for row in rows}}
        causes = {row.id: read[row.meta] for row in rows}
        overtaken, crashed = set[UUID](), set[UUID]()

        def alone(person: UUID, error: Exception) -> None:
            crashed.add(person)
            overtaken.update(self._without_what_crashes(person, causes[person], error))

        isolate(list(causes), lambda part: overtaken.update(self._bring(part, causes.__getitem__)), alone)
        done = [(row.id, row.revision) for row in rows if row.id not in overtaken]
        with self._database.transaction() as conn:
            self._clear(conn, done)
            self._failing.settled(conn, [id for id, _ in done if id not in crashed])
        return len(rows)

    def _bring(self, people: Sequence[UUID], meta: Callable[[UUID], Meta]) -> set[UUID]:
        """Triggers first, then grants. Returns those who were overtaken."""
        overtaken = set(self.fire(people, meta))
        return overtaken | set(self.settle([id for id in people if id not in overtaken], None, meta))

    def _without_what_crashes(self, person: UUID, meta: Meta, error: Exception) -> set[UUID]:
        """This person crashes alone: is set aside with the rules that it is about, and follows all the others."""
        rules = self._failing.add(person, error)
        if not rules:
            return set()
        try:
            return set(self.write(self.prepare([person], None, lambda _: meta, aside=rules)))
        except Exception as other:
            if passing(other):
                raise
            return set()

    def retry(self, row: SetAsideRow, meta: Meta) -> None:
        """A person is brought in step now; a rule that was set aside is carried to everybody again. Raises what crashes again."""
        if row.kind == PERSON:
            self._bring([row.subject], lambda _: meta)
            return
        with self._database.transaction() as conn:
            self._failing.lift(conn, row, meta)

    def drop(self, conn: Connection, row: SetAsideRow) -> None:
        """Whoever, or whatever, it is: looked at again at the next change that concerns it."""

    def _clear(self, conn: Connection, done: Sequence[tuple[UUID, int]]) -> None:
        """Take people off the queue, only at the revision that was read: who was marked again meanwhile stays."""
        conn.execute(
            "UPDATE evaluation_queue d SET open = false, batch = NULL FROM unnest(%s::uuid[], %s::bigint[]) AS done (id, revision) "
            "WHERE d.id = done.id AND d.revision = done.revision",
            [[id for id, _ in done], [revision for _, revision in done]],
        )

    def run(self, stop: threading.Event) -> None:
        keep_stepping(stop, self.step, self._pause, worker=self.name)


def _by_rule(cause: Meta) -> Meta:
    return cause.model_copy(update={"reason_code": "rule"})


def _alike(
    verdict: CohortEvaluation, change: Transition, judged: Evaluation, mark: int, meta: Callable[[UUID], Meta]
) -> Iterator[CohortDecision]:
    """By what caused it. The person's place in the queue stands for all facts about the person; assignments have revisions.

    Who comes to a certification that shares a course with another one gets the revision `mark`: whoever decides about the other one
    at the same moment is overtaken, and judges again (DUE-5).
    """
    known = judged.assignments
    touched = (change.after.grants ^ change.before.grants | change.after.holds.keys()) & known.keys()
    preconditions = tuple(Revision("assignment", id, known[id].revision) for id in sorted(touched))
    marks = verdict.cohort.offering in judged.sharing and change.after.term > change.before.term
    of: dict[int, tuple[Meta, list[int]]] = {}
    for place, person in enumerate(verdict.cohort.people):
        cause = meta(person)
        of.setdefault(id(cause), (cause, []))[1].append(place)
    streams, people, queued = verdict.enrollments, verdict.cohort.people, verdict.cohort.queued
    for cause, of_cause in of.values():
        for places, beside in _places(of_cause, queued, cause, mark) if marks else ((of_cause, None),):
            decided = decision(change, cause, preconditions)
            yield CohortDecision(
                decision=decided.together(beside) if beside else decided,
                streams=[streams[i] for i in places],
                subjects=[people[i] for i in places],
                depends_on=QUEUE_ENTRY.name,
                revisions=[queued[i] for i in places],
            )


def _places(
    places: Sequence[int], queued: Sequence[int], cause: Meta, mark: int
) -> Iterator[tuple[Sequence[int], Decision]]:
    """Those without a place in the queue get one, closed; of the others it moves on."""
    if fresh := [i for i in places if not queued[i]]:
        yield fresh, Decision((), cause, inserted=(Row(QUEUE_ENTRY, (SUBJECT, mark, cause.encode(), False)),))
    if there := [i for i in places if queued[i]]:
        yield there, Decision((), cause, updated=(Row(MOVED_PLACE, (SUBJECT, mark)),))
