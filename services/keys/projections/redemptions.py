"""Redemptions, as the learner who entered the key sees them (KEY-6)."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from services.keys.projections.tables import REDEMPTION, RedemptionRow, RedemptionState
from shared.database import Connection, fetch_one


class RedemptionView(BaseModel):
    """What became of an entered key.

    `reserved`: enrollment has not answered yet. `redeemed`: the assignment is there; `enrollment_id` once it holds the learner,
    or waits for what `held_by` says. `released`: refused, as `kind` and `detail` say; the key is unused.
    """

    id: UUID
    state: RedemptionState
    offering_id: UUID
    offering_title: str | None
    assignment_id: UUID | None
    enrollment_id: UUID | None
    held_by: Literal["payment", "exception"] | None
    kind: str | None
    detail: str | None
    at: datetime

    @property
    def told(self) -> bool:
        """Nothing more is to be waited for."""
        return self.state == "released" or self.enrollment_id is not None


_SELECT = """
SELECT r.id, r.state, r.offering AS offering_id, o.title AS offering_title, r.assignment AS assignment_id,
    g.enrollment AS enrollment_id,
    CASE WHEN g.awaits_exception THEN 'exception' WHEN g.awaits_payment THEN 'payment' END AS held_by,
    r.kind, a.detail, r.at
FROM redemption r LEFT JOIN offering_fact o ON o.id = r.offering LEFT JOIN admission a ON a.redemption = r.id
LEFT JOIN grant_fact g ON g.assignment = r.assignment
WHERE r.id = %s AND r.person = %s
"""


def view(conn: Connection, id: UUID, person: UUID) -> RedemptionView | None:
    """None where there is none, or somebody else's."""
    return fetch_one(conn, RedemptionView, _SELECT, [id, person])


def row(conn: Connection, id: UUID) -> RedemptionRow | None:
    return fetch_one(conn, RedemptionRow, f"SELECT {REDEMPTION.select()} FROM redemption WHERE id = %s", [id])
