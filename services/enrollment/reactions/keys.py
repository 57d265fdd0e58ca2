"""What keys' events mean here: a reserved key becomes an assignment, named by its pool; a revoked one ends it (KEY-4, KEY-12)."""

from collections.abc import Sequence
from uuid import uuid5

from services.enrollment.projections import admissions, tables
from services.enrollment.projections.admissions import AdmissionRow
from services.enrollment.reactions.approvals import admit
from shared.contracts.keys import KeyReserved, KeyRevoked, PoolDescribed
from shared.database import Connection
from shared.events import Recorded


class KeyFacts:
    """Takes the events of keys."""

    name = "enrollment keys"
    source = "keys"
    group = "enrollment.keys"
    tables: tuple[str, ...] = ("pool_fact", "redemption_fact")
    types = frozenset({PoolDescribed.TOPIC, KeyReserved.TOPIC, KeyRevoked.TOPIC})

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        for recorded in events:
            event = recorded.event
            if isinstance(event, PoolDescribed):
                admissions.named(conn, event.originator_id, event.name)
            elif isinstance(event, KeyReserved):
                admissions.redeemed(conn, event.redemption_id, event.pool_id)
                row = AdmissionRow(
                    origin=event.redemption_id,
                    kind="key",
                    person=event.person_id,
                    offering=event.offering_id,
                    asked_at=recorded.recorded_at,
                    access_days=event.access_days,
                )
                admit(conn, row, recorded, self.source)
            elif isinstance(event, KeyRevoked) and event.end_assignment and event.assignment_id and event.person_id:
                ended = tables.assignments(conn, [event.assignment_id])[event.assignment_id]
                row = AdmissionRow(
                    origin=uuid5(event.originator_id, f"revoked/{event.originator_version}"),
                    kind="revocation",
                    person=event.person_id,
                    offering=ended.offering,
                    asked_at=recorded.recorded_at,
                    assignment=event.assignment_id,
                    override=event.override,
                )
                admit(conn, row, recorded, self.source)
