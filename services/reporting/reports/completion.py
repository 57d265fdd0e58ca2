"""The completion report: one row per learner and offering: state, dates, version, score (RPT-1)."""

from datetime import date, datetime
from uuid import UUID

from services.reporting.reports.grammar import Column, Filter, Order, Source
from services.reporting.reports.moment import Moment
from services.reporting.reports.parts import (
    ASSIGNMENTS,
    BY_OFFERING,
    BY_PERSON,
    HELD_BY,
    LEARNER,
    NAME_FILTER,
    OFFERING,
    OFFERING_FILTER,
    ORGANISATION_FILTER,
    PERSON_FILTER,
    STATE_FILTER,
    STATES,
    WHOM,
    assignments,
    day_filters,
    flag_filter,
    held_by,
    learners,
    overdue,
)
from shared.limits import Day


def _result(moment: Moment) -> str:
    """The completion on record, which may be an earlier term's, and the last exam of the term."""
    return (
        "LEFT JOIN LATERAL (SELECT x.* FROM result x WHERE x.enrollment_id = m.enrollment_id AND m.completed "
        f"AND x.completed_at IS NOT NULL AND {moment.holds('x')} ORDER BY x.term DESC LIMIT 1) r ON true "
        f"LEFT JOIN result e ON e.enrollment_id = m.enrollment_id AND e.term = m.term AND {moment.holds('e')}"
    )


def _times(moment: Moment) -> str:
    return (
        "LEFT JOIN LATERAL (SELECT min(x.valid_from) FILTER (WHERE x.live) AS assigned_at, "
        "min(x.valid_from) FILTER (WHERE x.begun) AS begun_at FROM standing x "
        f"WHERE x.enrollment_id = m.enrollment_id AND x.term = m.term AND {moment.until('x')}) w ON true"
    )


def _expired(moment: Moment) -> str:
    return f"coalesce(r.valid_until < {moment.day}, false)"


def _completed_month(moment: Moment) -> str:
    """Of the completion on record, in UTC."""
    return (
        "coalesce((SELECT to_char(x.completed_at AT TIME ZONE 'UTC', 'YYYY-MM') FROM result x "
        "WHERE x.enrollment_id = m.enrollment_id AND m.completed AND x.completed_at IS NOT NULL "
        f"AND {moment.holds('x')} ORDER BY x.term DESC LIMIT 1), 'none')"
    )


def _on_record(filter: Filter) -> Filter:
    """A condition on `x`, the completion on record, whose dates the columns show."""
    condition = filter.sql
    assert isinstance(condition, str)

    def asked(moment: Moment) -> str:
        return (
            "EXISTS (SELECT FROM result x WHERE x.enrollment_id = m.enrollment_id AND m.completed "
            f"AND x.completed_at IS NOT NULL AND {moment.holds('x')} AND {condition} "
            "AND NOT EXISTS (SELECT FROM result y WHERE y.enrollment_id = x.enrollment_id AND y.term > x.term "
            f"AND y.completed_at IS NOT NULL AND {moment.holds('y')}))"
        )

    return Filter(filter.name, Day, asked, "day", filter.about)


ACHIEVED = (
    Column("completed_at", datetime, "r.completed_at"),
    Column("recorded", str, "r.recorded", ("by-hand", "imported")),
    Column("version", int, "r.version"),
    Column("score", int, "coalesce(e.score, r.score)"),
    Column("valid_until", date, "r.valid_until"),
    Column("expired", bool, _expired, always=True),
    Column("serial", str, "r.serial"),
)

COMPLETION = Source(
    "completion",
    columns=(
        Column("enrollment_id", UUID, always=True),
        *LEARNER,
        *OFFERING,
        *ASSIGNMENTS,
        Column("term", int, always=True),
        Column("state", str, "m.state", STATES, always=True),
        Column("assigned_at", datetime, "w.assigned_at"),
        Column("begun_at", datetime, "w.begun_at"),
        Column("due_on", date),
        Column("overdue", bool, lambda moment: f"coalesce({overdue('m', moment)}, false)", always=True),
        *ACHIEVED,
    ),
    filters=(
        OFFERING_FILTER,
        ORGANISATION_FILTER,
        PERSON_FILTER,
        held_by(HELD_BY),
        STATE_FILTER,
        *day_filters("due", "m.due_on"),
        flag_filter("overdue", lambda moment: overdue("m", moment)),
        *map(_on_record, day_filters("completed", "x.completed_at", instant=True)),
        *map(_on_record, day_filters("valid", "x.valid_until")),
        NAME_FILTER,
    ),
    orders={
        "person": BY_PERSON,
        "offering": BY_OFFERING,
        "due_on": Order("coalesce(m.due_on, 'infinity')", "'-infinity'::date"),
        "enrollment": Order(),
    },
    first_order="person",
    table="standing",
    joins={
        **WHOM,
        "t": assignments(
            "(SELECT x.assignment_id FROM membership x WHERE x.person_id = m.person_id AND x.offering_id = m.offering_id "
            "AND {x}) x"
        ),
        "w": _times,
        "r": _result,
    },
    parts={"state": "m.state", "completed_month": _completed_month},
    place="m.enrollment_id",
    place_type=UUID,
    permitted=learners,
)
