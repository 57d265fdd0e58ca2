"""People as e-mail depends on them, whether they are active, and the tree that permissions follow (SEC-2)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from shared.contracts.directory import (
    PersonDeactivated,
    PersonMoved,
    PersonReactivated,
    PersonRegistered,
    UnitCreated,
    UnitMoved,
    UnitRemoved,
)
from shared.database import Connection, UuidArray, fetch
from shared.events import Recorded


class Person(NamedTuple):
    """Active, and the home organisation; when they left last, and when they came back after it."""

    active: bool
    home: UUID | None
    left_at: datetime | None = None
    back_at: datetime | None = None


def _person(*, id: UUID, **fields: Any) -> tuple[UUID, Person]:
    return id, Person(**fields)


_GONE = """
UPDATE message m SET state = 'withdrawn', reason = 'reason-gone', revision = m.revision + 1, changed_at = now()
FROM message_check c WHERE m.person_id = ANY(%s) AND m.state IN ('waiting', 'held') AND c.id = m.id AND c.verdict = 'reason-gone'
"""


class People:
    """Writes `person_fact` and `unit_fact` from the directory."""

    name: str = "notifier.people"
    source: str = "directory"
    group: str = "notifier.directory"
    tables: tuple[str, ...] = ("person_fact", "unit_fact")
    types: frozenset[str] = frozenset(
        {
            PersonRegistered.TOPIC,
            PersonMoved.TOPIC,
            PersonDeactivated.TOPIC,
            PersonReactivated.TOPIC,
            UnitCreated.TOPIC,
            UnitMoved.TOPIC,
            UnitRemoved.TOPIC,
        }
    )

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        people = self._known(conn, {r.event.originator_id for r in events})
        parents: dict[UUID, UUID | None] = {}
        removed: set[UUID] = set()
        left: set[UUID] = set()
        for recorded in events:
            match recorded.event:
                case UnitCreated() | UnitMoved() as event:
                    parents[event.originator_id] = event.parent
                case UnitRemoved() as event:
                    parents.pop(event.originator_id, None)
                    removed.add(event.originator_id)
                case PersonRegistered(originator_id=person, home_organisation=home):
                    people[person] = Person(True, home)
                case PersonMoved(originator_id=person, home_organisation=home):
                    people[person] = people[person]._replace(home=home)
                case PersonDeactivated(originator_id=person):
                    people[person] = people[person]._replace(active=False, left_at=recorded.recorded_at, back_at=None)
                    left.add(person)
                case PersonReactivated(originator_id=person):
                    people[person] = people[person]._replace(active=True, back_at=recorded.recorded_at)
        self._write_people(conn, people)
        self._write_units(conn, parents, removed)
        if left:
            conn.execute(_GONE, [UuidArray(sorted(left))])

    def _known(self, conn: Connection, ids: set[UUID]) -> dict[UUID, Person]:
        query = "SELECT id, active, home, left_at, back_at FROM person_fact WHERE id = ANY(%s)"
        return dict(fetch(conn, _person, query, [list(ids)]))

    def _write_people(self, conn: Connection, people: dict[UUID, Person]) -> None:
        conn.execute(
            "INSERT INTO person_fact (id, active, home, left_at, back_at) SELECT * "
            "FROM unnest(%s::uuid[], %s::bool[], %s::uuid[], %s::timestamptz[], %s::timestamptz[]) ON CONFLICT (id) DO UPDATE "
            "SET active = excluded.active, home = excluded.home, left_at = excluded.left_at, back_at = excluded.back_at",
            [list(people), *(list(column) for column in zip(*people.values(), strict=True))] if people else [[]] * 5,
        )

    def _write_units(self, conn: Connection, parents: dict[UUID, UUID | None], removed: set[UUID]) -> None:
        conn.execute("DELETE FROM unit_fact WHERE id = ANY(%s)", [list(removed)])
        conn.execute(
            "INSERT INTO unit_fact (id, parent) SELECT * FROM unnest(%s::uuid[], %s::uuid[]) "
            "ON CONFLICT (id) DO UPDATE SET parent = excluded.parent",
            [list(parents), list(parents.values())],
        )
