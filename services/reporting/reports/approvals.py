"""The approvals report: one row per request that somebody has or had to decide (RPT-1, APR-7)."""

from datetime import date, datetime
from typing import get_args
from uuid import UUID

from services.reporting.projections.requests import RequestState
from services.reporting.reports.grammar import Column, Filter, Order, Source
from services.reporting.reports.moment import Moment
from services.reporting.reports.parts import (
    BY_OFFERING,
    BY_PERSON,
    LEARNER,
    NAME_FILTER,
    OFFERING,
    OFFERING_FILTER,
    ORGANISATION_FILTER,
    PERSON_FILTER,
    WHOM,
    learners,
    visible,
)
from shared.contracts.approvals import RequestKind
from shared.readmodel import cursor_number

_KINDS, _STATES = get_args(RequestKind), get_args(RequestState)
_OUTCOMES = ("pending", "fulfilled", "refused", "ended")


def _times(moment: Moment) -> str:
    return (
        "LEFT JOIN LATERAL (SELECT min(x.valid_from) AS asked_at, "
        "min(x.valid_from) FILTER (WHERE x.state <> 'open') AS decided_at FROM request x "
        f"WHERE x.request_id = m.request_id AND {moment.until('x')}) w ON true"
    )


APPROVALS = Source(
    "approvals",
    columns=(
        Column("request_id", UUID, always=True),
        Column("kind", str, "m.kind", _KINDS, always=True),
        *LEARNER,
        *OFFERING,
        Column("due_on", date),
        Column("state", str, "m.state", _STATES, always=True),
        Column("outcome", str, "m.outcome", _OUTCOMES),
        Column("stage", int, always=True),
        Column("stages", int, always=True),
        Column("escalated", bool, always=True),
        Column("asked_at", datetime, "w.asked_at", always=True),
        Column("decided_at", datetime, "w.decided_at"),
        Column("decided_by_id", UUID, "m.decided_by"),
        Column("decided_by", str, "d.first_name || ' ' || d.last_name"),
    ),
    filters=(
        OFFERING_FILTER,
        ORGANISATION_FILTER,
        PERSON_FILTER,
        Filter("kind", RequestKind, "m.kind = ANY(%(kind)s)", "choice", choices=_KINDS),
        Filter("state", RequestState, "m.state = ANY(%(state)s)", "choice", choices=_STATES),
        NAME_FILTER,
    ),
    orders={"changed_at": Order(), "person": BY_PERSON, "offering": BY_OFFERING},
    first_order="-changed_at",
    table="request",
    joins={
        **WHOM,
        "d": f"LEFT JOIN profile d ON d.person_id = m.decided_by AND {visible('m.decided_by')}",
        "w": _times,
    },
    place_type=cursor_number,
    permitted=learners,
)
"""The name of whoever decided is shown of people within the scope only."""
