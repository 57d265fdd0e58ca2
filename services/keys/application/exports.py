"""Exports of keys for distribution: recorded first, then read from the database as a stream (KEY-5)."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID, uuid5

from services.keys.application.ledger import TrainingKeys, clock, course
from services.keys.application.sheets import HEADINGS, ROWS_LIMIT, Line, xlsx_parts
from services.keys.application.vault import Unreadable, Vault
from services.keys.domain.pools import Course, Pool
from services.keys.projections import keys as queries
from services.keys.projections.tables import EXPORT, ExportRow
from shared.auth import Scope
from shared.contracts.keys import ExportFormat, KeysExported, KeyState
from shared.csv_parts import csv_parts
from shared.database import Connection
from shared.errors import Invalid
from shared.store import CommandContext, Decision, Row

_EXPORTS = UUID("bb0cf2f0-0c1e-4f8e-9c0e-55a3a1b3b6c4")
"""The name space of the ids of exports."""
UNREADABLE = "(cannot be read: what it was encrypted with is not in the settings)"
"""What a file says instead of a key, so that nobody takes an empty cell for one."""


@dataclass(frozen=True)
class Export:
    """What was recorded, and what the file is made of."""

    id: UUID
    pool: Pool
    course: Course
    format: ExportFormat
    state: KeyState | None


class Exports:
    """Files of keys. Each is on record before its first byte goes out."""

    def __init__(self, ledger: TrainingKeys, vault: Vault) -> None:
        self._ledger = ledger
        self._vault = vault

    def record(
        self, context: CommandContext, scope: Scope, pool_id: UUID, format: ExportFormat, state: KeyState | None
    ) -> Export:
        """The same command sent again is the same export, and gives the keys that there are by then."""
        _ = self._vault.newest
        with self._ledger.database.connection() as conn:
            pool = self._ledger.pool(conn, scope, pool_id)
            of = course(conn, pool.offering)
            many, now = queries.count(conn, pool_id, state), clock(conn)
        if format == "xlsx" and many >= ROWS_LIMIT:
            raise Invalid(
                f"A workbook has at most {ROWS_LIMIT} rows, and these are {many} keys. Export them as CSV.",
                field="format",
            )
        id = uuid5(_EXPORTS, f"{context.actor}/{context.command_id}")
        if self._ledger.find_receipt(context) is None:
            told = {"pool_id": pool_id, "format": format, "state": state, "keys": many}
            row = Row(EXPORT, ExportRow(id, pool_id, format, state, many, context.actor, now))
            event = KeysExported.unchecked_next(id, 0, told)
            self._ledger.record(context, Decision((event,), context.meta(), inserted=(row,)), {"export_id": str(id)})
        return Export(id, pool, of, format, state)

    def parts(self, conn: Connection, export: Export) -> Iterator[bytes]:
        """The file, as the database and the reader allow; memory does not grow with it."""
        lines = self._lines(conn, export)
        return csv_parts(HEADINGS, lines) if export.format == "csv" else xlsx_parts(HEADINGS, lines)

    def _lines(self, conn: Connection, export: Export) -> Iterator[Line]:
        terms = export.pool.terms
        about = (export.course.title, terms.name, terms.starts.isoformat(), terms.expires.isoformat())
        for key in queries.stored(conn, export.pool.id, export.state):
            try:
                secret = self._vault.open(key.secret)
            except Unreadable:
                secret = UNREADABLE
            yield (secret, *about, key.state, key.added_at.isoformat())
