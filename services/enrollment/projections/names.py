"""How assignments and people are called (ASG-1).

Resolved when something is read, because names of people are personal data (DIR-12).
"""

from collections.abc import Iterable
from uuid import UUID

from shared.auth import Scope
from shared.contracts.enrollment import AssignmentType
from shared.database import Connection, column, uuid_of

PERSON = "{0}.first_name || ' ' || {0}.last_name"
"""Of a row of `profile`."""
OF_PEOPLE: tuple[AssignmentType, ...] = ("individual", "manager", "self", "request")
"""The types that are called as a person is; a key's assignment is called as its pool."""
TO_PEOPLE: tuple[AssignmentType, ...] = (*OF_PEOPLE, "key")
"""The types whose target is a person."""
NAME = f"coalesce(u.name, g.name, lg.name, jr.name, tr.name, po.name, {PERSON.format('pf')})"
"""Of an assignment `a`, with `JOINS`; null for a person without a profile."""
JOINS = f"""
LEFT JOIN redemption_fact rf ON a.type = 'key' AND rf.id = a.origin
LEFT JOIN pool_fact po ON po.id = rf.pool
LEFT JOIN job_role_fact jr ON a.type = 'job-role' AND jr.id = a.target
LEFT JOIN trigger tr ON a.type = 'trigger' AND tr.id = a.target
LEFT JOIN learner_group lg ON a.type = 'group' AND lg.assignment = a.id
LEFT JOIN unit_fact u ON a.type IN ('organisation', 'position') AND u.id = a.target
LEFT JOIN audience_fact g ON a.type = 'audience' AND g.id = a.target
LEFT JOIN profile pf ON a.type IN {OF_PEOPLE} AND pf.person_id = a.target
"""
_ASSIGNMENTS = f"SELECT a.id, {NAME} FROM assignment a {JOINS} WHERE a.id = ANY(%s)"
_PEOPLE = f"""
SELECT pf.person_id, {PERSON.format("pf")} FROM profile pf JOIN person_fact p ON p.id = pf.person_id
WHERE pf.person_id = ANY(%(people)s) AND (%(everything)s
    OR EXISTS (SELECT FROM unit_above WHERE unit = p.home AND above = ANY(%(organisations)s)))
"""
_WITHIN = """
SELECT p.id FROM person_fact p WHERE p.id = ANY(%(people)s) AND (%(everything)s
    OR EXISTS (SELECT FROM unit_above WHERE unit = p.home AND above = ANY(%(organisations)s)))
"""


def people_within(conn: Connection, scope: Scope, ids: Iterable[UUID]) -> set[UUID]:
    """Those of these people, with a name or without, whom the scope has."""
    return set(column(conn, _WITHIN, UUID, {**scope.values, "people": list(ids)}))


def of_assignments(conn: Connection, ids: Iterable[UUID]) -> dict[UUID, str | None]:
    """Whatever the scope: the caller has made them."""
    rows = conn.execute(_ASSIGNMENTS.encode(), [list(ids)])
    return {uuid_of(id): str(name) if name is not None else None for id, name in rows}


def of_people(conn: Connection, scope: Scope, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Those within the scope who have a profile."""
    values = {**scope.values, "people": list(ids)}
    return {uuid_of(id): str(name) for id, name in conn.execute(_PEOPLE.encode(), values)}


def of_offerings(conn: Connection, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Their titles."""
    rows = conn.execute("SELECT id, title FROM offering_fact WHERE id = ANY(%s)", [list(ids)])
    return {uuid_of(id): str(title) for id, title in rows}
