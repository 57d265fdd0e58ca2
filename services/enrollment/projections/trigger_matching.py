"""Of whom the condition of a trigger is true, and whom it assigns, asked of the facts (TRG-1, TRG-2).

One statement says of everybody in `known` what triggers do, as if what became true had been acted on already: so a preview, the
circuit breaker and the evaluator see the same, and what the evaluator puts on record afterwards changes nothing.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from psycopg.rows import args_row

from shared.contracts.enrollment import TriggerFired
from shared.database import Connection, UuidArray, scalar

_MET = """
    SELECT t.id AS trigger, k.id AS person FROM acting t JOIN {people} k ON t.kind = 'created'
    UNION ALL
    SELECT t.id, k.id FROM acting t JOIN {people} k ON t.kind = 'first-login'
    JOIN first_login d ON d.person = k.id
    UNION ALL
    SELECT t.id, k.id FROM acting t JOIN unit_above u ON t.kind = 'organisation' AND u.above = t.target
        AND (t.include_below OR u.unit = t.target) JOIN {people} k ON k.home = u.unit
    UNION ALL
    SELECT t.id, k.id FROM acting t JOIN unit_above u ON t.kind = 'organisation' AND u.above = t.target
        AND (t.include_below OR u.unit = t.target) JOIN current_job j ON j.organisation = u.unit JOIN {people} k ON k.id = j.person
    UNION ALL
    SELECT t.id, k.id FROM acting t JOIN unit_above u ON t.kind = 'position' AND u.above = t.target
        AND (t.include_below OR u.unit = t.target) JOIN current_job j ON j.position = u.unit JOIN {people} k ON k.id = j.person
    UNION ALL
    SELECT t.id, k.id FROM acting t JOIN audience_member m ON t.kind = 'audience' AND m.audience = t.target
    JOIN {people} k ON k.id = m.person
    UNION ALL
    SELECT t.id, k.id FROM acting t JOIN enrollment e ON t.kind = 'completion' AND e.offering = t.target
        AND e.completed_at IS NOT NULL JOIN {people} k ON k.id = e.person
    UNION ALL
    SELECT t.id, k.id FROM acting t JOIN person_date d ON t.kind = 'field' AND d.dates ? t.field
        AND coalesce((d.dates ->> t.field)::date >= t.on_or_after, true)
        AND coalesce((d.dates ->> t.field)::date <= t.on_or_before, true)
    JOIN {people} k ON k.id = d.person
"""
GIVEN = f"""
acting AS MATERIALIZED (SELECT * FROM acting_trigger WHERE begun AND {{needed}}),
met AS MATERIALIZED ({_MET.format(people="known")}),
given (trigger, job_role, person) AS (
    SELECT NULL::uuid, h.job_role, h.person FROM known JOIN job_role_holder h ON h.person = known.id
    JOIN job_role_fact f ON f.id = h.job_role AND NOT f.removed WHERE {{needed}}
    UNION
    SELECT t.id, t.job_role, s.person FROM known JOIN trigger_standing s ON s.person = known.id AND s.fired
    JOIN trigger t ON t.id = s.trigger AND NOT t.taken_back AND NOT (t.undo AND t.live) WHERE {{needed}}
    UNION
    SELECT t.id, t.job_role, met.person FROM met JOIN acting t ON t.id = met.trigger
    LEFT JOIN trigger_standing s ON s.trigger = met.trigger AND s.person = met.person
    WHERE s.fired OR NOT coalesce(s.met, false) OR t.id = ANY(%(applied)s)
    UNION
    SELECT t.id, t.job_role, given.person FROM given JOIN acting t ON t.kind = 'job-role' AND t.target = given.job_role
    LEFT JOIN trigger_standing s ON s.trigger = t.id AND s.person = given.person
    WHERE s.fired OR NOT coalesce(s.met, false) OR t.id = ANY(%(applied)s)
)
"""
"""Whom triggers assign, and who holds a job role by a trigger or (trigger null) by hand. `known`: the people; `needed`: a condition
under which anybody asks. Recursive, since a job role may bring the next; `applied` are the triggers that act on everybody."""

_RECORDED_HOLDERS = """
    SELECT h.job_role, h.person FROM job_role_holder h JOIN job_role_fact f ON f.id = h.job_role AND NOT f.removed
    UNION
    SELECT t.job_role, s.person FROM trigger t JOIN trigger_standing s ON s.trigger = t.id AND s.fired
    WHERE t.job_role IS NOT NULL AND NOT t.taken_back
"""
HOLDERS = f"({_RECORDED_HOLDERS})"
"""Everybody who holds a job role (job_role, person), as it is on record."""
_MET_BY_ALL = f"""
WITH acting AS MATERIALIZED (SELECT * FROM trigger WHERE id = %(trigger)s AND live),
met AS (
    {_MET.format(people="person_fact")}
    UNION ALL
    SELECT t.id, h.person FROM acting t JOIN {HOLDERS} AS h ON t.kind = 'job-role' AND h.job_role = t.target
)
"""
MET_BY = f"{_MET_BY_ALL} SELECT DISTINCT person FROM met"
"""Everybody of whom the condition of %(trigger)s is true."""


class Turn(NamedTuple):
    """A person about whom a trigger may have to do something: the condition is true or not, which is not on record so."""

    trigger: UUID
    person: UUID
    met: bool
    known: bool
    """There is a row for them."""
    version: int
    was_met: bool
    fired: bool
    queued: int
    """The revision of the person's place in the queue; 0: none."""


_TURNS = f"""
WITH RECURSIVE known AS MATERIALIZED (SELECT id, home FROM person_fact WHERE id = ANY(%(people)s)),
{GIVEN.format(needed="true")},
now_met AS (
    SELECT trigger, person FROM met
    UNION
    SELECT t.id, given.person FROM given JOIN acting t ON t.kind = 'job-role' AND t.target = given.job_role
),
standing AS (
    SELECT s.* FROM known JOIN trigger_standing s ON s.person = known.id JOIN trigger t ON t.id = s.trigger
    WHERE t.id IN (SELECT id FROM acting) OR (t.taken_back AND s.fired)
)
SELECT trigger, person, coalesce(m.now, false), s.version IS NOT NULL, coalesce(s.version, 0), coalesce(s.met, false),
    coalesce(s.fired, false), coalesce(d.revision, 0)
FROM (SELECT *, true AS now FROM now_met) AS m FULL JOIN standing s USING (trigger, person)
    LEFT JOIN evaluation_queue d ON d.id = person
WHERE coalesce(m.now, false) <> coalesce(s.met, false) OR (m.now AND NOT coalesce(s.fired, false) AND trigger = ANY(%(applied)s))
    OR (s.fired AND trigger NOT IN (SELECT id FROM acting))
ORDER BY trigger, version, person
"""


def any_there(conn: Connection) -> bool:
    """Whether there is any trigger that acts, or has to take back."""
    return scalar(conn, "SELECT EXISTS (SELECT FROM trigger t WHERE begun AND (live OR taken_back))", bool)


def turns(conn: Connection, people: Sequence[UUID], applied: Sequence[UUID]) -> list[Turn]:
    """What is not on record yet of these people and all triggers."""
    values = {"people": UuidArray(people), "applied": list(applied)}
    with conn.cursor(binary=True, row_factory=args_row(Turn)) as cursor:
        return cursor.execute(_TURNS.encode(), values, prepare=False).fetchall()


_FIRED_IN = """
SELECT s.trigger, s.person, s.met, true, s.version, s.met, s.fired, coalesce(d.revision, 0)
FROM events e CROSS JOIN LATERAL (SELECT convert_from(e.body, 'UTF8')::jsonb AS told) AS b
JOIN trigger_standing s ON s.trigger = (told ->> 'trigger_id')::uuid AND s.person = (told ->> 'person_id')::uuid
    AND s.version = e.version AND s.fired
JOIN trigger t ON t.id = s.trigger AND t.job_role IS NOT NULL AND NOT t.taken_back
LEFT JOIN evaluation_queue d ON d.id = s.person
WHERE e.position >= %s AND e.type = %s AND e.meta LIKE %s LIMIT %s
"""


def fired_in(conn: Connection, batch: str, first: int, limit: int) -> list[Turn]:
    """Who still has the job role that a trigger gave in a batch, whose meta is `batch`, from position `first` on."""
    with conn.cursor(binary=True, row_factory=args_row(Turn)) as cursor:
        return cursor.execute(_FIRED_IN, [first, TriggerFired.TOPIC, batch, limit]).fetchall()


def remember(conn: Connection, turns: Sequence[Turn]) -> None:
    """That the condition is true, or is not, of people about whom there is nothing to do; unless they were marked meanwhile."""
    conn.execute(
        "INSERT INTO trigger_standing (trigger, person, version, met, fired) SELECT t.trigger, t.person, 0, t.met, false "
        "FROM unnest(%s::uuid[], %s::uuid[], %s::bool[], %s::bigint[]) AS t (trigger, person, met, queued) "
        "LEFT JOIN evaluation_queue d ON d.id = t.person WHERE coalesce(d.revision, 0) = t.queued "
        "ON CONFLICT (trigger, person) DO UPDATE SET met = excluded.met",
        [[t.trigger for t in turns], [t.person for t in turns], [t.met for t in turns], [t.queued for t in turns]],
    )


def begin(conn: Connection, trigger: UUID) -> None:
    """Whoever fulfils the condition now did so before: it is on record without anything that follows from it."""
    found = conn.execute("SELECT begun FROM trigger WHERE id = %s FOR UPDATE", [trigger]).fetchone()
    if found is None or found[0]:
        return
    conn.execute(
        f"{_MET_BY_ALL} INSERT INTO trigger_standing (trigger, person, version, met, fired) "
        "SELECT DISTINCT trigger, person, 0, true, false FROM met ON CONFLICT DO NOTHING".encode(),
        {"trigger": trigger},
        prepare=False,
    )
    conn.execute("UPDATE trigger SET begun = true WHERE id = %s", [trigger])


MOVED = f"""
{_MET_BY_ALL}
SELECT coalesce(m.person, s.person) AS person FROM (SELECT DISTINCT person FROM met) AS m
FULL JOIN (
    SELECT s.person, s.met, s.fired AND t.taken_back AS surplus FROM trigger_standing s JOIN trigger t ON t.id = s.trigger
    WHERE s.trigger = %(trigger)s
) AS s USING (person)
WHERE s.surplus OR (EXISTS (SELECT FROM acting) AND (m.person IS NULL) = coalesce(s.met, false))
"""
"""Everybody about whom %(trigger)s may have to do something: their condition is not on record as it is."""
