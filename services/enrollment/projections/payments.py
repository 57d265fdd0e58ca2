"""Orders, and the notices of the payment provider: what it said, and what came of it (ENR-2)."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from psycopg.rows import class_row
from pydantic import BaseModel

from shared.contracts.catalog import Price
from shared.database import Connection

_AFTER = {"paid": ("open", "failed"), "failed": ("open",), "refunded": ("paid",)}
"""Notices may overtake one another: money that came after a failure came."""

FORGOTTEN = {
    "payment notices": "DELETE FROM payment_notice WHERE outcome <> 'taken' "
    "AND received_at < now() - make_interval(days => %(days)s)"
}
"""Notices that changed nothing are kept as long as commands are."""


class Order(BaseModel):
    """An order for one term. `state`: open, paid, failed or refunded."""

    id: UUID
    enrollment: UUID
    term: int
    amount: Decimal
    currency: str
    state: str
    checkout: str
    """Where it is paid."""
    created_at: datetime

    def allows(self, kind: str) -> bool:
        """Whether a notice of this kind says something new of it."""
        return self.state in _AFTER[kind]

    def expects(self, kind: str) -> bool:
        """Whether a notice of this kind may say something new once another has come."""
        return kind == "refunded" and self.state in ("open", "failed")


def find(conn: Connection, id: UUID) -> Order | None:
    with conn.cursor(row_factory=class_row(Order)) as cursor:
        return cursor.execute("SELECT * FROM purchase WHERE id = %s", [id]).fetchone()


def of(conn: Connection, enrollment: UUID) -> list[Order]:
    """List the orders of an enrollment, oldest first. An enrollment has few."""
    with conn.cursor(row_factory=class_row(Order)) as cursor:
        return cursor.execute(
            "SELECT * FROM purchase WHERE enrollment = %s ORDER BY created_at, id", [enrollment]
        ).fetchall()


def place(conn: Connection, id: UUID, enrollment: UUID, *, term: int, price: Price, checkout: str) -> None:
    conn.execute(
        "INSERT INTO purchase (id, enrollment, term, amount, currency, state, checkout, created_at) "
        "VALUES (%s, %s, %s, %s, %s, 'open', %s, clock_timestamp())",
        [id, enrollment, term, price.amount, price.currency, checkout],
    )


def settle(conn: Connection, id: UUID, state: str) -> None:
    conn.execute("UPDATE purchase SET state = %s WHERE id = %s", [state, id])


def noticed(conn: Connection, id: str) -> str | None:
    """What came of this notice when it came before."""
    row = conn.execute("SELECT outcome FROM payment_notice WHERE id = %s", [id]).fetchone()
    return str(row[0]) if row else None


def note(conn: Connection, id: str, order: UUID | None, *, kind: str | None, outcome: str) -> str:
    """Keep what came of a notice. Returns what is on record: of one that came twice at once, the first outcome."""
    conn.execute(
        "INSERT INTO payment_notice (id, purchase, kind, outcome) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [id, order, kind, outcome],
    )
    return noticed(conn, id) or outcome
