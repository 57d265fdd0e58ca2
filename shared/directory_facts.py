"""People and units of the directory as facts of another service: ids and structure, no names of people (DESIGN 2).

Whoever uses it has the tables `person_fact (id, revision, active, home)`, `unit_fact (id, revision, kind, parent, name)` and
`unit_above (unit, above)`, each unit with itself and everything above it.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from shared.contracts.directory import (
    PersonDeactivated,
    PersonMoved,
    PersonReactivated,
    PersonRegistered,
    UnitCreated,
    UnitMoved,
    UnitRemoved,
    UnitRenamed,
)
from shared.database import Connection, column, fetch
from shared.events import Recorded

PEOPLE = (PersonRegistered, PersonMoved, PersonDeactivated, PersonReactivated)
UNITS = (UnitCreated, UnitMoved, UnitRenamed, UnitRemoved)


class _Person(NamedTuple):
    id: UUID
    revision: int
    active: bool
    home: UUID | None


class _Unit(NamedTuple):
    id: UUID
    revision: int
    kind: str
    parent: UUID | None
    name: str


def save_people(conn: Connection, events: Sequence[Recorded]) -> set[UUID]:
    """Into `person_fact`; returns whom it was about."""
    changes = [recorded.event for recorded in events if isinstance(recorded.event, PEOPLE)]
    if not changes:
        return set()
    query = "SELECT id, revision, active, home FROM person_fact WHERE id = ANY(%s)"
    known = {row.id: row for row in fetch(conn, _Person, query, [[event.originator_id for event in changes]])}
    for event in changes:
        id = event.originator_id
        now = known.get(id) or _Person(id, 0, True, None)
        match event:
            case PersonRegistered() | PersonMoved():
                now = now._replace(home=event.home_organisation)
            case PersonDeactivated() | PersonReactivated():
                now = now._replace(active=isinstance(event, PersonReactivated))
        known[id] = now._replace(revision=event.originator_version)
    conn.execute(
        "INSERT INTO person_fact (id, revision, active, home) "
        "SELECT * FROM unnest(%s::uuid[], %s::int8[], %s::bool[], %s::uuid[]) "
        "ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, active = excluded.active, home = excluded.home",
        [list(values) for values in zip(*known.values(), strict=True)],
    )
    return set(known)


def save_units(conn: Connection, events: Sequence[Recorded]) -> None:
    """Into `unit_fact`, and what is above each into `unit_above`, with everything below a unit that moved."""
    changes = [recorded.event for recorded in events if isinstance(recorded.event, UNITS)]
    if not changes:
        return
    query = "SELECT id, revision, kind, parent, name FROM unit_fact WHERE id = ANY(%s)"
    known = {row.id: row for row in fetch(conn, _Unit, query, [[event.originator_id for event in changes]])}
    removed: set[UUID] = set()
    for event in changes:
        id, revision = event.originator_id, event.originator_version
        match event:
            case UnitCreated():
                known[id] = _Unit(id, revision, event.kind, event.parent, event.name)
            case UnitMoved():
                known[id] = known[id]._replace(parent=event.parent, revision=revision)
            case UnitRenamed():
                known[id] = known[id]._replace(name=event.name, revision=revision)
            case UnitRemoved():
                removed.add(id)
    kept = [unit for id, unit in known.items() if id not in removed]
    if kept:
        conn.execute(
            "INSERT INTO unit_fact (id, revision, kind, parent, name) "
            "SELECT * FROM unnest(%s::uuid[], %s::int8[], %s::text[], %s::uuid[], %s::text[]) "
            "ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, parent = excluded.parent, name = excluded.name",
            [list(values) for values in zip(*kept, strict=True)],
        )
    conn.execute("DELETE FROM unit_fact WHERE id = ANY(%s)", [list(removed)])
    conn.execute("DELETE FROM unit_above WHERE unit = ANY(%s)", [list(removed)])
    _place(conn, [unit.id for unit in kept])


def _place(conn: Connection, units: Sequence[UUID]) -> None:
    moved = column(
        conn,
        "WITH RECURSIVE moved (id) AS (SELECT unnest(%s::uuid[]) "
        "UNION SELECT u.id FROM moved JOIN unit_fact u ON u.parent = moved.id) SELECT id FROM moved",
        UUID,
        [list(units)],
    )
    conn.execute("DELETE FROM unit_above WHERE unit = ANY(%s)", [moved])
    conn.execute(
        "INSERT INTO unit_above (unit, above) WITH RECURSIVE up (unit, above) AS ("
        "SELECT id, id FROM unit_fact WHERE id = ANY(%s) "
        "UNION SELECT up.unit, u.parent FROM up JOIN unit_fact u ON u.id = up.above WHERE u.parent IS NOT NULL) "
        "SELECT unit, above FROM up",
        [moved],
    )
