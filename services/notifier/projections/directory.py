"""People as e-mail depends on them, whether they are active, and the tree that permissions follow (SEC-2)."""

from collections.abc import Sequence
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
from shared.database import Connection
from shared.events import Recorded

Person = tuple[bool, UUID | None]
"""Active, and the home organisation."""


class People:
    """Writes `person_fact` and `unit_fact` from the directory."""

    name: str = "notifier.people"
    source: str = "directory"
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
        for recorded in events:
            match recorded.event:
                case UnitCreated() | UnitMoved() as event:
                    parents[event.originator_id] = event.parent
                case UnitRemoved() as event:
                    parents.pop(event.originator_id, None)
                    removed.add(event.originator_id)
                case PersonRegistered(originator_id=person, home_organisation=home):
                    people[person] = (True, home)
                case PersonMoved(originator_id=person, home_organisation=home):
                    people[person] = (people[person][0], home)
                case PersonDeactivated(originator_id=person):
                    people[person] = (False, people[person][1])
                case PersonReactivated(originator_id=person):
                    people[person] = (True, people[person][1])
        self._write_people(conn, people)
        self._write_units(conn, parents, removed)

    def _known(self, conn: Connection, ids: set[UUID]) -> dict[UUID, Person]:
        rows = conn.execute("SELECT id, active, home FROM person_fact WHERE id = ANY(%s)", [list(ids)])
        return {id: (active, home) for id, active, home in rows}  # type: ignore[misc]

    def _write_people(self, conn: Connection, people: dict[UUID, Person]) -> None:
        conn.execute(
            "INSERT INTO person_fact (id, active, home) SELECT * FROM unnest(%s::uuid[], %s::bool[], %s::uuid[]) "
            "ON CONFLICT (id) DO UPDATE SET active = excluded.active, home = excluded.home",
            [list(people), [p[0] for p in people.values()], [p[1] for p in people.values()]],
        )

    def _write_units(self, conn: Connection, parents: dict[UUID, UUID | None], removed: set[UUID]) -> None:
        conn.execute("DELETE FROM unit_fact WHERE id = ANY(%s)", [list(removed)])
        conn.execute(
            "INSERT INTO unit_fact (id, parent) SELECT * FROM unnest(%s::uuid[], %s::uuid[]) "
            "ON CONFLICT (id) DO UPDATE SET parent = excluded.parent",
            [list(parents), list(parents.values())],
        )
