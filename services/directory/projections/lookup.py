"""Who the people are that other services name by their ids: as much of them as the caller may see."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import BaseModel

from services.directory.projections.person_lists import BESIDE, FROM, ITEM, VISIBLE, PersonItem, scoped
from services.directory.projections.structure import BELOW
from services.directory.projections.tables import NIL
from shared.auth import ROLES, Scope
from shared.database import Connection, column, fetch


class PersonName(BaseModel):
    """Somebody by name only."""

    id: UUID
    first_name: str
    last_name: str


class FoundPeople(BaseModel):
    """Of the people who were asked for. Whoever is in none of the lists is unknown, or the caller may not know who that is."""

    items: list[PersonItem]
    """Oneself, and those within the caller's organisations."""
    named: list[PersonName]
    """Of the others: who is above the caller, by a permission role for the caller's home organisation or as a manager."""
    erased: list[UUID]
    """Whose personal data is gone for good."""


_ASKED = "p.id = ANY(%(ids)s) AND NOT EXISTS (SELECT FROM erased_person e WHERE e.id = p.id)"
_ITEMS = f"{BELOW}SELECT {ITEM}{FROM}{BESIDE}WHERE {_ASKED} AND ({VISIBLE} OR p.id = %(caller)s) ORDER BY p.id"
_NAMED = (
    "WITH RECURSIVE home AS (SELECT u.id, u.parent FROM person c JOIN unit u ON u.id = c.home WHERE c.id = %(caller)s "
    "UNION SELECT u.id, u.parent FROM home JOIN unit u ON u.id = home.parent), "
    "chief AS (SELECT j.id, j.person, j.manager_job, j.temporary_manager_job FROM job_assignment j WHERE j.person = %(caller)s "
    "UNION SELECT j.id, j.person, j.manager_job, j.temporary_manager_job FROM chief "
    "JOIN job_assignment j ON j.id IN (chief.manager_job, chief.temporary_manager_job)) "
    f"SELECT p.id, f.first_name, f.last_name{FROM}WHERE {_ASKED} AND p.id <> ALL(%(seen)s) AND ("
    "EXISTS (SELECT FROM permission_role r WHERE r.person = p.id AND r.role = ANY(%(roles)s) "
    "AND (r.organisation = %(nil)s OR r.organisation IN (SELECT id FROM home))) "
    "OR p.id IN (SELECT person FROM chief)) ORDER BY p.id"
)
_ABOVE = [role for role, allowed in ROLES.items() if allowed or role == "approver"]


def lookup(conn: Connection, scope: Scope, caller: UUID, ids: Sequence[UUID]) -> FoundPeople:
    values = {**scoped(scope), "ids": list(ids), "caller": caller}
    items = fetch(conn, PersonItem, _ITEMS, values)
    named = fetch(conn, PersonName, _NAMED, {**values, "seen": [p.id for p in items], "roles": _ABOVE, "nil": NIL})
    erased = column(conn, "SELECT id FROM erased_person WHERE id = ANY(%s) ORDER BY id", UUID, [list(ids)])
    return FoundPeople(items=items, named=named, erased=erased)
