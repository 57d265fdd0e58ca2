"""Offerings as e-mails speak of them: title, kind, and which notifications are on (CAT-17)."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from shared.contracts.catalog import (
    NOTIFICATIONS,
    CertificationDescribed,
    CourseDescribed,
    NotificationsSwitched,
    QualificationDescribed,
)
from shared.database import Connection
from shared.events import Recorded


class Offerings:
    """Writes `offering_fact` from the catalogue."""

    name: str = "notifier.offerings"
    source: str = "catalog"
    types: frozenset[str] = frozenset(
        {
            CourseDescribed.TOPIC,
            CertificationDescribed.TOPIC,
            QualificationDescribed.TOPIC,
            NotificationsSwitched.TOPIC,
        }
    )
    kinds: ClassVar[dict[type, str]] = {
        CourseDescribed: "course",
        CertificationDescribed: "certification",
        QualificationDescribed: "qualification",
    }

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        described: dict[UUID, tuple[str, str]] = {}
        switched: dict[UUID, list[str]] = {}
        for recorded in events:
            match recorded.event:
                case CourseDescribed() | CertificationDescribed() | QualificationDescribed() as event:
                    described[event.originator_id] = (event.title, self.kinds[type(event)])
                case NotificationsSwitched() as event:
                    switched[event.originator_id] = sorted(event.on)
        self._describe(conn, described)
        self._switch(conn, switched)

    def _describe(self, conn: Connection, described: dict[UUID, tuple[str, str]]) -> None:
        conn.execute(
            "INSERT INTO offering_fact (id, title, kind, notifications) "
            "SELECT id, title, kind, %s::text[] FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS t (id, title, kind) "
            "ON CONFLICT (id) DO UPDATE SET title = excluded.title, kind = excluded.kind",
            [
                sorted(NOTIFICATIONS),
                list(described),
                [d[0] for d in described.values()],
                [d[1] for d in described.values()],
            ],
        )

    def _switch(self, conn: Connection, switched: dict[UUID, list[str]]) -> None:
        conn.execute(
            "INSERT INTO offering_fact (id, notifications) "
            "SELECT id, string_to_array(n, ' ') FROM unnest(%s::uuid[], %s::text[]) AS t (id, n) "
            "ON CONFLICT (id) DO UPDATE SET notifications = excluded.notifications",
            [list(switched), [" ".join(on) for on in switched.values()]],
        )
