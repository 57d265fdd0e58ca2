"""Dead letters: entries that crash their handler wait here, and what follows them on the same key waits behind (OPS-8)."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from uuid import UUID

from shared import telemetry
from shared.database import Connection, column, fetch, pairs
from shared.events import Meta
from shared.feeds import Record


class DeadLetters:
    """The parked entries of one consumer. All but the lists happen in the consumer's transaction."""

    def __init__(self, consumer: str, source: str, keys_limit: int) -> None:
        self._who = [consumer, source]
        self._keys_limit = keys_limit

    def park(self, conn: Connection, record: Record, error: str | None) -> None:
        """`error` is None for an entry that only waits behind another of its key."""
        telemetry.EVENTS_PARKED.labels(self._who[0]).inc()
        conn.execute(
            "INSERT INTO parked_event (consumer, source, position, previous, epoch, key, type, version, recorded_at, "
            "meta, body, error) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [*self._who, *record[:9], error],
        )

    def parked_keys(self, conn: Connection) -> set[UUID]:
        """Whatever comes of these has to wait."""
        query = "SELECT DISTINCT key FROM parked_event WHERE consumer = %s AND source = %s"
        return set(column(conn, query, UUID, self._who))

    def park_untried(self, conn: Connection, record: Record) -> None:
        """One of a type that is not taken any more. It and what follows it wait for a retry, once the code is mended."""
        self.park(
            conn,
            record,
            f"not attempted: more than {self._keys_limit} keys of its type crashed (ROLLBOOK_PARKED_KEYS_LIMIT)",
        )

    def keys_by_type(self, conn: Connection) -> Counter[str]:
        """Of how many keys an entry of each type has crashed."""
        query = (
            "SELECT type, count(DISTINCT key) FROM parked_event WHERE consumer = %s AND source = %s AND error IS NOT NULL "
            "GROUP BY type"
        )
        return Counter(dict(pairs(conn, query, str, int, self._who)))

    def stopped(self, keys: int) -> bool:
        """Whether so many keys of one type are too many. Nothing stands still for it but what is of this type."""
        return keys > self._keys_limit

    def keys(self, conn: Connection) -> dict[UUID, list[int]]:
        """Positions of the parked entries by key."""
        query = "SELECT key, position FROM parked_event WHERE consumer = %s AND source = %s ORDER BY position"
        found: dict[UUID, list[int]] = defaultdict(list)
        for key, position in pairs(conn, query, UUID, int, self._who):
            found[key].append(position)
        return dict(found)

    def entries(self, conn: Connection, key: UUID) -> list[Record]:
        """A key's entries, oldest first, held until the transaction ends."""
        query = (
            "SELECT position, previous, epoch, key, type, version, recorded_at, meta, body FROM parked_event "
            "WHERE consumer = %s AND source = %s AND key = %s ORDER BY position FOR UPDATE"
        )
        return fetch(conn, Record, query, [*self._who, key])

    def settle(self, conn: Connection, key: UUID, records: Sequence[Record], action: str, by: Meta) -> None:
        """They wait no more; who decided it stays on record."""
        positions = [record.position for record in records]
        conn.execute(
            "INSERT INTO letter_decision (consumer, source, key, position, type, action, actor, correlation) "
            "SELECT %s, %s, %s, t.position, t.type, %s, %s, %s FROM unnest(%s::bigint[], %s::text[]) AS t (position, type)",
            [*self._who, key, action, by.actor, by.correlation, positions, [record.type for record in records]],
        )
        conn.execute(
            "DELETE FROM parked_event WHERE consumer = %s AND source = %s AND key = %s AND position = ANY(%s)",
            [*self._who, key, positions],
        )
