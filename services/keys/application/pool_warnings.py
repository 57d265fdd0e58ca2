"""Pools that are nearly used up, or about to expire: said once each, for whoever manages them (NTF-1)."""

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from services.keys.application.ledger import TrainingKeys
from services.keys.projections import pool_warnings as queries
from services.keys.projections.pool_warnings import ExpiringPool, LowPool
from shared.contracts.keys import PoolExpiring, PoolRanLow
from shared.database import Connection, keep_stepping
from shared.errors import ConflictLost
from shared.events import Event, Meta
from shared.set_aside import SetAside, SetAsideRow, passing
from shared.store import CommandContext, Decision


class WarningLevels(NamedTuple):
    """`percents` of a pool's keys that are used, and how long `before` its end."""

    percents: Sequence[int]
    before: timedelta


class PoolWarnings:
    """A worker. What it warned of is a row, written with the event: whoever looks again, or beside it, finds it said."""

    name = "keys pool warnings"

    def __init__(self, ledger: TrainingKeys, levels: WarningLevels, pause: float) -> None:
        self._ledger = ledger
        self._levels = levels
        self._pause = pause
        self._aside = SetAside(ledger.database, self.name)

    def run(self, stop: threading.Event) -> None:
        keep_stepping(stop, self.step, self._pause, worker=self.name, also=(ConflictLost,))

    def step(self, now: datetime | None = None) -> int:
        """Returns how many warnings there were; a pool that was filled up is warned of again when it runs low again.

        A pool whose warning crashes is set aside alone (OPS-8).
        """
        with self._ledger.database.connection() as conn:
            queries.forget_filled(conn, self._levels.percents)
            aside = self._aside.subjects(conn)
        due = [one for one in self._due(now) if one.id not in aside]
        for pool in due:
            try:
                self._warn(pool)
            except Exception as error:
                if passing(error) or isinstance(error, ConflictLost):
                    raise
                self._aside.put(pool.id, "pool", error)
        return len(due)

    def retry(self, row: SetAsideRow, meta: Meta) -> None:  # noqa: ARG002
        """Warn of it now, if there is still something to warn of. Raises what it crashes with."""
        for pool in self._due(None):
            if pool.id == row.subject:
                self._warn(pool)

    def drop(self, conn: Connection, row: SetAsideRow) -> None:
        """It is looked at again with the others."""

    def _due(self, now: datetime | None) -> list[LowPool | ExpiringPool]:
        with self._ledger.database.connection() as conn:
            low = queries.low(conn, self._levels.percents)
            return [*low, *queries.expiring(conn, self._levels.before, now)]

    def _warn(self, pool: LowPool | ExpiringPool) -> None:
        if isinstance(pool, LowPool):
            self._say(ran_low(pool), pool.id, "low", str(pool.percent))
        else:
            self._say(expires(pool), pool.id, "expiring", pool.expires.isoformat())

    def _say(self, event: Event, pool: UUID, kind: str, about: str) -> None:
        def said(conn: Connection) -> None:
            queries.said(conn, pool, kind, about)

        context = CommandContext.system(str(event.originator_id), reason_code="timer")
        self._ledger.record(context, Decision((event,), context.meta()), also=said)


def ran_low(pool: LowPool) -> Event:
    told = {"pool_id": pool.id, "offering_id": pool.offering, "organisation_id": pool.organisation}
    return PoolRanLow.unchecked_next(
        uuid4(), 0, {**told, "percent": pool.percent, "used": pool.used, "keys": pool.keys}
    )


def expires(pool: ExpiringPool) -> Event:
    told = {"pool_id": pool.id, "offering_id": pool.offering, "organisation_id": pool.organisation}
    return PoolExpiring.unchecked_next(uuid4(), 0, {**told, "expires": pool.expires, "unused": pool.unused})
