"""How registrations with a key are recorded, each change of one together with what happens to its key (KEY-7)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from services.keys.application.ledger import TrainingKeys, clock
from services.keys.application.rows import after, key_row
from services.keys.domain import keys
from services.keys.projections import keys as key_queries
from services.keys.projections.registrations import REGISTRATION, RegistrationRow, RegistrationState
from services.keys.projections.tables import REDEMPTION, KeyRow, RedemptionRow
from shared.errors import ConflictLost, Corrupt
from shared.events import Event
from shared.store import CommandContext, Decision, Revision, Row

_REASON = "registration"


class RegistrationLedger:
    """How a registration is recorded, by whoever carries it on: each change of its row together with what happens to the key."""

    def __init__(self, ledger: TrainingKeys) -> None:
        self.ledger = ledger
        self.database = ledger.database

    def key(self, id: UUID) -> tuple[keys.Key, KeyRow]:
        with self.database.connection() as conn:
            row = key_queries.row(conn, id)
        if row is None:
            raise Corrupt(f"key {id} has no row")
        return self.ledger.key_of(id), row

    def record(
        self,
        row: RegistrationRow,
        *,
        events: Sequence[Event] = (),
        new: Sequence[Row] = (),
        changed: Sequence[Row] = (),
    ) -> None:
        """The registration's row, as it is from now on, with the events of its key and further rows, `new` and `changed`.

        Raises ConflictLost where somebody else carried it on meanwhile.
        """
        mark, mine = str(uuid4()), (Row(REGISTRATION, row),)
        context = CommandContext(
            row.person, command_id=f"registration/{row.id}/{row.revision}", correlation=row.batch, reason_code=_REASON
        )
        begins = row.revision == 1
        decision = Decision(
            tuple(events),
            context.meta(),
            inserted=(*(mine if begins else ()), *new),
            updated=(*(() if begins else mine), *changed),
            preconditions=(Revision(REGISTRATION.name, row.id, row.revision - 1),),
        )
        if self.ledger.record(context, decision, mark).result != mark:
            raise ConflictLost("This registration went on elsewhere.", kind="registration-given-up")

    def move(
        self, row: RegistrationRow, state: RegistrationState, kind: str | None = None, due: datetime | None = None
    ) -> RegistrationRow:
        """Into its next state; nothing happens to the key."""
        moved = _moved(row, state, kind)._replace(due=due)
        self.record(moved)
        return moved

    def free(self, row: RegistrationRow, kind: str) -> None:
        """It comes to nothing: the key is free, unless it is already."""
        key, before = self.key(row.key)
        with self.database.connection() as conn:
            now = clock(conn)
        events = keys.release(key, row.redemption, kind)
        self.record(
            _moved(row, "undone", kind),
            events=events,
            changed=[key_row(before, after(key, events), now)] if events else (),
        )

    def reserve(self, row: RegistrationRow) -> RegistrationRow:
        """The account is made, and enrollment is asked. Raises ConflictLost where it is being taken back already."""
        key, before = self.key(row.key)
        pool = self.ledger.pool_of(key.pool)
        with self.database.connection() as conn:
            now = clock(conn)
        reserved = _moved(row, "reserved")
        redemption = RedemptionRow(row.redemption, 1, row.key, row.person, pool.offering, "reserved", None, None, now)
        events = keys.reserve_held(key, pool, row.redemption, row.person)
        self.record(
            reserved,
            events=events,
            new=[Row(REDEMPTION, redemption)],
            changed=[key_row(before, after(key, events), now)],
        )
        return reserved


def _moved(row: RegistrationRow, state: RegistrationState, kind: str | None = None) -> RegistrationRow:
    return row._replace(revision=row.revision + 1, state=state, kind=kind or row.kind, due=None)
