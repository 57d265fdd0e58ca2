"""The overview: per offering how many learners there are, in which states, and how many are overdue (RPT-1)."""

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
    held_by,
    learners,
    overdue,
)


def _column(state: str) -> str:
    return state.replace("-", "_")


def _groups(moment: Moment, where: str) -> str:
    return f"SELECT m.offering_id, {', '.join(_counts(moment))} FROM standing m WHERE {where} GROUP BY m.offering_id"


def _counts(moment: Moment) -> Iterator[str]:
    yield "count(*) AS learners"
    yield "count(*) FILTER (WHERE m.live) AS assigned"
    for state in STATES:
        yield f"count(*) FILTER (WHERE m.state = '{state}') AS {_column(state)}"
    yield f"count(*) FILTER (WHERE {overdue('m', moment)}) AS overdue"


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
