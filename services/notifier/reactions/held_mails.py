"""Orders of people to release or drop what is held are carried out, set by set (NTF-3)."""

from collections.abc import Sequence
from uuid import UUID

from services.notifier.projections import held_mails
from shared.database import Connection, column

_CHUNK = 5_000


class HeldMailOrders:
    """Goes on where it was stopped: what is not held any more is not picked again."""

    name = "notifier held mails"
    kind = "order"

    def due(self, conn: Connection) -> list[UUID]:
        return column(conn, "SELECT id FROM held_mail_order WHERE done_at IS NULL", UUID)

    def tell(self, conn: Connection, only: Sequence[UUID] | None) -> int:
        """Returns how many e-mails were released or dropped, and one for an order that came to its end."""
        order = held_mails.open_order(conn, list(only) if only is not None else None, self.name)
        return held_mails.carry_out(conn, order, _CHUNK) or 1 if order else 0
