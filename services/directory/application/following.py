"""Keeps the membership of rule-based audiences up to date (DIR-6): only differences become events."""

import threading
from collections.abc import Callable, Sequence
from uuid import UUID, uuid4

from services.directory.application.ledger import Directory
from services.directory.domain import audiences
from services.directory.projections import rules
from services.directory.projections import structure as queries
from services.directory.projections.rules import Ruled
from services.directory.projections.tables import MEMBER, audience_row
from shared import jobs, timers
from shared.database import Connection, keep_stepping
from shared.errors import Conflict
from shared.events import Event
from shared.jobs import Job
from shared.store import Context, Decision, Row
from shared.timers import Timer


class Judging:
    """Some people against some rules: who joins and who leaves, written with what closes the work."""

    def __init__(self, ledger: Directory) -> None:
        self._ledger = ledger
        self.database = ledger.database

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
        context = Context.system(str(uuid4()), correlation=batch)
        decision = Decision(
            tuple(events),
            context.meta(),
            new=tuple(rows["new"]),
            changed=tuple(rows["changed"]),
            gone=tuple(rows["gone"]),
        )
        try:
            self._ledger.record(context, decision, also=close)
        except Conflict:
            return False
        return True


class Following:
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
            found = rules.ruled(conn)
        if not marked:
            return bool(expanded)
        self._judging.write(found, [m.person for m in marked], marked[0].batch, lambda conn: rules.close(conn, marked))
        return True

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
            found = rules.ruled(conn, UUID(str(job.args["audience"])))
            people = rules.people_after(conn, UUID(str(job.cursor.get("after", UUID(int=0)))), self._chunk)
        if not people:
            with self._judging.database.transaction() as conn:
                jobs.finish(conn, job, done=job.done)
            return

        def advance(conn: Connection) -> None:
            jobs.advance(conn, job, cursor={"after": str(people[-1])}, done=job.done + len(people))

        self._judging.write(found, people, job.caused_by.correlation, advance, again=True)
