"""Who matches the rule of an audience, and who has to be judged again (DIR-6)."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from shared.contracts.directory import AudienceRule
from shared.database import Connection, UuidArray, column, fetch, pairs, scalar
from shared.events import FAR, SYSTEM, Meta

TIMER = "job-dates"
_UNDER = (
    "(WITH RECURSIVE under AS (SELECT c.id, c.below FROM unnest(%({0})s::uuid[], %({0}_below)s::bool[]) AS c (id, below) "
    "UNION SELECT u.id, n.below FROM unit u JOIN under n ON u.parent = n.id WHERE n.below) SELECT id FROM under)"
)


class Ruled(NamedTuple):
    """A rule-based audience, at the version that is decided on."""

    id: UUID
    version: int
    name: str
    external_id: str | None
    rule: AudienceRule


class Marked(NamedTuple):
    person: UUID
    revision: int
    batch: UUID


def ruled(conn: Connection, id: UUID | None = None) -> list[Ruled]:
    """Every rule-based audience, or this one."""
    query = (
        "SELECT a.id, a.revision AS version, a.name, a.external_id, r.rule FROM audience a "
        "JOIN audience_rule r ON r.audience = a.id WHERE %s::uuid IS NULL OR a.id = %s ORDER BY a.id"
    )
    return fetch(conn, _ruled, query, [id, id])


def _ruled(*, rule: str, **fields: Any) -> Ruled:
    return Ruled(**fields, rule=AudienceRule.model_validate_json(rule))


def set_aside(conn: Connection, worker: str) -> dict[UUID, str]:
    """The audiences whose rules were set aside, with the digest of the rule that it was."""
    query = "SELECT subject, coalesce(about ->> 'rule', '') FROM set_aside WHERE worker = %s AND kind = 'audience'"
    return dict(pairs(conn, query, UUID, str, [worker]))


def _where(rule: AudienceRule) -> tuple[str, dict[str, object]]:
    """Active people for whom every given condition holds: a home or a job of today in the organisations, and so on."""
    where, values = ["p.active"], dict[str, object]()
    for name, units in (("organisations", rule.organisations), ("positions", rule.positions)):
        if units:
            values |= {name: [u.unit for u in units], f"{name}_below": [u.include_below for u in units]}
            column = "j.organisation" if name == "organisations" else 'j."position"'
            under = _UNDER.format(name)
            job = f"p.id IN (SELECT j.person FROM current_job j WHERE {column} IN {under})"
            where.append(f"(p.home IN {under} OR {job})" if name == "organisations" else job)
    if rule.countries:
        where.append("p.country = ANY(%(countries)s)")
        values["countries"] = list(rule.countries)
    for n, one in enumerate(rule.fields):
        text = f"(p.dates::json ->> %(field{n})s)::date"
        where.append(
            f"{text} IS NOT NULL AND {text} <= coalesce(%(before{n})s::date, {text}) "
            f"AND {text} >= coalesce(%(after{n})s::date, {text})"
        )
        values |= {f"field{n}": one.field, f"before{n}": one.on_or_before, f"after{n}": one.on_or_after}
    return " AND ".join(where), values


def matching(conn: Connection, rule: AudienceRule, people: Sequence[UUID]) -> set[UUID]:
    """Those of these people who match now."""
    where, values = _where(rule)
    query = f"SELECT p.id FROM person p WHERE p.id = ANY(%(people)s) AND {where}".encode()
    found = conn.execute(query, {**values, "people": UuidArray(people)}, binary=True, prepare=False)
    return {id for (id,) in found if isinstance(id, UUID)}


def count(conn: Connection, rule: AudienceRule) -> int:
    where, values = _where(rule)
    return scalar(conn, f"SELECT count(*) FROM person p WHERE {where}", int, values)


def people_after(conn: Connection, after: UUID, limit: int) -> list[UUID]:
    return column(conn, "SELECT id FROM person WHERE id > %s ORDER BY id LIMIT %s", UUID, [after, limit])


def marked(conn: Connection, limit: int) -> list[Marked]:
    """The people of the oldest batch that waits."""
    query = (
        "SELECT person, revision, batch FROM rule_dirty "
        "WHERE batch = (SELECT batch FROM rule_dirty ORDER BY revision LIMIT 1) ORDER BY revision LIMIT %s"
    )
    return fetch(conn, Marked, query, [limit])


def close(conn: Connection, done: Sequence[Marked]) -> None:
    """Only at the revision read. Who is being marked at this moment stays, and is judged again."""
    conn.execute(
        "DELETE FROM rule_dirty WHERE person IN (SELECT d.person FROM rule_dirty d "
        "JOIN unnest(%s::uuid[], %s::bigint[]) AS r (person, revision) USING (person, revision) "
        "ORDER BY d.person FOR UPDATE OF d SKIP LOCKED)",
        [[m.person for m in done], [m.revision for m in done]],
    )


def expand(conn: Connection) -> int:
    """The people of one unit that moved, and of everything below it: all of them are marked. Returns how many units.

    One unit in a transaction, and people in order, as the trigger marks them: neither waits for the other in a ring.
    """
    units = conn.execute(
        "DELETE FROM rule_dirty_unit WHERE unit = (SELECT unit FROM rule_dirty_unit ORDER BY revision LIMIT 1 "
        "FOR UPDATE SKIP LOCKED) RETURNING unit, batch"
    ).fetchall()
    for unit, batch in units:
        conn.execute(
            "WITH RECURSIVE below AS (SELECT %s::uuid AS id UNION SELECT u.id FROM unit u JOIN below b ON u.parent = b.id) "
            "INSERT INTO rule_dirty (person, batch) SELECT person, %s FROM ("
            "SELECT id AS person FROM person WHERE home IN (SELECT id FROM below) UNION "
            "SELECT person FROM job_assignment WHERE organisation IN (SELECT id FROM below) UNION "
            'SELECT person FROM job_assignment WHERE "position" IN (SELECT id FROM below)) AS held ORDER BY person '
            "ON CONFLICT (person) DO UPDATE SET revision = excluded.revision, batch = excluded.batch",
            [unit, batch],
        )
    return len(units)


def mark(conn: Connection, people: Collection[UUID], batch: UUID) -> None:
    """In order, as the trigger marks them."""
    conn.execute(
        "INSERT INTO rule_dirty (person, batch) SELECT person, %s FROM unnest(%s::uuid[]) AS person ORDER BY person "
        "ON CONFLICT (person) DO UPDATE SET revision = excluded.revision, batch = excluded.batch",
        [batch, sorted(people)],
    )


def set_timers(conn: Connection, people: Sequence[UUID]) -> None:
    """One for each person, at the next day on which a job begins or has ended."""
    query = (
        "SELECT person, min(day) FROM (SELECT person, starts AS day FROM job_assignment WHERE person = ANY(%(people)s) "
        "UNION ALL SELECT person, ends + 1 FROM job_assignment WHERE person = ANY(%(people)s) AND ends < %(far)s) AS days "
        "WHERE day > today() GROUP BY person ORDER BY person"
    )
    rows = pairs(conn, query, UUID, date, {"people": list(people), "far": FAR})
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO timer (id, due, kind, subject, meta) VALUES (%s, %s, %s, %s, %s) "
            "ON CONFLICT (id) DO UPDATE SET due = excluded.due, meta = excluded.meta",
            [
                (
                    (id := uuid5(person, TIMER)),
                    datetime.combine(day, time(), UTC),
                    TIMER,
                    person,
                    Meta(actor=SYSTEM, reason_code="rule", correlation=id).encode(),
                )
                for person, day in rows
            ],
        )
