"""The one evaluator: the only code that writes the difference between who should hold a grant and who does (DESIGN 5).

It is idempotent, therefore resumable: evaluating a learner again writes nothing. Whoever's facts, assignments or
enrollment change between reading and writing is left out by the store and stays in the queue.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import psycopg
from psycopg_pool import PoolTimeout

from services.enrollment.domain.assignments import Offering
from services.enrollment.domain.standing import Change, Enrollment, settle
from services.enrollment.projections import facts, matching, state
from services.enrollment.projections.state import ENROLLMENT, EXCLUSION, GRANT, AssignmentRow, EnrollmentRow, Held
from shared import telemetry
from shared.database import Connection, Database, uuid_of
from shared.events import Meta
from shared.store import Decision, Revision, Row, Store

log = telemetry.logger(__name__)


@dataclass(frozen=True)
class Judged:
    """What one look at the facts found for some learners: the changes, and the revisions that they rely on."""

    changes: Sequence[Change]
    wanted: matching.Wanted
    dirty: Mapping[UUID, int]
    assignments: Mapping[UUID, AssignmentRow]


def offering(fact: facts.OfferingFact) -> Offering:
    return Offering(
        fact.id,
        fact.kind,
        fact.title,
        fact.active,
        fact.published,
        fact.steps,
        frozenset(fact.notifications),
        fact.keep_begun,
    )


def enrollment(row: EnrollmentRow, held: Held) -> Enrollment:
    return Enrollment(
        id=row.id,
        person=row.person,
        offering=row.offering,
        version=row.revision,
        term=row.term,
        live=row.live,
        begun=row.begun,
        sourceless=row.sourceless,
        steps=frozenset(row.steps),
        completed_version=row.completed_version,
        completed_at=row.completed_at,
        grants=held.grants.get(row.id, frozenset()),
        exclusions=held.exclusions.get(row.id, frozenset()),
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
    dirty = _dirty(conn, people)
    wanted = matching.wanted(conn, people, on, proposed=proposed, without=without)
    held = state.held(conn, people, on)
    ids = {a for found in wanted.values() for a in found} | {a for found in held.grants.values() for a in found}
    assignments = state.assignments(conn, ids)
    found = facts.offerings(conn, {offering for _, offering in {*wanted, *held.enrollments}})
    offerings = {id: offering(fact) for id, fact in found.items()}
    removed = {a.id for a in assignments.values() if not a.live}.union(without)
    changes = []
    for key in sorted({*wanted, *held.enrollments}):
        row = held.enrollments.get(key)
        standing = enrollment(row, held) if row else Enrollment.unknown(*key)
        known = offerings.get(key[1])
        change = settle(
            standing,
            wanted.get(key, frozenset()),
            removed,
            open_for_new=known is not None and known.open,
            keep_begun=known is None or known.keep_begun,
        )
        if change:
            changes.append(change)
    return Judged(changes, wanted, dirty, assignments)


def _dirty(conn: Connection, people: Sequence[UUID]) -> dict[UUID, int]:
    rows = conn.execute("SELECT id, revision FROM dirty WHERE id = ANY(%s)", [list(people)], binary=True)
    return {uuid_of(id): int(str(revision)) for id, revision in rows}


def decision(change: Change, meta: Meta, relied_on: tuple[Revision, ...] = ()) -> Decision:
    """The events of a change together with the state rows that mirror them."""
    before, after = change.before, change.after
    row = Row(
        ENROLLMENT,
        (
            after.id,
            after.version,
            after.person,
            after.offering,
            after.term,
            after.live,
            after.begun,
            after.sourceless,
            sorted(after.steps),
            after.completed_version,
            after.completed_at,
        ),
    )
    granted = [Row(GRANT, (a, after.person, after.id)) for a in sorted(after.grants - before.grants)]
    ended = [Row(GRANT, (a, after.person)) for a in sorted(before.grants - after.grants)]
    excluded = [
        Row(EXCLUSION, (a, after.person, after.id, "removed-by-hand")) for a in after.exclusions - before.exclusions
    ]
    lifted = [Row(EXCLUSION, (a, after.person)) for a in before.exclusions - after.exclusions]
    return Decision(
        change.events,
        meta,
        new=(*([row] if before.version == 0 else []), *granted, *excluded),
        changed=() if before.version == 0 else (row,),
        gone=(*ended, *lifted),
        relied_on=relied_on,
    )


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
        with self._database.connection() as conn:
            judged = judge(conn, people, on)
        if not judged.changes:
            return []
        decisions = [
            decision(change, meta(change.after.person), _relied_on(change, judged)) for change in judged.changes
        ]
        appended = self._store.append(decisions)
        return [judged.changes[index].after.person for index in appended.lost]

    def step(self) -> int:
        """Judge the next dirty people. Returns how many; those who were overtaken stay in the queue."""
        with self._database.connection() as conn:
            rows = conn.execute(
                "SELECT id, revision, meta FROM dirty WHERE open ORDER BY revision LIMIT %s", [self._chunk]
            ).fetchall()
        if not rows:
            return 0
        causes = {uuid_of(id): Meta.model_validate_json(str(meta)) for id, _, meta in rows}
        overtaken = set(self.settle(list(causes), None, lambda person: _by_rule(causes[person])))
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


def _relied_on(change: Change, judged: Judged) -> tuple[Revision, ...]:
    """The person's place in the queue stands for all facts about the person; the assignments have revisions of their own."""
    person = change.after.person
    touched = (change.after.grants ^ change.before.grants) & judged.assignments.keys()
    return (
        Revision("dirty", person, judged.dirty.get(person, 0)),
        *(Revision("assignment", id, judged.assignments[id].revision) for id in sorted(touched)),
    )
