"""Offerings as e-mails speak of them: title, kind, and which notifications are on (CAT-17)."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple
from uuid import UUID

from shared.contracts.catalog import (
    NOTIFICATIONS,
    CertificationDescribed,
    CourseDescribed,
    JobRoleDescribed,
    MailConfigured,
    NotificationsSwitched,
    QualificationDescribed,
)
from shared.database import Connection
from shared.events import Recorded

_CONFIGURE = """
INSERT INTO offering_fact (id, notifications, off, copied, due_reminders, certificate_reminders, access_reminders)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (id) DO UPDATE SET off = excluded.off, copied = excluded.copied, due_reminders = excluded.due_reminders,
    certificate_reminders = excluded.certificate_reminders, access_reminders = excluded.access_reminders
"""
_NAME = "INSERT INTO job_role_fact (id, name) VALUES (%s, %s) ON CONFLICT (id) DO UPDATE SET name = excluded.name"


class _Described(NamedTuple):
    title: str
    kind: str
    badge: str | None
    certified: bool
    """A completion is told of with its certificate's serial, which proves a badge too."""


class Offerings:
    """Writes `offering_fact` from the catalog."""

    name: str = "notifier.offerings"
    source: str = "catalog"
    group: str = "notifier.catalog"
    tables: tuple[str, ...] = ("offering_fact",)
    types: frozenset[str] = frozenset(
        {
            CourseDescribed.TOPIC,
            CertificationDescribed.TOPIC,
            QualificationDescribed.TOPIC,
            NotificationsSwitched.TOPIC,
            MailConfigured.TOPIC,
        }
    )
    kinds: ClassVar[dict[type, str]] = {
        CourseDescribed: "course",
        CertificationDescribed: "certification",
        QualificationDescribed: "qualification",
    }

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        described: dict[UUID, _Described] = {}
        switched: dict[UUID, list[str]] = {}
        configured: dict[UUID, MailConfigured] = {}
        for recorded in events:
            match recorded.event:
                case CourseDescribed() | CertificationDescribed() | QualificationDescribed() as event:
                    certified = bool(event.certificate or event.badge)
                    described[event.originator_id] = _Described(
                        event.title, self.kinds[type(event)], event.badge, certified
                    )
                case NotificationsSwitched() as event:
                    switched[event.originator_id] = sorted(event.on)
                case MailConfigured() as event:
                    configured[event.originator_id] = event
        self._describe(conn, described)
        self._switch(conn, switched)
        for configuration in configured.values():
            self._configure(conn, configuration)

    def _describe(self, conn: Connection, described: dict[UUID, _Described]) -> None:
        conn.execute(
            "INSERT INTO offering_fact (id, title, kind, badge, certified, notifications) "
            "SELECT id, title, kind, badge, certified, %s::text[] "
            "FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::bool[]) AS t (id, title, kind, badge, certified) "
            "ON CONFLICT (id) DO UPDATE SET title = excluded.title, kind = excluded.kind, badge = excluded.badge, "
            "certified = excluded.certified",
            [
                sorted(NOTIFICATIONS),
                list(described),
                *([getattr(d, name) for d in described.values()] for name in _Described._fields),
            ],
        )

    def _switch(self, conn: Connection, switched: dict[UUID, list[str]]) -> None:
        conn.execute(
            "INSERT INTO offering_fact (id, notifications) "
            "SELECT id, string_to_array(n, ' ') FROM unnest(%s::uuid[], %s::text[]) AS t (id, n) "
            "ON CONFLICT (id) DO UPDATE SET notifications = excluded.notifications",
            [list(switched), [" ".join(on) for on in switched.values()]],
        )

    def _configure(self, conn: Connection, event: MailConfigured) -> None:
        reminders = (event.due_reminders, event.certificate_reminders, event.access_reminders)
        days = [None if one is None else list(one) for one in reminders]
        conn.execute(
            _CONFIGURE, [event.originator_id, sorted(NOTIFICATIONS), list(event.off), list(event.copied), *days]
        )


class JobRoleNames:
    """Writes `job_role_fact`. A consumer of its own, so that it reads what lies before it was there; a removed one keeps
    its name."""

    name: str = "notifier.job-role-names"
    source: str = "catalog"
    group: str = "notifier.job-role-names"
    tables: tuple[str, ...] = ("job_role_fact",)
    types: frozenset[str] = frozenset({JobRoleDescribed.TOPIC})

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        for recorded in events:
            if isinstance(event := recorded.event, JobRoleDescribed):
                conn.execute(_NAME, [event.originator_id, event.name])
