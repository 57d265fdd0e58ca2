"""The overview: per offering, or per offering and assignment, how many learners there are, in which states, and how many are
overdue (RPT-1, RPT-2)."""

from collections.abc import Iterator
from uuid import UUID

from services.reporting.reports.grammar import Column, Order, Source
from services.reporting.reports.moment import Moment
from services.reporting.reports.parts import (
    BY_OFFERING,
    HELD_BY,
    OFFERED,
    OFFERING,
    OFFERING_FILTER,
    ORGANISATION_FILTER,
    STATES,
    TYPES,
    held_by,
    id_filter,
    learners,
    overdue,
    type_filter,
)
from services.reporting.reports.targets import LABEL, NAME, name_joins


def _column(state: str) -> str:
    return state.replace("-", "_")


def _groups(moment: Moment, where: str) -> str:
    counts = ", ".join(_counts("m", moment))
    assigned = "count(*) FILTER (WHERE m.live) AS assigned"
    return f"SELECT m.offering_id, {assigned}, {counts} FROM standing m WHERE {where} GROUP BY m.offering_id"


def _groups_by_assignment(moment: Moment, where: str) -> str:
    return (
        f"SELECT m.assignment_id, m.offering_id, {', '.join(_counts('s', moment))} FROM membership m "
        f"LEFT JOIN standing s ON s.enrollment_id = m.enrollment_id AND {moment.holds('s')} WHERE {where} "
        "GROUP BY m.assignment_id, m.offering_id"
    )


def _counts(standing: str, moment: Moment) -> Iterator[str]:
    yield "count(*) AS learners"
    for state in STATES:
        yield f"count(*) FILTER (WHERE {standing}.state = '{state}') AS {_column(state)}"
    yield f"count(*) FILTER (WHERE {overdue(standing, moment)}) AS overdue"


OVERVIEW = Source(
    "overview",
    columns=(
        *OFFERING,
        Column("learners", int, always=True),
        Column("assigned", int, always=True),
        *(Column(_column(state), int, always=True) for state in STATES),
        Column("overdue", int, always=True),
    ),
    filters=(OFFERING_FILTER, ORGANISATION_FILTER, held_by(HELD_BY)),
    orders={
        "offering": BY_OFFERING,
        **{name: Order(f"m.{name}", "0") for name in ("assigned", "completed", "overdue")},
    },
    first_order="offering",
    table="standing",
    joins={"o": OFFERED},
    grouped=_groups,
    place="m.offering_id",
    place_type=UUID,
    permitted=learners,
)

OVERVIEW_BY_ASSIGNMENT = Source(
    "overview-by-assignment",
    columns=(
        *OFFERING,
        Column("assignment_id", UUID, always=True),
        Column("assignment_type", str, "a.type", TYPES),
        Column("assignment_type_label", str, LABEL),
        Column("assignment_name", str, NAME),
        Column("include_below", bool, "a.include_below"),
        Column("learners", int, always=True),
        *(Column(_column(state), int, always=True) for state in STATES),
        Column("overdue", int, always=True),
    ),
    filters=(
        OFFERING_FILTER,
        ORGANISATION_FILTER,
        id_filter("assignment_id", "assignment"),
        type_filter("m.assignment_id IN (SELECT a.assignment_id FROM assignment a WHERE a.type = ANY(%(type)s))"),
    ),
    orders={
        "offering": BY_OFFERING,
        "assignment_name": Order(f"coalesce({NAME}, '')", joins=("a", "target")),
        **{name: Order(f"m.{name}", "0") for name in ("learners", "completed", "overdue")},
    },
    first_order="offering",
    table="membership",
    joins={"o": OFFERED, "a": "LEFT JOIN assignment a ON a.assignment_id = m.assignment_id", "target": name_joins},
    grouped=_groups_by_assignment,
    place="m.assignment_id",
    place_type=UUID,
    permitted=learners,
)
"""A learner whom several assignments hold counts in each of their rows, so these do not add up to those of the overview."""
