"""Registrations with a key that did not come to their end in the request: everything is there afterwards, or nothing (KEY-7)."""

import threading
from datetime import timedelta
from uuid import UUID

from services.keys.application.accounts import Accounts, Unclear
from services.keys.application.ledger import TrainingKeys, clock
from services.keys.application.registration_ledger import RegistrationLedger
from services.keys.projections import redemptions, registrations
from services.keys.projections.registrations import RegistrationRow
from shared import telemetry
from shared.database import Connection, keep_stepping
from shared.errors import Conflict, ConflictLost, Corrupt
from shared.events import Meta
from shared.set_aside import SetAside, SetAsideRow, passing

log = telemetry.logger(__name__)

_CHUNK = 100
_GIVEN_UP = "registration-given-up"
"""The kind of a registration whose request ended before enrollment was asked."""


class RegistrationWorker:
    """Takes back what was begun and not finished, in the directory too, and what enrollment refused; notes what was redeemed.

    `pause`: seconds between two looks; `again`: until the directory is asked again where it does not answer. Idempotent,
    therefore resumable: what is done in the directory is done again under the same command, and noted then.
    """

    name = "keys registrations"

    def __init__(self, ledger: TrainingKeys, accounts: Accounts, *, pause: float, again: float) -> None:
        self._records = RegistrationLedger(ledger)
        self._database = ledger.database
        self._accounts = accounts
        self._pause = pause
        self._again = timedelta(seconds=again)
        self._aside = SetAside(self._database, self.name)

    def run(self, stop: threading.Event) -> None:
        keep_stepping(stop, self.step, self._pause, worker=self.name, also=(Conflict,))

    def step(self) -> int:
        """Returns how many were carried on. Raises ConflictLost where one was overtaken: the next step repeats it."""
        with self._database.connection() as conn:
            rows = registrations.due(conn, self.name, _CHUNK)
        return sum(self._carried_on(row) for row in rows)

    def _carried_on(self, row: RegistrationRow) -> bool:
        try:
            self._carry_on(row)
        except Unclear as reason:
            log.warning("the directory does not take a registration back; trying again", reason=str(reason))
            self._later(row.id)
            return False
        except Exception as error:
            if passing(error) or isinstance(error, ConflictLost):
                raise
            self._aside.put(row.id, "registration", error)
        return True

    def _carry_on(self, row: RegistrationRow) -> None:
        if row.state == "held":
            row = self._records.move(row, "undoing", _GIVEN_UP)
        elif row.state == "reserved":
            with self._database.connection() as conn:
                answered = redemptions.row(conn, row.redemption)
            if answered is None:
                raise Corrupt(f"registration {row.id} is reserved and has no redemption")
            if answered.state == "redeemed":
                self._records.move(row, "redeemed")
                return
            row = self._records.move(row, "undoing", answered.kind)
        self._undo(row)

    def _undo(self, row: RegistrationRow) -> None:
        """First in the directory, then here: as long as the account is there, nobody else gets the key."""
        self._accounts.undo(row.person, f"undo-{row.id}")
        self._records.free(row, row.kind or _GIVEN_UP)

    def _later(self, id: UUID) -> None:
        with self._database.connection() as conn:
            row, now = registrations.row(conn, id), clock(conn)
        if row is not None:
            self._records.move(row, row.state, due=now + self._again)

    def retry(self, row: SetAsideRow, meta: Meta) -> None:  # noqa: ARG002
        """Carry it on once more. Raises what it crashes with."""
        with self._database.connection() as conn:
            found = registrations.row(conn, row.subject)
        if found is not None:
            self._carry_on(found)

    def drop(self, conn: Connection, row: SetAsideRow) -> None:
        """It is given up as it is: a key that is held stays so."""
        conn.execute("UPDATE registration SET due = NULL, state = 'undone' WHERE id = %s", [row.subject])
