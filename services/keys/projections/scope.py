"""The permission filter of every query: pools of the caller's organisations and everything below (SEC-2)."""

from uuid import UUID

from shared.auth import Scope
from shared.database import Connection, scalar

_BELOW = """
(%(everything)s OR EXISTS (
    SELECT FROM unit_above s WHERE s.unit = {organisation} AND s.above = ANY(%(organisations)s)))
"""


def in_scope(organisation: str) -> str:
    """A condition on the column `organisation`, with the parameters of `scope_parameters`."""
    return _BELOW.format(organisation=organisation)


def scope_parameters(scope: Scope) -> dict[str, object]:
    return {"everything": scope.everything, "organisations": list(scope.organisations)}


def within(conn: Connection, scope: Scope, organisation: UUID) -> bool:
    """It is an organisation that is there, and the scope has it."""
    there = "SELECT FROM unit_fact o WHERE o.id = %(organisation)s AND o.kind = 'organisation'"
    query = f"SELECT EXISTS ({there} AND {in_scope('o.id')})"
    return scalar(conn, query, bool, {"organisation": organisation, **scope_parameters(scope)})
