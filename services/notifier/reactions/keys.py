"""Events of keys become reasons for e-mail: a key to whoever is sent it, warnings to who manages a pool (KEY-11, NTF-1).

No event has a key or a typed address. The mailer asks the keys service for both at the moment of sending.
"""

from collections.abc import Iterator, Sequence
from uuid import UUID

from services.notifier.application.reasons import write
from services.notifier.domain import Reason
from shared.contracts.keys import (
    KeyRedeemed,
    KeyReminded,
    KeyReopened,
    KeyRevoked,
    KeySent,
    KeyTakenBack,
    PoolDescribed,
    PoolExpiring,
    PoolRanLow,
)
from shared.contracts.notifications import Template
from shared.database import Connection, UuidArray, column
from shared.events import Recorded

_SENDS = (KeySent, KeyReminded)
_ENDS = (KeyRedeemed, KeyRevoked, KeyTakenBack)
_WARNS = (PoolRanLow, PoolExpiring)
_KEY = """
INSERT INTO key_fact AS known (id, version, sending, open) VALUES (%(id)s, %(version)s, coalesce(%(sending)s, 0), %(open)s)
ON CONFLICT (id) DO UPDATE SET version = excluded.version, sending = coalesce(%(sending)s, known.sending), open = excluded.open
WHERE known.version < excluded.version
"""
_POOL = """
INSERT INTO pool_fact AS known (id, version, name, expires) VALUES (%s, %s, %s, %s)
ON CONFLICT (id) DO UPDATE SET version = excluded.version, name = excluded.name, expires = excluded.expires
WHERE known.version < excluded.version
"""
_MANAGERS = """
WITH RECURSIVE up (id, parent) AS (
    SELECT id, parent FROM unit_fact WHERE id = %s
    UNION
    SELECT u.id, u.parent FROM unit_fact u JOIN up ON u.id = up.parent
)
SELECT DISTINCT m.person_id FROM operations_manager_fact m JOIN person_fact p ON p.id = m.person_id AND p.active
WHERE m.organisation IS NULL OR m.organisation IN (SELECT id FROM up)
"""
_WITHDRAW = """
UPDATE message m SET state = 'withdrawn', reason = 'reason-gone', revision = m.revision + 1, changed_at = now()
FROM ledger l JOIN message_check c ON c.id = l.message_id
WHERE l.cause_stream = ANY(%s) AND l.template = 'key-sent' AND m.id = l.message_id AND m.state = 'waiting'
    AND c.verdict = 'reason-gone'
"""


class Keys:
    """Writes `key_fact`, `pool_fact` and new rows of `ledger`; withdraws an e-mail whose key was taken back or redeemed, or for
    which there is a newer one (NTF-5)."""

    name: str = "notifier.keys"
    source: str = "keys"
    group: str = "notifier.keys"
    tables: tuple[str, ...] = ("key_fact", "pool_fact")
    types: frozenset[str] = frozenset(c.TOPIC for c in (*_SENDS, *_ENDS, *_WARNS, KeyReopened, PoolDescribed))

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        reasons: list[Reason] = []
        touched: set[UUID] = set()
        for recorded in events:
            event = recorded.event
            if isinstance(event, PoolDescribed):
                conn.execute(_POOL, [event.originator_id, event.originator_version, event.name, event.expires])
            elif not isinstance(event, _WARNS):
                touched.add(event.originator_id)
                _keep(conn, recorded)
            reasons += _reasons(conn, recorded)
        write(conn, reasons)
        sent = [reason.message_id for reason in reasons if reason.template == "key-sent"]
        conn.execute("UPDATE message SET told = 0 WHERE id = ANY(%s) AND told IS NULL", [UuidArray(sent)])
        conn.execute(_WITHDRAW, [UuidArray(sorted(touched))])


def _keep(conn: Connection, recorded: Recorded) -> None:
    event = recorded.event
    version = event.originator_version
    sending = version if isinstance(event, _SENDS) else None
    told = {"id": event.originator_id, "version": version, "sending": sending, "open": not isinstance(event, _ENDS)}
    conn.execute(_KEY, told)


def _reasons(conn: Connection, recorded: Recorded) -> Iterator[Reason]:
    event = recorded.event
    match event:
        case KeySent() | KeyReminded():
            yield _reason(recorded, event, event.person_id or event.recipient_id, "key-sent")
        case PoolRanLow():
            for person in column(conn, _MANAGERS, UUID, [event.organisation_id]):
                about = _reason(recorded, event, person, "pool-low")
                yield about._replace(pool_id=event.pool_id, many=event.percent)
        case PoolExpiring():
            for person in column(conn, _MANAGERS, UUID, [event.organisation_id]):
                about = _reason(recorded, event, person, "pool-expiring")
                yield about._replace(pool_id=event.pool_id, pool_expires=event.expires, many=event.unused)


def _reason(
    recorded: Recorded, event: KeySent | KeyReminded | PoolRanLow | PoolExpiring, person: UUID, template: Template
) -> Reason:
    return Reason(
        cause_stream=event.originator_id,
        cause_version=event.originator_version,
        person_id=person,
        template=template,
        cause_type=event.TOPIC,
        caused_at=recorded.recorded_at,
        batch=recorded.meta.correlation,
        offering_id=event.offering_id,
        enrollment_id=None,
        assignment_id=None,
        term=None,
        serial=None,
    )
