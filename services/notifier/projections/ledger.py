"""The ledger as people read it: why each e-mail is sent, when, to whom, and what the mail server answered (NTF-4)."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from services.notifier.domain import Action, State
from services.notifier.projections.held_mails import HeldAction
from services.notifier.projections.scope import in_scope, scope_parameters
from shared.auth import Scope
from shared.contracts.notifications import Template
from shared.database import Connection, fetch, pairs

_ENTRIES = """
WITH page AS (
    SELECT l.*, m.state, m.reason, m.ready, m.due_at, m.attempts, m.answer_code, m.answer, m.revision, m.changed_at,
        m.sent_at
    FROM ledger l JOIN message m ON m.id = l.message_id
    WHERE (%(before)s::bigint IS NULL OR l.number < %(before)s) AND (%(state)s::text IS NULL OR m.state = %(state)s)
    AND (%(person)s::uuid IS NULL OR l.person_id = %(person)s) AND (%(message)s::uuid IS NULL OR m.id = %(message)s)
    AND (%(offering)s::uuid IS NULL OR l.offering_id = %(offering)s)
    AND (%(enrollment)s::uuid IS NULL OR l.enrollment_id = %(enrollment)s)
    AND (%(template)s::text IS NULL OR l.template = %(template)s) AND {in_scope}
    ORDER BY l.number DESC LIMIT %(limit)s
)
SELECT page.number, page.message_id, page.template, page.person_id, page.offering_id, o.title AS offering_title,
    page.enrollment_id, page.assignment_id, page.term, page.job_role_id, page.learner_id,
    page.request_id, page.pool_id, page.batch,
    CASE WHEN page.template = 'exceptions' THEN page.batch || '/' || page.offering_id
         ELSE page.cause_stream || '/' || page.cause_version END AS cause,
    page.cause_type, page.caused_at, page.recorded_at, page.state, page.reason, page.attempts, page.answer_code,
    page.answer, page.withheld_by, page.revision, page.changed_at, page.sent_at,
    CASE WHEN page.state <> 'waiting' THEN NULL
         WHEN NOT page.ready THEN (SELECT verdict FROM message_check c WHERE c.id = page.message_id)
         WHEN page.due_at > now() THEN 'retry' ELSE 'mailer' END AS waiting_for,
    CASE WHEN page.state = 'waiting' AND page.due_at > now() THEN page.due_at END AS next_attempt_at
FROM page LEFT JOIN offering_fact o ON o.id = page.offering_id ORDER BY page.number DESC
""".format(in_scope=in_scope("l.person_id"))

_COUNTS = f"""
SELECT m.state, count(*) FROM message m WHERE {in_scope("m.person_id")} GROUP BY m.state
"""


class Entry(BaseModel):
    """One reason for an e-mail, with what became of the e-mail. People are ids; the address is never here."""

    number: int
    message_id: UUID
    template: Template
    person_id: UUID
    offering_id: UUID | None
    offering_title: str | None
    enrollment_id: UUID | None
    """As the term, none for a notice of exceptions: it is about many learners."""
    assignment_id: UUID | None
    """The assignment that made the learner enrolled; none for a withdrawal."""
    term: int | None
    job_role_id: UUID | None
    learner_id: UUID | None
    """Who asked; of a copy to a manager: whom it is about."""
    request_id: UUID | None
    """The request that waits for a decision, or was decided."""
    pool_id: UUID | None
    """The pool that runs low, or is about to expire."""
    batch: UUID
    cause: str
    """The event that is the reason: its stream and version; for a notice of exceptions the batch and the offering."""
    cause_type: str
    caused_at: datetime
    recorded_at: datetime
    state: State
    reason: str | None
    """switched-off, silenced, dropped, reason-gone, refused, tried-too-often, temporary-failure, no-answer, before-restore ..."""
    waiting_for: str | None
    """What a waiting e-mail lacks: enrollment, offering, pool, person, inactive, profile, scope; or retry, mailer."""
    next_attempt_at: datetime | None
    attempts: int
    answer_code: int | None
    answer: str | None
    """The mail server's last words, without addresses."""
    withheld_by: UUID | None = None
    """Who sent the command that says that this e-mail is held, or silenced."""
    revision: int
    changed_at: datetime
    sent_at: datetime | None


class OwnEntry(BaseModel):
    """One reason for an e-mail to the caller: what about, when, and whether it was sent. Of how it was sent nothing."""

    number: int
    template: Template
    offering_id: UUID | None
    offering_title: str | None
    enrollment_id: UUID | None
    assignment_id: UUID | None
    """The assignment that made the caller enrolled."""
    term: int | None
    request_id: UUID | None
    caused_at: datetime
    state: State
    sent_at: datetime | None


class Decided(BaseModel):
    """A person's word on an e-mail."""

    action: Action | HeldAction
    actor: UUID
    batch: UUID
    decided_at: datetime


class Message(BaseModel):
    """An e-mail: the reasons it answers for, and what people decided about it."""

    id: UUID
    state: State
    revision: int
    rows: list[Entry]
    decisions: list[Decided]


@dataclass(frozen=True)
class Filter:
    """Which entries; None is no condition. `before` is the number of the last entry of the page before."""

    state: State | None = None
    person: UUID | None = None
    offering: UUID | None = None
    template: Template | None = None
    enrollment: UUID | None = None
    message: UUID | None = None
    before: int | None = None


def entries(conn: Connection, scope: Scope, wanted: Filter, limit: int) -> list[Entry]:
    """Newest first, only about people in scope."""
    parameters: dict[str, Any] = {**vars(wanted), **scope_parameters(scope), "limit": limit}
    return fetch(conn, Entry, _ENTRIES, parameters)


def own_entries(conn: Connection, caller: UUID, wanted: Filter, limit: int) -> list[OwnEntry]:
    """Newest first, only those to the caller."""
    found = entries(conn, Scope(everything=True), replace(wanted, person=caller), limit)
    return [OwnEntry.model_validate(entry, from_attributes=True) for entry in found]


def message(conn: Connection, scope: Scope, id: UUID) -> Message | None:
    rows = entries(conn, scope, Filter(message=id), 1_000)
    if not rows:
        return None
    query = "SELECT action, actor, batch, decided_at FROM message_decision WHERE message_id = %s ORDER BY revision"
    decisions = fetch(conn, Decided, query, [id])
    return Message(id=id, state=rows[0].state, revision=rows[0].revision, rows=rows, decisions=decisions)


def counts(conn: Connection, scope: Scope) -> dict[State, int]:
    """Count the e-mails in each state."""
    found = dict(pairs(conn, _COUNTS, str, int, scope_parameters(scope)))
    return {state: found.get(state, 0) for state in State}
