"""The billing report: course assignments by home organisation and month, those that were cancelled left out (ASG-19)."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from uuid import UUID

from services.reporting.reports.grammar import Column, Filter, Order, Source
from services.reporting.reports.moment import Moment
from services.reporting.reports.parts import OFFERED, OFFERING_FILTER, below
from shared.auth import Scope
from shared.errors import Invalid
from shared.limits import Month, check_day


def _groups(moment: Moment, where: str) -> str:
    """By month in UTC, by the home organisation that the learner had at that time, and by course."""
    cancelled = moment.until("c")
    return (
        "SELECT to_char(m.valid_from AT TIME ZONE 'UTC', 'YYYY-MM') AS month, "
        "p.home_organisation AS home_organisation_id, m.offering_id, count(*) AS created, count(c.position) AS cancelled "
        "FROM membership m "
        f"JOIN offering o ON o.offering_id = m.offering_id AND o.kind = 'course' AND {moment.holds('o')} "
        "LEFT JOIN person p ON p.person_id = m.person_id AND p.valid_from <= m.valid_from "
        "AND (p.valid_to IS NULL OR p.valid_to > m.valid_from) "
        "LEFT JOIN cancellation c ON c.enrollment_id = m.enrollment_id AND c.assignment_id = m.assignment_id "
        f"AND c.valid_from = m.valid_to AND {cancelled} "
        f"WHERE {where} GROUP BY 1, 2, 3"
    )


def _permitted(scope: Scope) -> Iterator[str]:
    if not scope.everything:
        yield f"p.home_organisation IN ({below('unnest(%(scope)s::uuid[])', Moment())})"


def _bounds(month: object) -> Mapping[str, object]:
    """`month` as 2026-11, in UTC."""
    try:
        first = check_day(date.fromisoformat(f"{month}-01"), "month")
    except ValueError:
        raise Invalid("Use the format YYYY-MM, such as 2026-11.", field="month") from None
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    starts = {"month_first": first, "month_after": after}
    return {name: datetime(day.year, day.month, 1, tzinfo=UTC) for name, day in starts.items()}


BILLING = Source(
    "billing",
    columns=(
        Column("month", str, always=True),
        Column("home_organisation_id", UUID),
        Column("home_organisation", str, "h.name"),
        Column("offering_id", UUID, always=True),
        Column("offering_code", str, "o.code"),
        Column("offering_title", str, "o.title"),
        Column("created", int, always=True),
        Column("cancelled", int, always=True),
        Column("billed", int, "m.created - m.cancelled", always=True),
    ),
    filters=(
        Filter(
            "month",
            Month,
            "m.valid_from >= %(month_first)s AND m.valid_from < %(month_after)s",
            "text",
            "The month of creation, in UTC",
            values=_bounds,
        ),
        OFFERING_FILTER,
        Filter(
            "organisation_id",
            UUID,
            lambda moment: f"p.home_organisation IN ({below('CAST(%(organisation_id)s AS uuid)', moment)})",
            "id",
            "Home organisation at the time of creation, and everything below it",
            refers="organisation",
        ),
    ),
    orders={"month": Order(), "billed": Order("m.created - m.cancelled", "-1")},
    first_order="month",
    table="membership",
    joins={
        "o": OFFERED,
        "h": lambda moment: f"LEFT JOIN unit h ON h.unit_id = m.home_organisation_id AND {moment.holds('h')}",
    },
    holds=lambda moment: moment.until("m"),
    grouped=_groups,
    place="""(m.month || ' ' || coalesce(m.home_organisation_id::text, '') || ' ' || m.offering_id) COLLATE "C" """,
    permitted=_permitted,
)
