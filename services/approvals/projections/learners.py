"""Who asks, for whoever decides: where they belong, who leads them, and how their training stands (APR-1)."""

from collections.abc import Sequence
from datetime import date
from typing import Literal, NamedTuple
from uuid import UUID

from pydantic import BaseModel

from shared.database import Connection, column, fetch, fetch_one


class LearnerView(BaseModel):
    """Somebody who asks. Names are None where the directory has not told them yet."""

    organisation: str | None
    managers: list[str]
    state: Literal["live", "pending", "completed", "over"] | None
    """On the offering; `pending`: completed, waiting for a review; None: never on it."""
    valid_until: date | None
    """The last day of a completion, where it has one."""
    under_way: int
    """On how many offerings training is under way."""
    overdue: int
    """How many of these are overdue."""


class _Training(NamedTuple):
    under_way: int
    overdue: int


class _Standing(NamedTuple):
    person: UUID
    offering: UUID
    due_on: date | None


_ORGANISATION = "SELECT u.name FROM person_fact p JOIN unit_fact u ON u.id = p.home WHERE p.id = %s"
_MANAGERS = (
    "SELECT f.first_name || ' ' || f.last_name AS name FROM profile f JOIN person_fact p ON p.id = f.person_id AND p.active "
    "WHERE f.person_id IN (SELECT manager FROM current_manager WHERE person = %s) ORDER BY name"
)
_TRAINING = (
    "SELECT count(*) AS under_way, count(*) FILTER (WHERE due_on < today()) AS overdue "
    "FROM enrollment_fact WHERE person = %s AND state = 'live'"
)
_DUE = (
    "SELECT e.person, e.offering, e.due_on FROM enrollment_fact e "
    "JOIN unnest(%s::uuid[], %s::uuid[]) AS asked (person, offering) USING (person, offering)"
)


class Stands(NamedTuple):
    """On the offering that a request is about."""

    state: Literal["live", "pending", "completed", "over"]
    valid_until: date | None


def learner(conn: Connection, person: UUID, stands: Stands | None) -> LearnerView:
    training = fetch_one(conn, _Training, _TRAINING, [person]) or _Training(0, 0)
    return LearnerView(
        organisation=next(iter(column(conn, _ORGANISATION, str, [person])), None),
        managers=column(conn, _MANAGERS, str, [person]),
        state=stands.state if stands else None,
        valid_until=stands.valid_until if stands else None,
        **training._asdict(),
    )


def due_days(
    conn: Connection, people: Sequence[UUID], offerings: Sequence[UUID]
) -> dict[tuple[UUID, UUID], date | None]:
    """The due day of each pair of a learner and an offering."""
    return {
        (row.person, row.offering): row.due_on for row in fetch(conn, _Standing, _DUE, [list(people), list(offerings)])
    }
