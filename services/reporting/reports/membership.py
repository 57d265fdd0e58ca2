"""The membership report: one row per learner and assignment that holds the learner (RPT-1, RPT-2)."""

from datetime import date, datetime
from typing import get_args
from uuid import UUID

from services.reporting.projections.standing import State
from services.reporting.reports.grammar import Column, Filter, Order, Source
from services.reporting.reports.parts import (
    BY_OFFERING,
    BY_PERSON,
    LEARNER,
    NAME_FILTER,
    OFFERING,
    OFFERING_FILTER,
    ORGANISATION_FILTER,
    PERSON_FILTER,
    STATES,
    TYPES,
    WHOM,
    day_filters,
    id_filter,
    learners,
    type_filter,
)
from services.reporting.reports.targets import LABEL, NAME, name_joins
from shared.contracts.enrollment import By
from shared.readmodel import cursor_number

_STATE = Filter(
    "state",
    State,
    lambda moment: (
        "EXISTS (SELECT FROM standing s WHERE s.enrollment_id = m.enrollment_id "
        f"AND s.state = ANY(%(state)s) AND {moment.holds('s')})"
    ),
    "choice",
    choices=STATES,
)
_TYPE = type_filter("m.assignment_id IN (SELECT a.assignment_id FROM assignment a WHERE a.type = ANY(%(type)s))")
_JOINED_BY = Filter(
    "joined_by",
    By,
    lambda moment: (
        "EXISTS (SELECT FROM joining j WHERE j.person_id = m.person_id AND j.assignment_id = m.assignment_id "
        f"AND j.joined_by = ANY(%(joined_by)s) AND {moment.holds('j')})"
    ),
    "choice",
    "Of members of groups: whether they joined by themselves, or an administrator added them",
    get_args(By),
)

MEMBERSHIP = Source(
    "membership",
    columns=(
        Column("enrollment_id", UUID, always=True),
        *LEARNER,
        *OFFERING,
        Column("assignment_id", UUID, always=True),
        Column("assignment_type", str, "a.type", TYPES),
        Column("assignment_type_label", str, LABEL),
        Column("assignment_name", str, NAME),
        Column("include_below", bool, "a.include_below"),
        Column("joined_by", str, "j.joined_by", get_args(By)),
        Column("term", int, always=True),
        Column("state", str, "s.state", STATES),
        Column("due_on", date, "s.due_on"),
        Column("assigned_at", datetime, "m.valid_from", always=True),
    ),
    filters=(
        OFFERING_FILTER,
        ORGANISATION_FILTER,
        id_filter("assignment_id", "assignment"),
        PERSON_FILTER,
        _TYPE,
        _STATE,
        _JOINED_BY,
        *day_filters("assigned", "m.valid_from", instant=True),
        NAME_FILTER,
    ),
    orders={"assigned_at": Order(), "person": BY_PERSON, "offering": BY_OFFERING},
    first_order="-assigned_at",
    table="membership",
    joins={
        "s": lambda moment: f"LEFT JOIN standing s ON s.enrollment_id = m.enrollment_id AND {moment.holds('s')}",
        "a": "LEFT JOIN assignment a ON a.assignment_id = m.assignment_id",
        **WHOM,
        "target": name_joins,
        "j": lambda moment: (
            "LEFT JOIN joining j ON a.type = 'group' AND j.person_id = m.person_id "
            f"AND j.assignment_id = m.assignment_id AND {moment.holds('j')}"
        ),
    },
    place_type=cursor_number,
    permitted=learners,
)
"""`assigned_at` is the order of the positions, which rise with the time of assignment."""
