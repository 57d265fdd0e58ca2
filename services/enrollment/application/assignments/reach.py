"""The scope of a command is the scope of its effect: whom it reaches has to lie within the caller's role (SEC-2, SEC-4)."""

from collections.abc import Sequence
from uuid import UUID

from services.enrollment.application.assignments.targets import may_see
from services.enrollment.projections import scopes, tables
from services.enrollment.projections.tables import AssignmentRow
from shared.auth import Scope
from shared.contracts.enrollment import AssignmentType
from shared.database import Connection
from shared.errors import NotFound

OF_ANYBODY: frozenset[AssignmentType] = frozenset({"audience", "position", "group", "job-role", "trigger"})
"""People of any organisation may come under these at any time."""


def check_reach(conn: Connection, scope: Scope, assignments: Sequence[UUID], field: str = "assignment_id") -> None:
    """Every command that changes assignments for all whom they reach, or shows what that would do, asks this.

    Raises NotFound for one that is not there, or of which nothing lies within the scope; Forbidden for one that reaches further.
    """
    known = tables.assignments(conn, assignments)
    for id in assignments:
        if id not in known:
            raise _unknown(field)
        if not scope.everything:
            _check(conn, scope, known[id], scopes.reached(conn, scope.organisations, only=[id]), field=field)


def check_added(conn: Connection, scope: Scope, proposed: Sequence[AssignmentRow]) -> None:
    """The same for assignments that would be there."""
    for row in () if scope.everything else proposed:
        _check(conn, scope, row, scopes.reached(conn, scope.organisations, proposed=[row]), field="targets")


def _check(conn: Connection, scope: Scope, row: AssignmentRow, reached: scopes.ReachCount, *, field: str) -> None:
    if not reached.inside and not may_see(conn, scope, [row.target]):
        raise _unknown(field)
    if row.type in OF_ANYBODY:
        raise scope.beyond(f"An assignment of the type '{row.type}' can reach people of any organisation", field)
    if reached.outside:
        raise scope.beyond("This affects learners outside your organisations", field)


def _unknown(field: str) -> NotFound:
    return NotFound("There is no such assignment, or none that you may see.", field=field)
