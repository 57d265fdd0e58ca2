"""Whom an assignment may concern: everybody in its scope, or held by it now."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from psycopg.rows import kwargs_row

from services.enrollment.projections.matching import PROPOSED, proposed_values
from services.enrollment.projections.tables import AssignmentRow
from services.enrollment.projections.trigger_matching import HOLDERS, MET_BY
from shared.contracts.enrollment import OF_ONE_PERSON
from shared.database import Connection, fetch_one, uuid_of

_SOURCE = f"""
source AS MATERIALIZED (
    SELECT id, offering, type, target, include_below, due FROM assignment WHERE id = ANY(%(only)s)
    UNION ALL
    SELECT * FROM {PROPOSED}
)
"""
_UNDER = """
under AS (
    SELECT job, current_leader.person, true AS direct, include_below FROM source
    JOIN current_job AS chief ON chief.person = target
    JOIN current_leader ON leader = chief.id WHERE type = 'manager'
    UNION
    SELECT below.job, below.person, false, include_below FROM under
    JOIN current_leader AS below ON below.leader = under.job WHERE include_below
)
"""
_UNIT = """
unit AS (
    SELECT DISTINCT unit FROM source JOIN unit_above ON above = target AND (include_below OR unit = above)
    WHERE type IN ('organisation', 'position')
)
"""
_HOMES = "SELECT id FROM unit JOIN person_fact ON home = unit"
_IN_ORGANISATION = "SELECT job_fact.person FROM unit JOIN job_fact ON organisation = unit"
_IN_POSITION = "SELECT job_fact.person FROM unit JOIN job_fact ON position = unit"
_SCOPES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    **{type: ((), (f"SELECT target AS person FROM source WHERE type = '{type}'",)) for type in OF_ONE_PERSON},
    "audience": (
        (),
        (
            "SELECT audience_member.person FROM source JOIN audience_member ON audience = target "
            "WHERE type = 'audience'",
        ),
    ),
    "group": (
        (),
        ("SELECT group_member.person FROM source JOIN group_member ON assignment = source.id WHERE type = 'group'",),
    ),
    "job-role": (
        (),
        (f"SELECT h.person FROM source JOIN {HOLDERS} AS h ON h.job_role = target WHERE type = 'job-role'",),
    ),
    "trigger": (
        (),
        (
            "SELECT s.person FROM source JOIN trigger_standing s ON s.trigger = target AND s.fired WHERE type = 'trigger'",
        ),
    ),
    "organisation": ((_UNIT,), (_HOMES, _IN_ORGANISATION)),
    "position": ((_UNIT,), (_HOMES, _IN_POSITION)),
    "manager": ((_UNDER,), ("SELECT person FROM under",)),
}
"""By type of assignment what has to be asked. What is not assigned is not asked: one person costs one look, not all people."""
_HELD = "SELECT person FROM learner_grant WHERE assignment = ANY(%(only)s)"


def _scope(conn: Connection, only: Sequence[UUID], proposed: Sequence[AssignmentRow]) -> tuple[str, str]:
    """The WITH clause, and the query for the people whom these assignments may concern."""
    found = conn.execute("SELECT DISTINCT type FROM assignment WHERE id = ANY(%s)", [list(only)])
    types = sorted({str(type) for (type,) in found} | {row.type for row in proposed})
    tables = dict.fromkeys(table for type in types for table in _SCOPES[type][0])
    people = dict.fromkeys(query for type in types for query in _SCOPES[type][1])
    return "WITH RECURSIVE " + ", ".join((_SOURCE, *tables)), " UNION ".join((*people, _HELD))


class ReachCount(NamedTuple):
    """How many people are reached who have their home in some organisations or below, and how many others."""

    inside: int
    outside: int


def reached(
    conn: Connection,
    organisations: Sequence[UUID],
    *,
    only: Sequence[UUID] = (),
    proposed: Sequence[AssignmentRow] = (),
) -> ReachCount:
    """Active people whom these assignments concern, and everybody whom they hold."""
    clause, people = _scope(conn, only, proposed)
    query = (
        f"{clause}, among AS (SELECT EXISTS ("
        "SELECT FROM unit_above WHERE unit = p.home AND above = ANY(%(organisations)s)) AS inside "
        f"FROM ({people}) AS scope (person) JOIN person_fact p ON p.id = scope.person "
        "WHERE p.active OR EXISTS (SELECT FROM learner_grant g WHERE g.person = p.id AND g.assignment = ANY(%(only)s))) "
        "SELECT count(*) FILTER (WHERE inside) AS inside, count(*) FILTER (WHERE NOT inside) AS outside FROM among"
    )
    values = {"only": list(only), "organisations": list(organisations), **proposed_values(proposed)}
    with conn.cursor(row_factory=kwargs_row(ReachCount)) as cursor:
        (found,) = cursor.execute(query.encode(), values, prepare=False)
    return found


def plan_scope(conn: Connection, job: UUID, only: Sequence[UUID], size: int) -> int:
    """List, in parts of `size`, everybody whom these assignments may concern: in their scope, or held by them now.

    Returns how many they are.
    """
    clause, people = _scope(conn, only, ())
    query = f"{clause} SELECT person FROM ({people}) AS scope (person)"
    return _plan(conn, job, query, {"only": list(only), **proposed_values(())}, size)


def plan_met(conn: Connection, job: UUID, trigger: UUID, size: int) -> int:
    """The same for everybody of whom the condition of a trigger is true."""
    return _plan(conn, job, MET_BY, {"trigger": trigger}, size)


def _plan(conn: Connection, job: UUID, people: str, values: Mapping[str, object], size: int) -> int:
    """`people` is a query for persons."""
    row = conn.execute(
        f"WITH listed AS (INSERT INTO scope_part (job, number, people) "
        "SELECT %(job)s, place / %(size)s, array_agg(person ORDER BY person) "
        f"FROM (SELECT person, row_number() OVER (ORDER BY person) - 1 AS place FROM ({people}) AS scope (person)) AS numbered "
        "GROUP BY place / %(size)s RETURNING cardinality(people) AS people) "
        "SELECT coalesce(sum(people), 0)::bigint FROM listed".encode(),
        {**values, "job": job, "size": size},
        prepare=False,
    ).fetchone()
    assert row is not None
    assert isinstance(row[0], int)
    return row[0]


class _Part(NamedTuple):
    people: list[UUID]


def part_of_scope(conn: Connection, job: UUID, number: int) -> list[UUID]:
    """Empty after the last."""
    query = "SELECT people FROM scope_part WHERE job = %s AND number = %s"
    part = fetch_one(conn, _Part, query, [job, number], binary=True)
    return part.people if part else []


def scope(
    conn: Connection,
    chunk: int,
    *,
    only: Sequence[UUID] = (),
    proposed: Sequence[AssignmentRow] = (),
    applied: UUID | None = None,
) -> Iterator[list[UUID]]:
    """The same people, or those of whom the condition of the trigger `applied` is true; in chunks within this transaction."""
    clause, people = _scope(conn, only, proposed)
    query = MET_BY if applied else f"{clause} SELECT person FROM ({people}) AS scope (person)"
    with conn.cursor(name="scope") as cursor:
        cursor.execute(
            f"{query} ORDER BY person".encode(),
            {"only": list(only), "trigger": applied, **proposed_values(proposed)},
        )
        while rows := cursor.fetchmany(chunk):
            yield [uuid_of(person) for (person,) in rows]
