"""Keeps the membership of rule-based audiences up to date (DIR-6): only differences become events."""

import contextlib
import hashlib
import threading
from collections.abc import Callable, Sequence
from uuid import UUID, uuid4

from services.directory.application.ledger import Directory
from services.directory.domain import audiences
from services.directory.projections import rules
from services.directory.projections import structure as queries
from services.directory.projections.rules import Marked, Ruled
from services.directory.projections.tables import MEMBER, audience_row
from shared import jobs, telemetry, timers
from shared.database import Connection, keep_stepping
from shared.errors import Conflict
from shared.events import Event, Meta
from shared.jobs import Job
from shared.set_aside import SetAside, SetAsideRow, isolate, passing, where
from shared.store import CommandContext, Decision, Row
from shared.timers import Timer

log = telemetry.logger(__name__)

PERSON = "person"
RULE = "audience"


class Judging:
    """Some people against some rules: who joins and who leaves, written with what closes the work.

    Who crashes alone is set aside, and so is a rule by which more than `set_aside_limit` people crash (OPS-8).
    """

    def __init__(self, ledger: Directory, set_aside_limit: int) -> None:
        self._ledger = ledger
        self.database = ledger.database
        self._limit = set_aside_limit
        self.aside = SetAside(ledger.database, AudienceUpdater.name)

    def rules(self, conn: Connection, id: UUID | None = None) -> list[Ruled]:
        """Those that people are judged by: every rule, or this one; without what was set aside and is still as it was."""
        aside = rules.set_aside(conn, self.aside.worker)
        return [rule for rule in rules.ruled(conn, id) if aside.get(rule.id) != _digest(rule)]

    def crashed(self, person: UUID, error: Exception, batch: UUID) -> None:
        """Set the person aside, with the rules that it is about. By all the others the person is judged."""
        with self.database.connection() as conn:
            every = self.rules(conn)
            about: list[Ruled] = []
            isolate(every, lambda some: self._try(conn, some, person), lambda rule, _: about.append(rule))
        with self.database.transaction() as conn:
            self.aside.add(conn, person, PERSON, error, rules=[str(rule.id) for rule in about], batch=str(batch))
            for rule in about:
                self._stop(conn, rule)
        if about:
            others = [rule for rule in every if rule not in about]
            with contextlib.suppress(Conflict):
                self.write(others, [person], batch, lambda _: None)

    def _try(self, conn: Connection, some: Sequence[Ruled], person: UUID) -> None:
        for rule in some:
            rules.matching(conn, rule.rule, [person])

    def _stop(self, conn: Connection, rule: Ruled) -> None:
        if self.aside.count(conn, {"rules": [str(rule.id)]}) > self._limit:
            said = f"more than {self._limit} people crash by this rule (ROLLBOOK_SET_ASIDE_LIMIT): nobody follows it"
            self.aside.add(conn, rule.id, RULE, said, rule=_digest(rule))

    def write(
        self,
        found: Sequence[Ruled],
        people: Sequence[UUID],
        batch: UUID,
        also: Callable[[Connection], None],
        *,
        again: bool = False,
    ) -> bool:
        """False where another writer of an audience was there first: nothing was written, and it is to be judged again.

        `again`: whoever joins or leaves is marked, and looked at once more. A job of a rule has read no mark that would tell it of
        a change of the person which was followed while it was deciding.
        """
        touched: set[UUID] = set()
        events: list[Event] = []
        rows: dict[str, list[Row]] = {"new": [], "changed": [], "gone": []}
        with self.database.connection() as conn:
            for one in found:
                members = queries.members_among(conn, one.id, people)
                matching = rules.matching(conn, one.rule, people)
                changes = audiences.change_members(one.id, one.version, matching - members, members - matching)
                if changes:
                    events += changes
                    touched |= matching ^ members
                    version = one.version + len(changes)
                    rows["changed"].append(audience_row(one.id, version, one.name, one.external_id))
                    rows["new"] += [Row(MEMBER, (one.id, person)) for person in matching - members]
                    rows["gone"] += [Row(MEMBER, (one.id, person)) for person in members - matching]

        def close(conn: Connection) -> None:
            rules.set_timers(conn, people)
            if again:
                rules.mark(conn, touched, batch)
            also(conn)

        if not events:
            with self.database.transaction() as conn:
                close(conn)
            return True
        context = CommandContext.system(str(uuid4()), correlation=batch)
        decision = Decision(
            tuple(events),
            context.meta(),
            inserted=tuple(rows["new"]),
            updated=tuple(rows["changed"]),
            deleted=tuple(rows["gone"]),
        )
        try:
            self._ledger.record(context, decision, also=close)
        except Conflict:
            return False
        return True


class AudienceUpdater:
    """A worker: judges those again whom a change has marked, batch by batch."""

    name = "directory audiences"

    def __init__(self, judging: Judging, chunk: int, pause: float) -> None:
        self._judging = judging
        self._chunk = chunk
        self._pause = pause

    def run(self, stop: threading.Event) -> None:
        keep_stepping(stop, self.step, self._pause, worker=self.name)

    def step(self) -> bool:
        """One chunk. False when nobody waits."""
        with self._judging.database.transaction() as conn:
            expanded = rules.expand(conn)
        with self._judging.database.connection() as conn:
            marked = rules.marked(conn, self._chunk)
        if not marked:
            return bool(expanded)
        isolate(marked, self._judge, self._crashed)
        return True

    def _judge(self, marked: Sequence[Marked]) -> None:
        people = [m.person for m in marked]

        def close(conn: Connection) -> None:
            rules.close(conn, marked)
            self._judging.aside.settle(conn, people)

        with self._judging.database.connection() as conn:
            found = self._judging.rules(conn)
        self._judging.write(found, people, marked[0].batch, close)

    def _crashed(self, marked: Marked, error: Exception) -> None:
        self._judging.crashed(marked.person, error, marked.batch)
        with self._judging.database.transaction() as conn:
            rules.close(conn, [marked])

    def retry(self, row: SetAsideRow, meta: Meta) -> None:
        """A person is judged again in turn; a rule by a job that judges everybody. What crashes again is set aside again."""
        with self._judging.database.transaction() as conn:
            self._judging.aside.settle(conn, [row.subject])
            if row.kind == PERSON:
                rules.mark(conn, [row.subject], meta.correlation)
            elif rules.ruled(conn, row.subject):
                jobs.enqueue(conn, uuid4(), RuleChange.kind, {"audience": str(row.subject)}, meta)

    def drop(self, conn: Connection, row: SetAsideRow) -> None:
        """Whoever, or whatever, it is: looked at again at the next change that concerns it."""

    def ring(self, timer: Timer) -> None:
        """A job of this person begins, or has ended."""
        with self._judging.database.transaction() as conn:
            rules.mark(conn, [timer.subject], uuid4())
            timers.clear(conn, timer)


class RuleChange:
    """A job: judges everybody by a new rule, chunk by chunk in the order of their ids."""

    kind = "audience-rule"

    def __init__(self, judging: Judging, chunk: int) -> None:
        self._judging = judging
        self._chunk = chunk

    def step(self, job: Job) -> None:
        with self._judging.database.connection() as conn:
            found = self._judging.rules(conn, UUID(str(job.args["audience"])))
            people = rules.people_after(conn, UUID(str(job.cursor.get("after", UUID(int=0)))), self._chunk)
        if not people:
            with self._judging.database.transaction() as conn:
                jobs.finish(conn, job, done=job.done)
            return

        def advance(conn: Connection) -> None:
            jobs.advance(conn, job, cursor={"after": str(people[-1])}, done=job.done + len(people))

        batch = job.caused_by.correlation
        try:
            self._judging.write(found, people, batch, advance, again=True)
        except Exception as error:
            if passing(error):
                raise
            log.warning("a part crashed; left to the queue", people=len(people), error=where(error))
            with self._judging.database.transaction() as conn:
                rules.mark(conn, people, batch)
                advance(conn)


def _digest(rule: Ruled) -> str:
    return hashlib.sha256(rule.rule.model_dump_json().encode()).hexdigest()
