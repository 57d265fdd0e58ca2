"""The only way into the ledger: a cause, recipient and template that it has adds nothing (NTF-4)."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from services.notifier.domain import Reason
from shared.database import Connection, Uuids

_WRITE = """
WITH proposed AS (
    SELECT * FROM unnest(%s::uuid[], %s::int[], %s::uuid[], %s::text[], %s::text[], %s::timestamptz[], %s::uuid[],
        %s::uuid[], %s::uuid[], %s::uuid[], %s::int[], %s::text[], %s::date[], %s::text[], %s::int[], %s::uuid[])
    AS t (cause_stream, cause_version, person_id, template, cause_type, caused_at, batch,
        offering_id, enrollment_id, assignment_id, term, serial, due_on, due_time, due_days, message_id)
), written AS (
    INSERT INTO ledger (cause_stream, cause_version, person_id, template, cause_type, caused_at, batch,
        offering_id, enrollment_id, assignment_id, term, serial, due_on, due_time, due_days, message_id)
    SELECT * FROM proposed
    ON CONFLICT DO NOTHING
    RETURNING message_id, person_id, caused_at
)
INSERT INTO message (id, person_id, state, reason)
SELECT message_id, person_id,
    CASE WHEN caused_at < since THEN 'unknown' ELSE 'waiting' END,
    CASE WHEN caused_at < since THEN 'before-restore' END
FROM written, ledger_start
"""


def write(conn: Connection, reasons: Sequence[Reason]) -> None:
    """New rows of the ledger with their e-mails, which wait; unknown, where the cause is from before a restore."""
    if reasons:
        conn.execute(_WRITE, [*columns(reasons), Uuids([reason.message_id for reason in reasons])])


def columns(rows: Iterable[tuple[object, ...]]) -> list[object]:
    """One value for each column: a list."""
    return [_array(column) for column in zip(*rows, strict=True)]


def _array(column: Sequence[object]) -> object:
    ids = [value for value in column if isinstance(value, UUID)]
    return Uuids(ids) if len(ids) == len(column) else list(column)
