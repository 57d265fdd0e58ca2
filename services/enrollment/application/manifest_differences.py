"""Groups and triggers in the words of a file, so that a difference can be read: codes instead of ids (CAT-16)."""

from collections.abc import Mapping
from uuid import UUID

from pydantic import JsonValue

from services.enrollment.application.groups import GroupIn
from services.enrollment.application.triggers import TriggerIn
from services.enrollment.projections.tables import AssignmentRow, TriggerRow
from shared.contracts.enrollment import DueRule, TriggerCondition

Names = Mapping[UUID, str]
"""Codes of offerings and job roles by id."""


def group(wanted: GroupIn) -> dict[str, JsonValue]:
    return {**wanted.model_dump(mode="json", exclude={"due"}), "due": _rule(wanted.due)}


def trigger(wanted: TriggerIn, names: Names) -> dict[str, JsonValue]:
    """A trigger in the words of a file."""
    told: dict[str, JsonValue] = {**_condition(wanted.when, names), "offering": _code(names, wanted.offering_id)}
    told |= {"job_role": _code(names, wanted.job_role_id), "undo": wanted.undo, "access_days": wanted.access_days}
    return {**told, "due": _rule(wanted.due), "required": wanted.required is not False}


def trigger_there(there: TriggerRow, rows: Mapping[UUID, AssignmentRow], names: Names) -> dict[str, JsonValue]:
    """The same of one that is there."""
    row = rows.get(there.assignment) if there.assignment else None
    rule = row.due_rule if row else None
    told: dict[str, JsonValue] = {**_condition(there.when, names), "offering": _code(names, there.offering)}
    told |= {
        "job_role": _code(names, there.job_role),
        "undo": there.undo,
        "access_days": row.access_days if row else None,
    }
    return {**told, "due": _rule(rule), "required": row.required if row else None}


def _code(names: Names, id: UUID | None) -> str | None:
    """Of what has no code, the id."""
    return names.get(id, str(id)) if id else None


def _rule(due: DueRule | None) -> JsonValue:
    return due.model_dump(mode="json") if due else None


def _condition(when: TriggerCondition, names: Names) -> dict[str, JsonValue]:
    told = when.model_dump(mode="json", exclude={"target_id"})
    return {**{f"when.{name}": value for name, value in told.items()}, "when.target": _code(names, when.target_id)}
