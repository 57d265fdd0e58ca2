"""Free text that people wrote, kept apart from the events that speak of it (DESIGN 2, DIR-12)."""

import secrets
from collections.abc import Sequence
from uuid import UUID, uuid4

from shared.database import Connection, pairs
from shared.events import TextRef, digest


class Texts:
    """Texts of one command: made before its events, kept in the same transaction (`also=texts.keep`)."""

    def __init__(self) -> None:
        self._rows: list[tuple[UUID, UUID, bytes, str]] = []

    def ref(self, subject: UUID, text: str | None) -> TextRef | None:
        """A reference for the event; None for no text. `subject` is the person whose erasure removes the text."""
        if not text:
            return None
        salt = secrets.token_bytes(16)
        ref = TextRef(id=uuid4(), digest=digest(salt, text))
        self._rows.append((ref.id, subject, salt, text))
        return ref

    def clear(self) -> None:
        """Nothing of it is kept: the command is decided again."""
        self._rows.clear()

    def keep(self, conn: Connection) -> None:
        with conn.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO personal_text (id, subject, salt, text) VALUES (%s, %s, %s, %s)", self._rows
            )


def read(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, str]:
    """The texts that are still there."""
    return dict(pairs(conn, "SELECT id, text FROM personal_text WHERE id = ANY(%s)", UUID, str, [list(ids)]))
