"""The record of learning: one row per learner, offering and term, past terms too (LRN-5)."""

from datetime import date, datetime
from uuid import UUID

from services.reporting.reports.completion import ACHIEVED
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
    OFFERING_KINDS,
    ORGANISATION_FILTER,
    PERSON_FILTER,
    STATE_FILTER,
    STATES,
    WHOM,
    OfferingKind,
    assignments,
    held_by,
    learners,
)
from shared.readmodel import cursor_number


def _last_of_each_term(moment: Moment) -> str:
    return (
        f"{moment.until('m')} AND NOT EXISTS (SELECT FROM standing x WHERE x.enrollment_id = m.enrollment_id "
        f"AND x.term = m.term AND x.position > m.position AND {moment.until('x')})"
    )


def _times(moment: Moment) -> str:
    return (
        "LEFT JOIN LATERAL (SELECT min(x.valid_from) FILTER (WHERE x.live) AS assigned_at FROM standing x "
        f"WHERE x.enrollment_id = m.enrollment_id AND x.term = m.term AND {moment.until('x')}) w ON true"
    )


def _result(moment: Moment) -> str:
    """Of the term itself: `r` and `e` are the same here."""
    same = f"enrollment_id = m.enrollment_id AND {{0}}.term = m.term AND {moment.holds('{0}')}"
    return " ".join(f"LEFT JOIN result {alias} ON {alias}.{same.format(alias)}" for alias in ("r", "e"))


_OF_TERM = "membership x WHERE x.person_id = m.person_id AND x.offering_id = m.offering_id AND x.term = m.term AND "

RECORD = Source(
    "record-of-learning",
    columns=(
        Column("enrollment_id", UUID, always=True),
        *LEARNER,
        *OFFERING,
        *ASSIGNMENTS,
        Column("term", int, always=True),
        Column("state", str, "m.state", STATES, always=True),
        Column("assigned_at", datetime, "w.assigned_at"),
        Column("due_on", date),
        *ACHIEVED,
    ),
    filters=(
        OFFERING_FILTER,
        ORGANISATION_FILTER,
        PERSON_FILTER,
        Filter(
            "kind",
            OfferingKind,
            lambda moment: (
                "EXISTS (SELECT FROM offering o WHERE o.offering_id = m.offering_id AND o.kind = ANY(%(kind)s) "
                f"AND {moment.holds('o')})"
            ),
            "choice",
            choices=OFFERING_KINDS,
        ),
        held_by(lambda moment: f"SELECT x.assignment_id FROM {_OF_TERM}{moment.until('x')}"),
        STATE_FILTER,
        NAME_FILTER,
    ),
    orders={"changed_at": Order(), "person": BY_PERSON, "offering": BY_OFFERING},
    first_order="-changed_at",
    table="standing",
    joins={
        **WHOM,
        "t": assignments(f"(SELECT x.assignment_id FROM {_OF_TERM}{{until}}) x"),
        "w": _times,
        "r": _result,
    },
    holds=_last_of_each_term,
    place_type=cursor_number,
    permitted=learners,
    own=True,
)
