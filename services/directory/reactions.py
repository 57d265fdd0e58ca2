"""What enrollment's events mean here: which units still have assignments."""

from collections.abc import Sequence
from uuid import UUID

from shared.contracts.enrollment import AssignmentCreated, AssignmentRemoved
from shared.database import Connection
from shared.events import Recorded


class AssignmentFacts:
    """Keeps the live assignments."""

    name = "directory assignments"
    source = "enrollment"
    group = "directory.enrollment"
    tables: tuple[str, ...] = ("assignment_fact",)
    types = frozenset({AssignmentCreated.TOPIC, AssignmentRemoved.TOPIC})

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        live: dict[UUID, UUID | None] = {}
        for event in (recorded.event for recorded in events):
            live[event.originator_id] = event.target_id if isinstance(event, AssignmentCreated) else None
        created = [(id, target) for id, target in live.items() if target]
        conn.execute(
            "INSERT INTO assignment_fact (id, target) SELECT * FROM unnest(%s::uuid[], %s::uuid[]) ON CONFLICT DO NOTHING",
            [[id for id, _ in created], [target for _, target in created]],
        )
        conn.execute("DELETE FROM assignment_fact WHERE id = ANY(%s)", [[id for id, t in live.items() if t is None]])
