"""The one evaluator: the only code that writes the difference between who should hold a grant and who does (DESIGN 5).

It is idempotent, therefore resumable: evaluating a learner again writes nothing. Whoever's facts, assignments or
enrollment change between reading and writing is left out by the store and stays in the queue.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.enrollment.application.failing import PERSON, WORKER, FailingPeople
from services.enrollment.application.firing import fire
from services.enrollment.application.judging import Judged, Verdict, judge
from services.enrollment.application.rows import decision
from services.enrollment.domain.standing import Change
from services.enrollment.projections import facts
from services.enrollment.projections.state import MOVED_PLACE, PLACE
from shared.database import Connection, Database, keep_stepping, uuid_of
from shared.events import Meta
from shared.set_aside import SetAsideRow, isolate, passing
from shared.store import SUBJECT, Alike, Decision, Encoded, Revision, Row, Store

_TRIES = 5


@dataclass(frozen=True)
class Prepared:
    """What is to be written; whose term is over by it, and whose completion does not stand any more."""

    encoded: Sequence[Encoded] = ()
    ended: Sequence[UUID] = ()
    reopened: Sequence[UUID] = ()


class Evaluator:
    """Brings learners in step, chunk by chunk, and works off the queue of dirty people."""

    name = WORKER

    def __init__(
        self,
        database: Database,
        store: Store,
        *,
        chunk: int,
        pause: float,
        breaks: Callable[[Collection[UUID]], bool] = lambda _: False,
        aside_limit: int = 100,
    ) -> None:
        """`breaks` looks at the feeds' changes that are next, and tells whether the queue is another one then (ASG-21).

        A rule of which more than `aside_limit` people crash is set aside itself (OPS-8).
        """
        self._database = database
        self._store = store
        self._chunk = chunk
        self._pause = pause
        self._breaks = breaks
        self._failing = FailingPeople(database, aside_limit)

    def settle(self, people: Sequence[UUID], on: UUID | None, meta: Callable[[UUID], Meta]) -> list[UUID]:
        """Write what has to change for these people. Returns those who were overtaken and have to be judged again."""
        return self.write(self.prepare(people, on, meta))

    def prepare(
        self,
        people: Sequence[UUID],
        on: UUID | None,
        meta: Callable[[UUID], Meta],
        undone: Sequence[UUID] = (),
        aside: Collection[UUID] = (),
    ) -> "Prepared":
        """Judge, and encode what follows from it. Writes nothing. What the rules `aside` hold stays as it is."""
        with self._database.connection() as conn:
            judged = judge(conn, people, on, undone=undone, aside=aside)
            mark = _next_mark(conn) if judged.sharing else 0
        encoded, ended, reopened = [], [], []
        for verdict in judged.verdicts:
            if verdict.change:
                encoded += [self._store.encode(a) for a in _alike(verdict, verdict.change, judged, mark, meta)]
                if verdict.change.before.live and not verdict.change.after.live:
                    ended += verdict.situation.people
                if verdict.change.before.completed_at != verdict.change.after.completed_at:
                    reopened += verdict.situation.people
        return Prepared(encoded, ended, reopened)

    def write(self, prepared: "Prepared") -> list[UUID]:
        """Returns who was overtaken.

        Whose term is over may have been waiting elsewhere because of it (DUE-5); a trigger may follow what was completed (TRG-1).
        """
        overtaken = self._store.append_alike(prepared.encoded)
        if prepared.ended or prepared.reopened:
            with self._database.transaction() as conn:
                facts.mark_waiting(conn, prepared.encoded[0].decision.meta, prepared.ended)
                facts.mark(conn, prepared.reopened, prepared.encoded[0].decision.meta)
        return overtaken

    def fire(self, people: Sequence[UUID], meta: Callable[[UUID], Meta], applied: Sequence[UUID] = ()) -> list[UUID]:
        """Let the triggers follow what is so of these people now. Returns those who were overtaken."""
        return fire(self._database, self._store, people, meta, applied)

    def now(self, person: UUID, on: UUID, meta: Meta) -> None:
        """Bring one learner in step who waits for the answer. Whoever is overtaken time and again stays in the queue."""
        for _ in range(_TRIES):
            if not self.settle([person], on, lambda _: meta):
                return

    def step(self) -> int:
        """Judge the next dirty people. Returns how many; those who were overtaken stay in the queue."""
        with self._database.connection() as conn:
            rows = conn.execute(
                "SELECT id, revision, meta, batch FROM dirty WHERE open ORDER BY revision LIMIT %s", [self._chunk]
            ).fetchall()
        if self._breaks({uuid_of(batch) for *_, batch in rows if batch}):
            return 1
        if not rows:
            return 0
        told = {str(meta): _by_rule(Meta.model_validate_json(str(meta))) for meta in {row[2] for row in rows}}
        causes = {uuid_of(id): told[str(meta)] for id, _, meta, _ in rows}
        overtaken, crashed = set[UUID](), set[UUID]()

        def alone(person: UUID, error: Exception) -> None:
            crashed.add(person)
            overtaken.update(self._without_what_crashes(person, causes[person], error))

        isolate(list(causes), lambda part: overtaken.update(self._bring(part, causes.__getitem__)), alone)
        done = [(uuid_of(id), int(str(revision))) for id, revision, *_ in rows if id not in overtaken]
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
            "UPDATE dirty d SET open = false, batch = NULL FROM unnest(%s::uuid[], %s::bigint[]) AS done (id, revision) "
            "WHERE d.id = done.id AND d.revision = done.revision",
            [[id for id, _ in done], [revision for _, revision in done]],
        )

    def run(self, stop: threading.Event) -> None:
        keep_stepping(stop, self.step, self._pause, worker=self.name)


def _by_rule(cause: Meta) -> Meta:
    return cause.model_copy(update={"reason_code": "rule"})


def _next_mark(conn: Connection) -> int:
    row = conn.execute("SELECT nextval('dirty_revision')").fetchone()
    return int(str(row[0])) if row else 0


def _alike(
    verdict: Verdict, change: Change, judged: Judged, mark: int, meta: Callable[[UUID], Meta]
) -> Iterator[Alike]:
    """By what caused it. The person's place in the queue stands for all facts about the person; assignments have revisions.

    Who comes to a certification that shares a course with another one gets the revision `mark`: whoever decides about the other one
    at the same moment is overtaken, and judges again (DUE-5).
    """
    known = judged.assignments
    touched = (change.after.grants ^ change.before.grants | change.after.holds.keys()) & known.keys()
    relied_on = tuple(Revision("assignment", id, known[id].revision) for id in sorted(touched))
    marks = verdict.situation.offering in judged.sharing and change.after.term > change.before.term
    of: dict[int, tuple[Meta, list[int]]] = {}
    for place, person in enumerate(verdict.situation.people):
        cause = meta(person)
        of.setdefault(id(cause), (cause, []))[1].append(place)
    streams, people, dirty = verdict.enrollments, verdict.situation.people, verdict.situation.dirty
    for cause, of_cause in of.values():
        for places, beside in _places(of_cause, dirty, cause, mark) if marks else ((of_cause, None),):
            decided = decision(change, cause, relied_on)
            yield Alike(
                decided.together(beside) if beside else decided,
                [streams[i] for i in places],
                [people[i] for i in places],
                "dirty",
                [dirty[i] for i in places],
            )


def _places(
    of: Sequence[int], dirty: Sequence[int], cause: Meta, mark: int
) -> Iterator[tuple[Sequence[int], Decision]]:
    """Those without a place in the queue get one, closed; of the others it moves on."""
    if fresh := [i for i in of if not dirty[i]]:
        yield fresh, Decision((), cause, new=(Row(PLACE, (SUBJECT, mark, cause.encode(), False)),))
    if there := [i for i in of if dirty[i]]:
        yield there, Decision((), cause, changed=(Row(MOVED_PLACE, (SUBJECT, mark)),))
