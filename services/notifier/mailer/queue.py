"""What waits, who holds it, and what became of it: the mailer's transactions."""

from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

import psycopg

from services.notifier.domain import Next, Outcome, State, without_personal_data
from services.notifier.mailer.letters import Particulars
from shared.database import Connection, Database

_LOCKS = 7_400_400
_RELEASE_CHUNK = 5_000

_RELEASE = """
WITH unready AS (
    SELECT m.id, c.verdict FROM message m JOIN message_check c ON c.id = m.id
    WHERE m.state = 'waiting' AND NOT m.ready AND c.verdict IN ('ready', 'reason-gone', 'switched-off')
    LIMIT %s FOR UPDATE OF m SKIP LOCKED
)
UPDATE message m SET ready = u.verdict = 'ready',
    state = CASE u.verdict WHEN 'ready' THEN 'waiting' ELSE 'withdrawn' END,
    reason = CASE u.verdict WHEN 'ready' THEN m.reason ELSE u.verdict END,
    revision = m.revision + CASE u.verdict WHEN 'ready' THEN 0 ELSE 1 END,
    changed_at = now()
FROM unready u WHERE m.id = u.id
"""
_ANY_DUE = "SELECT EXISTS (SELECT FROM message WHERE state = 'waiting' AND ready AND due_at <= now())"
_CLAIM = """
WITH due AS (
    SELECT id FROM message WHERE state = 'waiting' AND ready AND due_at <= now()
    ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED
), checked AS (
    SELECT due.id, c.verdict FROM due JOIN message_check c ON c.id = due.id
)
UPDATE message m SET
    state = CASE WHEN verdict = 'ready' THEN 'sending'
                 WHEN verdict IN ('reason-gone', 'switched-off') THEN 'withdrawn' ELSE 'waiting' END,
    ready = verdict = 'ready',
    reason = CASE WHEN verdict = 'ready' THEN NULL
                  WHEN verdict IN ('reason-gone', 'switched-off') THEN verdict ELSE m.reason END,
    attempts = m.attempts + CASE WHEN verdict = 'ready' THEN 1 ELSE 0 END,
    mailer = CASE WHEN verdict = 'ready' THEN %s::int END,
    revision = m.revision + 1, changed_at = now()
FROM checked WHERE m.id = checked.id
RETURNING m.id, m.state
"""
_PARTICULARS = """
SELECT m.attempts, l.message_id, l.person_id, l.template, f.first_name, f.last_name, f.email, f.language, o.title,
    coalesce(o.kind, 'course'), m.created_at, l.serial, l.offering_id,
    CASE WHEN l.template = 'exceptions' THEN (
        SELECT jsonb_build_object('learners', count(*),
            'time-allowance', count(*) FILTER (WHERE 'time-allowance' = ANY(x.kinds)),
            'already-assigned', count(*) FILTER (WHERE 'already-assigned' = ANY(x.kinds)),
            'completion-time-unknown', count(*) FILTER (WHERE 'completion-time-unknown' = ANY(x.kinds)))
        FROM exceptions_for(l.batch, l.offering_id, l.person_id) x WHERE x.held
    ) END, l.due_on, l.due_time
FROM ledger l JOIN message m ON m.id = l.message_id JOIN profile f ON f.person_id = l.person_id
JOIN offering_fact o ON o.id = l.offering_id WHERE l.message_id = ANY(%s)
"""
_RECORD = """
UPDATE message m SET state = d.state, reason = d.reason, due_at = now() + make_interval(secs => d.pause),
    answer_code = d.code, answer = d.answer, mailer = NULL, revision = m.revision + 1, changed_at = now(),
    sent_at = CASE WHEN d.state = 'sent' THEN now() ELSE m.sent_at END
FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::float8[], %s::int[], %s::text[])
    AS d (id, state, reason, pause, code, answer)
WHERE m.id = d.id AND m.mailer = %s AND m.state IN ('sending', 'unknown')
"""
_GIVE_BACK = """
UPDATE message SET state = 'waiting', attempts = attempts - 1, mailer = NULL, revision = revision + 1,
    changed_at = now()
WHERE state = 'sending' AND mailer = %s AND id <> ALL (%s)
"""
_ORPHANED = """
UPDATE message SET state = 'unknown', reason = 'mailer-died', revision = revision + 1, changed_at = now()
WHERE state = 'sending' AND mailer = %s
"""


class Task(NamedTuple):
    """A message that this mailer holds: it is `sending` since before this was returned."""

    attempt: int
    about: Particulars

    @property
    def id(self) -> UUID:
        return self.about.message_id


class Done(NamedTuple):
    """A task that came to an end."""

    task: Task
    outcome: Outcome
    next: Next


class Queue:
    """The messages of one notifier database. A turn is one transaction."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def release(self) -> int:
        """Look at what lacked something: make ready what has it all, withdraw what is not to be sent. Returns how many."""
        with self.database.transaction() as conn:
            return conn.execute(_RELEASE, [_RELEASE_CHUNK]).rowcount

    def any_due(self) -> bool:
        with self.database.connection() as conn:
            row = conn.execute(_ANY_DUE).fetchone()
        return bool(row and row[0])

    def turn(self, mailer: int, done: Sequence[Done], wanted: int, held: Collection[UUID] | None = None) -> list[Task]:
        """Record how tasks ended and take up to `wanted` new ones; both are committed on return.

        After a turn whose commit was lost, `held` names all that the mailer knows to hold: what that turn may have
        taken beside them was never begun, and is given back.
        """
        with self.database.transaction() as conn:
            if held is not None:
                conn.execute(_GIVE_BACK, [mailer, list(held)])
            if done:
                self.record(conn, mailer, done)
            return self.claim(conn, mailer, wanted) if wanted else []

    def record(self, conn: Connection, mailer: int, done: Sequence[Done]) -> None:
        """Leaves alone what a person decided meanwhile."""
        answers = [without_personal_data(d.outcome.answer, d.task.about.email) for d in done]
        rows = [
            (d.task.id, d.next.state, d.next.reason, d.next.pause, d.outcome.code, answer)
            for d, answer in zip(done, answers, strict=True)
        ]
        conn.execute(_RECORD, [*([*column] for column in zip(*rows, strict=True)), mailer])

    def claim(self, conn: Connection, mailer: int, wanted: int) -> list[Task]:
        """The next due messages, marked `sending`; none when there are none. Two mailers never get the same one."""
        taken: list[object] = []
        while len(taken) < wanted and (rows := conn.execute(_CLAIM, [wanted - len(taken), mailer]).fetchall()):
            taken += [id for id, state in rows if state == State.SENDING]
        return self.tasks(conn, taken)

    def tasks(self, conn: Connection, ids: list[object]) -> list[Task]:
        rows = conn.execute(_PARTICULARS, [ids]).fetchall() if ids else []
        return [Task(attempts, Particulars(*about)) for attempts, *about in rows]  # type: ignore[arg-type]

    def recover(self) -> int:
        """What a mailer that is no more left in `sending` becomes unknown (NTF-4). Returns how many."""
        orphaned = 0
        with self.database.transaction() as conn:
            for (mailer,) in conn.execute("SELECT DISTINCT mailer FROM message WHERE state = 'sending'").fetchall():
                free = conn.execute("SELECT pg_try_advisory_xact_lock(%s, %s::int)", [_LOCKS, mailer]).fetchone()
                if free and free[0]:
                    orphaned += conn.execute(_ORPHANED, [mailer]).rowcount
        return orphaned


class Presence:
    """The sign that a mailer lives: a lock on its number, held by a connection of its own; gone with the process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.connection() as conn:
            row = conn.execute("SELECT nextval('mailer_number')").fetchone()
        self.number = int(str(row[0])) if row else 0
        self._conn: Connection | None = None

    def hold(self) -> None:
        """Take the lock, again if the connection broke. Raises psycopg.OperationalError while the database is down."""
        if self._conn is not None:
            try:
                self._conn.execute("SELECT 1")
                return
            except psycopg.OperationalError:
                self.let_go()
        self._conn = psycopg.connect(self._database.conninfo, autocommit=True, application_name="notifier mailer")
        self._conn.execute("SELECT pg_advisory_lock(%s, %s)", [_LOCKS, self.number])

    def let_go(self) -> None:
        if self._conn is not None:
            self._conn.close()
            self._conn = None
