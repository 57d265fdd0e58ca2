"""The exceptions report: one row per learner held back on an offering, with what became of it (RPT-1, DUE-4 to DUE-6)."""

from datetime import datetime
from typing import get_args
from uuid import UUID

from services.reporting.projections.exceptions import ExceptionCase
from services.reporting.reports.grammar import Column, Filter, Order, Source
from services.reporting.reports.moment import Moment
from services.reporting.reports.parts import (
    ASSIGNMENTS,
    BY_OFFERING,
    BY_PERSON,
    LEARNER,
    NAME_FILTER,
    OFFERING,
    OFFERING_FILTER,
    ORGANISATION_FILTER,
    PERSON_FILTER,
    WHOM,
    assignments,
    held_by,
    learners,
)
from shared.contracts.enrollment import ExceptionKind
from shared.readmodel import cursor_number

_WAITING = "SELECT unnest(m.assignments)"
_CASES = get_args(ExceptionCase)


def _raised(moment: Moment) -> str:
    return (
        "LEFT JOIN LATERAL (SELECT min(x.valid_from) AS raised_at FROM learner_exception x "
        f"WHERE x.enrollment_id = m.enrollment_id AND x.raised_in = m.raised_in AND {moment.until('x')}) w ON true"
    )


EXCEPTIONS = Source(
    "exceptions",
    columns=(
        Column("enrollment_id", UUID, always=True),
        *LEARNER,
        *OFFERING,
        *ASSIGNMENTS,
        Column("kinds", str, "array_to_string(m.kinds, ', ')", always=True),
        Column("state", str, "m.state", _CASES, always=True),
        Column("raised_at", datetime, "w.raised_at", always=True),
        Column("changed_at", datetime, "m.valid_from", always=True),
    ),
    filters=(
        OFFERING_FILTER,
        ORGANISATION_FILTER,
        PERSON_FILTER,
        held_by(_WAITING),
        Filter("kind", ExceptionKind, "m.kinds && %(kind)s::text[]", "choice", choices=get_args(ExceptionKind)),
        Filter("state", ExceptionCase, "m.state = ANY(%(state)s)", "choice", choices=_CASES),
        NAME_FILTER,
    ),
    orders={"changed_at": Order(), "person": BY_PERSON, "offering": BY_OFFERING},
    first_order="-changed_at",
    table="learner_exception",
    joins={**WHOM, "t": assignments("unnest(m.assignments) AS x (assignment_id)"), "w": _raised},
    place_type=cursor_number,
    permitted=learners,
)
