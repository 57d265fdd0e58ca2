"""Which requests look at the facts again."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID, uuid5

from services.approvals.application.state_rows import RECONCILIATION
from services.approvals.projections import facts
from shared.database import Connection, column
from shared.events import Meta
from shared.timers import set_timer

REVIEW = "review"
"""The kind of timer that rings when a completion waits for somebody to look at it (ENR-5)."""


def ring(conn: Connection, requests: Iterable[UUID], meta: Meta) -> None:
    """These requests look at the facts again, soon."""
    now = facts.now(conn)
    for id in sorted(set(requests)):
        set_timer(conn, uuid5(id, RECONCILIATION), now, RECONCILIATION, id, meta)


def ring_found(conn: Connection, condition: str, values: Mapping[str, object], meta: Meta) -> None:
    """All requests that fulfil a condition on `request r`."""
    ring(conn, column(conn, f"SELECT r.id FROM request r WHERE {condition}", UUID, values), meta)


def ring_reviews(conn: Connection, enrollments: Sequence[UUID], meta: Meta) -> None:
    """The completions of these enrollments wait for somebody to look at them."""
    now = facts.now(conn)
    for id in enrollments:
        set_timer(conn, uuid5(id, REVIEW), now, REVIEW, id, meta)
