"""What offerings' pages say of them."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from shared.database import Connection, pairs


class OfferingText(NamedTuple):
    """A row of `offering_text`."""

    id: UUID
    revision: int
    description: str


def save(conn: Connection, rows: Iterable[OfferingText]) -> None:
    """Whatever comes first, the newest revision stays."""
    for row in rows:
        conn.execute(
            "INSERT INTO offering_text (id, revision, description) VALUES (%s, %s, %s) ON CONFLICT (id) DO UPDATE "
            "SET revision = excluded.revision, description = excluded.description "
            "WHERE offering_text.revision < excluded.revision",
            row,
        )


def descriptions(conn: Connection, ids: Iterable[UUID]) -> Mapping[UUID, str]:
    """Those that are known by now."""
    return dict(pairs(conn, "SELECT id, description FROM offering_text WHERE id = ANY(%s)", UUID, str, [list(ids)]))
