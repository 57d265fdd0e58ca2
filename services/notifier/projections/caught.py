"""The e-mails that the catcher kept."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from services.notifier.projections.scope import in_scope, scope_parameters
from shared.auth import Scope
from shared.database import Connection, fetch
from shared.folding import fold, trimmed

_LIST = f"""
SELECT id, received_at, person_id, message_id, recipient, subject FROM caught_mail
WHERE (%(before)s::bigint IS NULL OR id < %(before)s) AND (%(person)s::uuid IS NULL OR person_id = %(person)s)
AND (%(to)s::text IS NULL OR recipient_folded = %(to)s) AND {in_scope("person_id")}
ORDER BY id DESC LIMIT %(limit)s
"""
_ONE = f"SELECT raw FROM caught_mail WHERE id = %(id)s AND {in_scope('person_id')}"


class Caught(BaseModel):
    """An e-mail that the catcher took. One without a person id was not sent by this notifier."""

    id: int
    received_at: datetime
    person_id: UUID | None
    message_id: UUID | None
    """The ledger's message, from the Message-ID."""
    recipient: str
    subject: str


def caught(
    conn: Connection, scope: Scope, *, person: UUID | None, to: str | None, before: int | None, limit: int
) -> list[Caught]:
    """Newest first; `to` is the whole address."""
    parameters = {
        "person": person,
        "to": None if to is None else fold(trimmed(to)),
        "before": before,
        "limit": limit,
        **scope_parameters(scope),
    }
    return fetch(conn, Caught, _LIST, parameters)


def raw(conn: Connection, scope: Scope, id: int) -> bytes | None:
    row = conn.execute(_ONE, {"id": id, **scope_parameters(scope)}).fetchone()
    return bytes(row[0]) if row and isinstance(row[0], bytes) else None
