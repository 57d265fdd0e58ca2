"""Whom a command may name: people, organisations, positions, audiences, managers, within the caller's scope (SEC-2)."""

from collections.abc import Sequence
from uuid import UUID

from services.enrollment.domain.assignments import ACCESS_DAYS, Target
from services.enrollment.projections import facts, organisations
from shared.auth import Scope
from shared.database import Connection
from shared.errors import Conflict, NotFound


def may_see(conn: Connection, scope: Scope, ids: Sequence[UUID]) -> bool:
    """All these people or organisations are within the scope (SEC-2)."""
    return scope.everything or facts.within(conn, ids, scope.organisations) == set(ids)


def longest_access(conn: Connection, targets: Sequence[Target]) -> int:
    """The most days of access that the organisations of these targets give, for courses that say nothing (ASG-14).

    Of a person the home organisation's, of an organisation its own (and those below it, where it takes them in); learners of an
    audience, a position or a manager can be anywhere.
    """
    people = [t.id for t in targets if t.one_person]
    units = [(t.id, t.include_below) for t in targets if t.type == "organisation"]
    anywhere = len(people) + len(units) < len(targets)
    return organisations.longest_access(conn, people, units, anywhere=anywhere, usual=ACCESS_DAYS)


def check_target(conn: Connection, scope: Scope, target: Target, *, allow_empty: bool = False) -> None:
    """Refuses a target that is unknown, empty, or beyond the caller's organisations."""
    match target.type:
        case "organisation" | "position":
            unit = facts.units(conn, [target.id]).get(target.id)
            known = unit is not None and unit.kind == target.type
        case "audience":
            audience = facts.audiences(conn, [target.id]).get(target.id)
            known = audience is not None
            if audience and not audience[1] and not allow_empty:
                raise Conflict(
                    f"The audience '{audience[0]}' has no members, so nobody would be assigned. Add members first, or send "
                    "allow_empty: true to assign those who join later.",
                    field="targets",
                    kind="empty-audience",
                )
        case _:
            person = facts.people(conn, [target.id]).get(target.id)
            known = person is not None
            if person and not person.active and target.type == "individual" and may_see(conn, scope, [target.id]):
                raise Conflict(
                    "This person is not active. Reactivate the person first.", field="targets", kind="inactive-person"
                )
    visible = known and (target.type in ("audience", "position") or may_see(conn, scope, [target.id]))
    if not visible:
        raise NotFound(
            f"There is no such {target.type}, or none that you may see.", field="targets", target_id=target.id
        )
    if not scope.everything and target.type in ("audience", "position", "manager"):
        article = "an" if target.type == "audience" else "a"
        raise scope.beyond(f"Assigning to {article} {target.type} can reach people of any organisation", "targets")
