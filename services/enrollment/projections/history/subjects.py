"""Which events are about an enrollment, an assignment, a person, an offering, a trigger, a held change (AUD-1)."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple
from uuid import UUID

from services.enrollment.projections import names
from services.enrollment.projections.assignments import IN_SCOPE
from shared.auth import Scope
from shared.contracts import enrollment as events
from shared.database import Connection, column, pairs
from shared.events import Event
from shared.history import Subject

SubjectKind = Literal["enrollment", "assignment", "person", "offering", "trigger", "held-change"]

_GROUPS_OF_ENROLLMENT = """
SELECT e.person, g.assignment FROM enrollment e JOIN learner_group g ON g.offering = e.offering WHERE e.id = %s
"""
_OF_PERSON = f"""
SELECT id FROM enrollment WHERE person = %(person)s
UNION SELECT id FROM assignment WHERE target = %(person)s AND type IN {names.TO_PEOPLE}
"""
_GROUPS_OF_PERSON = """
SELECT g.assignment FROM enrollment e JOIN learner_group g ON g.offering = e.offering WHERE e.person = %(person)s
UNION SELECT assignment FROM group_member WHERE person = %(person)s
"""
_TRIGGERS_OF_PERSON = "SELECT trigger FROM trigger_standing WHERE person = %(person)s"
_JOB_ROLES = "SELECT id FROM job_role_fact"
_TRIGGERS_OF_ASSIGNMENT = "SELECT id FROM trigger WHERE assignment = %s"
_OF_ASSIGNMENTS = f"""
(e.type IN ('enrollment.AssignmentCreated.v1', 'enrollment.AssignmentRemoved.v1', 'enrollment.DueRuleSet.v1',
    'enrollment.RequirementSet.v1', 'enrollment.GroupDescribed.v1')
AND EXISTS (SELECT FROM assignment a LEFT JOIN person_fact p ON a.type IN {names.TO_PEOPLE} AND p.id = a.target
    WHERE a.id = e.stream AND a.offering = %(offering)s
        AND (a.type NOT IN {names.TO_PEOPLE} OR {IN_SCOPE.format("p.home")})))
"""
"""In the words of the index of migration 0047. What is about one person is told to those who may know the person (SEC-2)."""


def groups_of_enrollment(conn: Connection, id: UUID) -> list[tuple[UUID, UUID]]:
    """The learner, with each group of the offering."""
    return pairs(conn, _GROUPS_OF_ENROLLMENT, UUID, UUID, [id])


def of_assignment(conn: Connection, id: UUID) -> Subject:
    """With the trigger that it assigns for; learners have histories of their own."""
    return Subject.of_streams([id, *column(conn, _TRIGGERS_OF_ASSIGNMENT, UUID, [id])])


class OfPerson(NamedTuple):
    """`own`: streams of what they are or were enrolled on, and of what assigned them alone; the others as far as they may concern
    them."""

    own: Sequence[UUID]
    groups: Sequence[UUID]
    triggers: Sequence[UUID]
    job_roles: Sequence[UUID]


def of_person(conn: Connection, id: UUID) -> OfPerson:
    values = {"person": id}
    return OfPerson(
        own=column(conn, _OF_PERSON, UUID, values),
        groups=column(conn, _GROUPS_OF_PERSON, UUID, values),
        triggers=column(conn, _TRIGGERS_OF_PERSON, UUID, values),
        job_roles=column(conn, _JOB_ROLES, UUID),
    )


def of_offering(conn: Connection, scope: Scope, id: UUID) -> Subject:
    """Its assignments, groups and triggers; learners have histories of their own."""
    triggers = column(conn, "SELECT id FROM trigger WHERE offering = %s", UUID, [id])
    values = {**scope.values, "offering": id, "streams": triggers}
    return Subject(f"{_OF_ASSIGNMENTS} OR e.stream = ANY(%(streams)s)" if triggers else _OF_ASSIGNMENTS, values)


_OF_STREAM: Mapping[str, tuple[type[Event], ...]] = {
    "trigger": (events.TriggerCreated, events.TriggerApplied, events.TriggerStopped),
    "held-change": (events.ChangeHeld, events.ChangeReleased),
}


def of_stream(kind: Literal["trigger", "held-change"], id: UUID) -> Subject:
    """Whose stream it is, and nothing else's that has such an id."""
    types = [cls.TOPIC for cls in _OF_STREAM[kind]]
    return Subject("e.stream = %(stream)s AND e.type = ANY(%(types)s)", {"stream": id, "types": types})


_NAMES = """
SELECT id, title FROM offering_fact WHERE id = ANY(%(ids)s)
UNION ALL SELECT id, name FROM unit_fact WHERE id = ANY(%(ids)s)
UNION ALL SELECT id, name FROM audience_fact WHERE id = ANY(%(ids)s)
UNION ALL SELECT id, name FROM job_role_fact WHERE id = ANY(%(ids)s)
UNION ALL SELECT id, name FROM trigger WHERE id = ANY(%(ids)s)
"""
_OF_THINGS = f"""
SELECT a.id, coalesce(u.name, g.name, lg.name, jr.name, tr.name, po.name)
FROM assignment a {names.JOINS} WHERE a.id = ANY(%(ids)s) AND a.type NOT IN {names.OF_PEOPLE}
"""


def called(conn: Connection, ids: Sequence[UUID]) -> Mapping[UUID, str]:
    """Whatever has one of these ids but people, whose names depend on who asks (DIR-12)."""
    if not ids:
        return {}
    values = {"ids": list(ids)}
    found = dict(pairs(conn, _NAMES, UUID, str, values))
    return found | dict(
        pairs(conn, f"SELECT * FROM ({_OF_THINGS}) AS n (id, name) WHERE name IS NOT NULL", UUID, str, values)
    )
