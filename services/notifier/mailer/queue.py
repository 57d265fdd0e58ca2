"""What waits, who holds it, and what became of it: the mailer's transactions."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from services.notifier.domain import Next, Outcome, State, without_personal_data
from services.notifier.mailer.about import EmailData
from services.notifier.mailer.letters import LANGUAGES
from services.notifier.own_texts import OwnText
from shared.database import Connection, Database, fetch, scalar

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
SELECT m.attempts AS attempt, l.message_id, l.person_id, coalesce(t.template, l.template) AS template,
    coalesce(f.first_name, '') AS first_name, coalesce(f.last_name, '') AS last_name, coalesce(f.email, '') AS email, f.language,
    coalesce(o.title, '') AS title, coalesce(o.kind, 'course') AS kind, m.created_at, c.serial, c.offering_id,
    CASE WHEN c.template = 'exceptions' THEN (
        SELECT jsonb_build_object('learners', count(*),
            'time-allowance', count(*) FILTER (WHERE 'time-allowance' = ANY(x.kinds)),
            'already-assigned', count(*) FILTER (WHERE 'already-assigned' = ANY(x.kinds)),
            'completion-time-unknown', count(*) FILTER (WHERE 'completion-time-unknown' = ANY(x.kinds)))
        FROM exceptions_for(c.batch, c.offering_id, c.person_id) x WHERE x.held
    ) END AS counts, c.due_on, c.due_time, c.request_id, c.request_kind,
    a.first_name || ' ' || a.last_name AS learner, b.name AS pool, c.many, o.badge, j.name AS job_role,
    to_char(b.expires AT TIME ZONE clock.zone, 'YYYY-MM-DD HH24:MI ') || clock.zone AS expires,
    CASE WHEN l.template = 'key-sent' THEN l.cause_stream END AS key_id, l.cause_version AS key_version,
    own.language AS own_language, own.subject AS own_subject, own.body AS own_body, own.html AS own_html,
    t.message_id IS NOT NULL AND t.case_id IS NULL AS sample
FROM ledger l LEFT JOIN test_mail t ON t.message_id = l.message_id
JOIN ledger c ON c.message_id = coalesce(t.case_id, l.message_id) LEFT JOIN profile a ON a.person_id = c.learner_id
JOIN message m ON m.id = l.message_id LEFT JOIN profile f ON f.person_id = l.person_id
LEFT JOIN job_role_fact j ON j.id = c.job_role_id
LEFT JOIN person_fact p ON p.id = l.person_id LEFT JOIN pool_fact b ON b.id = c.pool_id
CROSS JOIN LATERAL (SELECT coalesce(CASE WHEN b.id IS NOT NULL THEN zone_of(p.home) END, 'UTC')) AS clock (zone)
CROSS JOIN LATERAL (SELECT lower(split_part(replace(coalesce(f.language, 'en'), '_', '-'), '-', 1))) AS wish (language)
LEFT JOIN LATERAL (
    SELECT t.language, t.subject, t.body, t.html WHERE t.message_id IS NOT NULL
    UNION ALL
    SELECT x.language, x.subject, x.body, x.html FROM (VALUES (wish.language, 1), ('en', 2)) AS y (language, place)
    CROSS JOIN LATERAL (SELECT y.language, n.subject, n.body, n.html FROM text_of(p.home, y.language, l.template) n) x
    WHERE EXISTS (SELECT FROM own_text w WHERE w.template = l.template AND NOT w.removed)
        AND (y.place = 1 OR wish.language <> ALL (%s))
    LIMIT 1
) AS own ON true
LEFT JOIN offering_fact o ON o.id = c.offering_id WHERE l.message_id = ANY(%s)
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
    about: EmailData

    @property
    def id(self) -> UUID:
        return self.about.message_id


def _task(
    *,
    attempt: int,
    own_language: str | None,
    own_subject: str,
    own_body: str,
    own_html: str,
    **about: Any,
) -> Task:
    own = OwnText(own_language, own_subject, own_body, own_html) if own_language else None
    return Task(attempt, EmailData(**about, own=own))


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
            return scalar(conn, _ANY_DUE, bool)

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
        return fetch(conn, _task, _PARTICULARS, [list(LANGUAGES), ids]) if ids else []

    def recover(self) -> int:
        """What a mailer that is no more left in `sending` becomes unknown (NTF-4). Returns how many."""
        orphaned = 0
        with self.database.transaction() as conn:
            for (mailer,) in conn.execute("SELECT DISTINCT mailer FROM message WHERE state = 'sending'").fetchall():
                if scalar(conn, "SELECT pg_try_advisory_xact_lock(%s, %s::int)", bool, [_LOCKS, mailer]):
                    orphaned += conn.execute(_ORPHANED, [mailer]).rowcount
        return orphaned


class MailerLease:
    """The sign that a mailer lives: a lock on its number, held by a connection of its own; gone with the process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.connection() as conn:
            self.number = scalar(conn, "SELECT nextval('mailer_number')", int)
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
