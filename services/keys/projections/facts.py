"""Facts of directory and catalog: who people are, where they belong, and how courses stand. Each table has one source."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from shared.database import Connection, fetch, fetch_one


class OfferingFact(NamedTuple):
    """`access_days` None: as organisations set it."""

    id: UUID
    kind: str
    title: str
    active: bool
    access_days: int | None


def offerings(conn: Connection, ids: Iterable[UUID]) -> dict[UUID, OfferingFact]:
    query = "SELECT id, kind, title, active, access_days FROM offering_fact WHERE id = ANY(%s)"
    return {row.id: row for row in fetch(conn, OfferingFact, query, [list(ids)])}


def save_offerings(conn: Connection, rows: Sequence[OfferingFact]) -> None:
    columns = {"id": "uuid", "kind": "text", "title": "text", "active": "bool", "access_days": "int4"}
    _save(conn, "offering_fact", columns, rows)


def _save(conn: Connection, table: str, columns: Mapping[str, str], rows: Sequence[tuple[object, ...]]) -> None:
    """Whole rows; the first column is the key."""
    if not rows:
        return
    id, *rest = columns
    arrays = ", ".join(f"%s::{type}[]" for type in columns.values())
    changes = ", ".join(f"{name} = excluded.{name}" for name in rest)
    conn.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT * FROM unnest({arrays}) "
        f"ON CONFLICT ({id}) DO UPDATE SET {changes}".encode(),
        [list(values) for values in zip(*rows, strict=True)],
    )


class Belonging(NamedTuple):
    """A person as a pool sees one. `belongs`: the home organisation is the pool's, or one below where the pool is shared."""

    active: bool
    belongs: bool


def belonging(conn: Connection, person: UUID, organisation: UUID, *, share_below: bool) -> Belonging | None:
    """None for somebody whom the directory has not told of yet."""
    query = (
        "SELECT active, coalesce(home = %(organisation)s OR (%(below)s AND EXISTS ("
        "SELECT FROM unit_above u WHERE u.unit = p.home AND u.above = %(organisation)s)), false) AS belongs "
        "FROM person_fact p WHERE id = %(person)s"
    )
    values = {"person": person, "organisation": organisation, "below": share_below}
    return fetch_one(conn, Belonging, query, values)
