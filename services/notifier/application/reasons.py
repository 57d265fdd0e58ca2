"""The only way into the ledger: a cause, recipient and template that it has adds nothing (NTF-4)."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from services.notifier.domain import Reason
from shared.contracts.notifications import COPIED
from shared.database import Connection, UuidArray

_WRITE = """
WITH proposed AS (
    SELECT * FROM unnest(%s::uuid[], %s::int[], %s::uuid[], %s::text[], %s::text[], %s::timestamptz[], %s::uuid[],
        %s::uuid[], %s::uuid[], %s::uuid[], %s::int[], %s::text[], %s::date[], %s::text[], %s::int[],
        %s::uuid[], %s::text[], %s::uuid[], %s::int[], %s::uuid[], %s::timestamptz[], %s::int[], %s::uuid[], %s::text[],
        %s::uuid[], %s::uuid[])
    WITH ORDINALITY AS t (cause_stream, cause_version, person_id, template, cause_type, caused_at, batch,
        offering_id, enrollment_id, assignment_id, term, serial, due_on, due_time, due_days,
        request_id, request_kind, learner_id, stage, pool_id, pool_expires, many, job_role_id, withheld,
        withheld_by, message_id, place)
), kept AS (
    -- Nobody is told of what was before there was such an e-mail, when a history is read again.
    SELECT t.*, t.template = ANY(%s::text[]) AND (o.id IS NULL OR t.template = ANY(o.copied)
        OR EXISTS (SELECT FROM mail_switches s WHERE t.template = ANY(s.copied))) AS copying
    FROM proposed t CROSS JOIN ledger_start LEFT JOIN offering_fact o ON o.id = t.offering_id
    WHERE caused_at >= occasions_since OR NOT (template IN ('access-expired', 'job-role-assigned')
        OR (template = 'completed' AND serial IS NULL))
), written AS (
    INSERT INTO ledger (cause_stream, cause_version, person_id, template, cause_type, caused_at, batch,
        offering_id, enrollment_id, assignment_id, term, serial, due_on, due_time, due_days,
        request_id, request_kind, learner_id, stage, pool_id, pool_expires, many, job_role_id, withheld, withheld_by,
        message_id, copying)
    SELECT cause_stream, cause_version, person_id, template, cause_type, caused_at, batch, offering_id, enrollment_id,
        assignment_id, term, serial, due_on, due_time, due_days, request_id, request_kind, learner_id, stage, pool_id,
        pool_expires, many, job_role_id, withheld, withheld_by, message_id, copying
    FROM kept ORDER BY place
    ON CONFLICT DO NOTHING
    RETURNING message_id, person_id, caused_at, withheld
)
INSERT INTO message (id, person_id, state, reason)
SELECT message_id, person_id,
    CASE WHEN withheld = 'silence' THEN 'withdrawn' WHEN caused_at < since THEN 'unknown'
         WHEN withheld IS NOT NULL THEN 'held' ELSE 'waiting' END,
    CASE WHEN withheld = 'silence' THEN 'silenced' WHEN caused_at < since THEN 'before-restore' END
FROM written, ledger_start
"""


def write(conn: Connection, reasons: Sequence[Reason]) -> None:
    """New rows of the ledger with their e-mails, which wait, or are held or silenced as their command says; unknown, where the
    cause is from before a restore."""
    if reasons:
        ids = UuidArray([reason.message_id for reason in reasons])
        conn.execute(_WRITE, [*columns(reasons), ids, list(COPIED)])


def columns(rows: Iterable[tuple[object, ...]]) -> list[object]:
    """One value for each column: a list."""
    return [_array(column) for column in zip(*rows, strict=True)]


def _array(column: Sequence[object]) -> object:
    ids = [value for value in column if isinstance(value, UUID)]
    return UuidArray(ids) if len(ids) == len(column) else list(column)
