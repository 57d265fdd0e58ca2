"""Once a day, at an hour of theirs, approvers are told what still waits for them; nobody for whom nothing does (NTF-1)."""

import threading
from collections.abc import Sequence
from datetime import date, datetime
from uuid import uuid5

from services.approvals.application.ledger import Approvals
from services.approvals.projections import digests
from services.approvals.projections.digests import DueZone, Waiting
from shared.contracts.approvals import DecisionsWaited
from shared.database import Connection, keep_stepping
from shared.errors import ConflictLost
from shared.events import Event, Meta
from shared.set_aside import SetAside, SetAsideRow, isolate, passing
from shared.store import CommandContext, Decision


class Digests:
    """A worker. A time zone is looked at once a day, and what was found is written together with that: whatever dies, nobody is
    told twice, and nobody is left out."""

    name = "approvals digests"

    def __init__(self, ledger: Approvals, hour: int, pause: float) -> None:
        """`hour`: from then on, on the approver's clock."""
        self._ledger = ledger
        self._hour = hour
        self._pause = pause
        self._aside = SetAside(ledger.database, self.name)

    def run(self, stop: threading.Event) -> None:
        keep_stepping(stop, self.step, self._pause, worker=self.name, also=(ConflictLost,))

    def step(self, now: datetime | None = None) -> int:
        """Returns how many time zones were looked at. An approver whose digest crashes is set aside alone, for this day (OPS-8)."""
        with self._ledger.database.connection() as conn:
            zones = digests.due(conn, self._hour, now)
        for zone in zones:
            self._look(zone)
        return len(zones)

    def retry(self, row: SetAsideRow, meta: Meta) -> None:  # noqa: ARG002
        """Tell this approver of that day, where something waits still. Raises what it crashes with."""
        zone = DueZone(str(row.about["zone"]), date.fromisoformat(str(row.about["day"])))
        self._tell(zone, [one for one in self._waiting(zone) if one.person == row.subject])

    def drop(self, conn: Connection, row: SetAsideRow) -> None:
        """Nobody is told of that day; the next one is looked at as ever."""

    def _look(self, zone: DueZone) -> None:
        waiting = self._waiting(zone)
        try:
            self._tell(zone, waiting, whole=True)
        except Exception as error:
            if passing(error) or isinstance(error, ConflictLost):
                raise
            isolate(waiting, lambda some: self._tell(zone, some), lambda one, error: self._put(zone, one, error))
            self._tell(zone, (), whole=True)

    def _put(self, zone: DueZone, one: Waiting, error: Exception) -> None:
        if isinstance(error, ConflictLost):
            raise error
        self._aside.put(one.person, "person", error, zone=zone.zone, day=zone.day.isoformat())

    def _waiting(self, zone: DueZone) -> list[Waiting]:
        with self._ledger.database.connection() as conn:
            return digests.waiting(conn, zone)

    def _tell(self, zone: DueZone, waiting: Sequence[Waiting], *, whole: bool = False) -> None:
        """`whole`: nobody else of the zone is to be told on this day."""
        people = [one.person for one in waiting]
        if not people and not whole:
            return

        def told(conn: Connection) -> None:
            digests.told(conn, zone, people)
            if whole:
                digests.looked(conn, zone)
            self._aside.settle(conn, people)

        part = "" if whole else f"/{people[0]}"
        context = CommandContext.system(f"digest/{zone.zone}/{zone.day}{part}", reason_code="timer")
        decision = Decision(tuple(_waited(one, zone) for one in waiting), context.meta())
        self._ledger.record(context, decision, also=told)


def _waited(waiting: Waiting, zone: DueZone) -> Event:
    told = {"person_id": waiting.person, "day": zone.day, "requests": waiting.requests, "oldest": waiting.oldest}
    return DecisionsWaited.unchecked_next(uuid5(waiting.person, f"digest/{zone.day}"), 0, told)
