"""The circuit breaker: a change from a feed that would add or withdraw too many learners waits for an administrator (ASG-21)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.enrollment.application.evaluation.evaluate import CohortEvaluation, evaluate
from services.enrollment.application.ledger import Enrollments
from services.enrollment.projections import held_changes
from services.enrollment.projections.held_changes import OfferingChange, Seen
from shared import telemetry
from shared.contracts.enrollment import ChangeHeld, ChangeReleased
from shared.database import Connection
from shared.errors import NotFound
from shared.events import SYSTEM, Meta
from shared.set_aside import isolate, where
from shared.store import CommandContext, Decision, Receipt, command
from shared.texts import Texts

log = telemetry.logger(__name__)


@dataclass(frozen=True)
class Limits:
    """More learners than `learners`, or more than the `share` of all active people, are too many; fewer than `least` never are."""

    learners: int
    share: float
    least: int

    def exceeded(self, learners: int, people: int) -> bool:
        return learners >= self.least and (learners > self.learners or learners > self.share * people)


class CircuitBreaker:
    """Looks at large changes before the evaluator does, as a whole: with the same judgement, and writing nothing."""

    def __init__(self, ledger: Enrollments, limits: Limits, chunk: int) -> None:
        self._ledger = ledger
        self._limits = limits
        self._chunk = chunk

    def breaks(self, batches: Collection[UUID]) -> bool:
        """Whether the queue is another one now: a change was held, or one that is complete was let through."""
        with self._ledger.database.connection() as conn:
            found = held_changes.to_judge(conn, sorted(batches), self._limits.least)
        for batch in found:
            self._judge(batch)
        return bool(found)

    def _judge(self, batch: UUID) -> None:
        with self._ledger.database.transaction(snapshot=True) as conn:
            before = held_changes.seen(conn, batch)
            offerings, last = self._count(conn, batch, before.judged)
            active = held_changes.active_people(conn)
        now = Seen(
            enrolled=before.enrolled + sum(one.enrolled for one in offerings),
            withdrawn=before.withdrawn + sum(one.withdrawn for one in offerings),
            judged=last,
        )
        if not any(self._limits.exceeded(learners, active) for learners in (now.enrolled, now.withdrawn)):
            with self._ledger.database.transaction() as conn:
                held_changes.passed(conn, batch, now)
            return
        version = len(list(self._ledger.events.get(batch))) + 1
        event = ChangeHeld(
            originator_id=batch, originator_version=version, enrolled=now.enrolled, withdrawn=now.withdrawn
        )
        meta = Meta(actor=SYSTEM, reason_code="rule", correlation=batch)

        def hold(conn: Connection) -> None:
            held_changes.held(conn, batch, now, offerings)

        self._ledger.store.append([Decision((event,), meta)], also=hold)

    def _count(self, conn: Connection, batch: UUID, after: int) -> tuple[list[OfferingChange], int]:
        """What would become of the people of a batch, by offering; and the last place in the queue that was looked at."""
        counts: dict[UUID, OfferingChange] = {}
        last = after
        for part in held_changes.waiting(conn, batch, after, self._chunk):
            last = part[-1].revision
            for verdict in self._verdicts(conn, [place.id for place in part]):
                if (change := verdict.change) is None:
                    continue
                offering, many = verdict.cohort.offering, len(verdict.cohort.people)
                count = counts.setdefault(offering, OfferingChange(offering_id=offering))
                count.enrolled += many * (change.after.term > change.before.term)
                left = not change.after.live or (change.after.unsourced and not change.before.unsourced)
                count.withdrawn += many * (change.before.live and left)
                count.held_by_exceptions += many * (len(change.after.waiting) > len(change.before.waiting))
        return sorted(counts.values(), key=lambda one: one.offering_id), last

    def _verdicts(self, conn: Connection, people: Sequence[UUID]) -> list[CohortEvaluation]:
        """Whoever crashes alone counts as nothing here: the evaluator sets such people aside."""
        found: list[CohortEvaluation] = []

        def judged(part: Sequence[UUID]) -> None:
            with conn.transaction():
                found.extend(evaluate(conn, part, None).verdicts)

        isolate(people, judged, lambda person, error: log.warning("left out", person=str(person), error=where(error)))
        return found

    def preview(self, batch: UUID) -> list[OfferingChange]:
        """What releasing it would do now. Raises NotFound."""
        with self._ledger.database.transaction(snapshot=True) as conn:
            self._check(conn, batch)
            found = self._count(conn, batch, 0)[0]
            held_changes.call(conn, found)
            return found

    @command
    def release(self, context: CommandContext, batch: UUID, reason: str | None) -> Receipt:
        """Let it through, and whatever comes of it later."""
        with self._ledger.database.connection() as conn:
            self._check(conn, batch)
        texts, version = Texts(), len(list(self._ledger.events.get(batch))) + 1
        event = ChangeReleased(originator_id=batch, originator_version=version, reason=texts.ref(batch, reason))

        def also(conn: Connection) -> None:
            texts.keep(conn)
            held_changes.released(conn, batch)

        return self._ledger.record(context, Decision((event,), context.meta()), {"released": str(batch)}, also=also)

    def _check(self, conn: Connection, batch: UUID) -> None:
        if not held_changes.held_changes(conn, batch, None, 1).items:
            raise NotFound("There is no such held change. It was released, or was never held.", field="batch")
