"""What an assignment (alias `a`) is called in reports (ASG-1): by its type, and by the name of its target."""

from collections.abc import Iterable
from typing import NamedTuple

from services.reporting.reports.moment import Moment
from shared.contracts.enrollment import AssignmentType

TYPE_LABELS: dict[AssignmentType, str] = {
    "individual": "Individual",
    "audience": "Audience",
    "organisation": "Organisation",
    "position": "Position",
    "manager": "Manager",
    "group": "Group",
    "self": "Self-enrollment",
    "job-role": "Job role",
    "trigger": "Trigger",
    "request": "Access request",
    "key": "Training key",
}
LABEL = "CASE a.type {} END".format(" ".join(f"WHEN '{type}' THEN '{label}'" for type, label in TYPE_LABELS.items()))


class NameTable(NamedTuple):
    """Periods whose column `name` is what targets of these types are called. `target`: which of them it is."""

    types: tuple[AssignmentType, ...]
    table: str
    key: str
    target: str = "a.target_id"


NAME_TABLES = (
    NameTable(("audience",), "audience", "audience_id"),
    NameTable(("organisation", "position"), "unit", "unit_id"),
    NameTable(("group",), "learner_group", "group_id"),
    NameTable(("job-role",), "job_role", "job_role_id"),
    NameTable(("trigger",), "trigger", "trigger_id"),
    NameTable(("key",), "pool", "pool_id", "redeemed.pool_id"),
)
PEOPLE: tuple[AssignmentType, ...] = ("individual", "manager", "self", "request")
"""Targets that are people. Their names have no periods: it is always the last."""

_REDEEMED = " JOIN redemption redeemed ON redeemed.assignment_id = a.assignment_id"
_FULL_NAME = "target_profile.first_name || ' ' || target_profile.last_name"


def name_joins(moment: Moment) -> str:
    """The tables of `NAME`: what targets were called at that moment."""
    redeemed = (
        "LEFT JOIN redemption redeemed ON a.type = 'key' AND redeemed.assignment_id = a.assignment_id "
        f"AND {moment.holds('redeemed')}"
    )
    joins = [
        f"LEFT JOIN {table} target_{table} ON {_is_one_of(types)} AND target_{table}.{key} = {target} "
        f"AND {moment.holds(f'target_{table}')}"
        for types, table, key, target in NAME_TABLES
    ]
    people = f"LEFT JOIN profile target_profile ON {_is_one_of(PEOPLE)} AND target_profile.person_id = a.target_id"
    return " ".join([redeemed, *joins, people])


def last_name() -> str:
    """What a target is called, or was called last: for few rows, since each is looked up by itself."""
    cases = [
        f"WHEN {_is_one_of(types)} THEN (SELECT x.name FROM {table} x{_REDEEMED if table == 'pool' else ''} "
        f"WHERE x.{key} = {target} ORDER BY x.position DESC LIMIT 1)"
        for types, table, key, target in NAME_TABLES
    ]
    people = f"(SELECT {_FULL_NAME} FROM profile target_profile WHERE target_profile.person_id = a.target_id)"
    return f"CASE {' '.join(cases)} WHEN {_is_one_of(PEOPLE)} THEN {people} END"


def _is_one_of(types: Iterable[AssignmentType]) -> str:
    return "a.type IN ({})".format(", ".join(f"'{type}'" for type in types))


NAME = f"coalesce({', '.join(f'target_{named.table}.name' for named in NAME_TABLES)}, {_FULL_NAME})"
"""At the moment of `name_joins`."""
