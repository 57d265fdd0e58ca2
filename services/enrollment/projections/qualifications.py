"""Who has earned a qualification by now, or completes a certification at once (CAT-9, ENR-8).

Found from this service's own events, and from what the catalog changed.
"""

from typing import NamedTuple
from uuid import UUID

from shared.contracts.enrollment import EnrollmentCompleted, LearnerAssigned, PaymentReceived
from shared.database import Connection, column, fetch, pairs
from shared.events import Meta, Recorded

HOLDS = "({0}.completed_at IS NOT NULL AND coalesce({0}.valid_until >= today(), true))"
"""A completion that counts today, whatever became of its enrollment."""
_TOLD = [event.TOPIC for event in (LearnerAssigned, EnrollmentCompleted, PaymentReceived)]
"""What may be the last that was lacking."""
_EARNED = f"""
e.live AND e.completed_at IS NULL AND NOT e.submitted AND e.payment <> 'due' AND coalesce(e.access_until >= today(), true)
    AND CASE WHEN o.kind = 'qualification' THEN o.items <> '{{}}' AND NOT EXISTS (
        SELECT FROM unnest(o.items) AS item (id) WHERE NOT EXISTS (
            SELECT FROM enrollment d WHERE d.person = e.person AND d.offering = item.id AND {HOLDS.format("d")}))
    ELSE o.credit AND NOT e.begun AND all_courses_done(e.person, o) END
"""
"""A qualification; or a certification whose courses were all completed before, where that counts: of any other, steps are counted
once it is begun (ENR-8)."""
_READ = "SELECT position FROM events WHERE position > %(after)s ORDER BY position LIMIT %(limit)s"
_BY_EVENTS = f"""
WITH told AS (
    SELECT position, meta, convert_from(body, 'UTF8')::jsonb AS body FROM events
    WHERE position > %(after)s AND position <= %(upto)s AND type = ANY(%(told)s)
        AND EXISTS (SELECT FROM offering_fact WHERE kind = 'qualification' OR credit)
), about AS (
    SELECT position, meta, (body ->> 'person_id')::uuid AS person, (body ->> 'offering_id')::uuid AS offering FROM told
)
SELECT DISTINCT ON (e.id) e.id AS enrollment, e.revision, a.meta
FROM about a JOIN enrollment e ON e.person = a.person JOIN offering_fact o ON o.id = e.offering
WHERE (e.offering = a.offering OR a.offering = ANY(o.items || o.courses)) AND {_EARNED}
ORDER BY e.id, a.position DESC
"""
_ON = f"""
SELECT e.id AS enrollment, e.revision, g.meta
FROM earning_again g JOIN enrollment e USING (offering) JOIN offering_fact o ON o.id = e.offering
WHERE g.offering = %s AND {_EARNED} AND NOT EXISTS (SELECT FROM set_aside s WHERE s.worker = %s AND s.subject = e.id)
ORDER BY e.id LIMIT %s
"""


class Earned(NamedTuple):
    """An enrollment on a qualification that is earned, at this revision, and what caused it."""

    enrollment: UUID
    revision: int
    cause: Meta


class Events(NamedTuple):
    """Some of this service's own events, and what was earned by them. `upto` None: nothing new."""

    upto: int | None
    size: int
    earned: list[Earned]


def by_events(conn: Connection, limit: int) -> Events:
    """The next events that nobody has looked at."""
    after = max(column(conn, "SELECT position FROM earning_place", int), default=0)
    read = column(conn, _READ, int, {"after": after, "limit": limit})
    if not read:
        return Events(None, 0, [])
    earned = fetch(conn, _earned, _BY_EVENTS, {"after": after, "upto": read[-1], "told": _TOLD})
    return Events(read[-1], len(read), earned)


def advance(conn: Connection, upto: int) -> None:
    """Up to here they were looked at; never back."""
    conn.execute("UPDATE earning_place SET position = greatest(position, %s)", [upto])


def again(conn: Connection, offering: UUID, cause: Recorded) -> None:
    """Everybody on this qualification has to be looked at: its items changed."""
    conn.execute(
        "INSERT INTO earning_again (offering, revision, meta) VALUES (%s, %s, %s) "
        "ON CONFLICT (offering) DO UPDATE SET revision = excluded.revision, meta = excluded.meta",
        [offering, cause.event.originator_version, cause.meta.model_dump_json()],
    )


def changed(conn: Connection) -> list[tuple[UUID, int]]:
    """Qualifications whose items changed, with the revision that did it."""
    return pairs(conn, "SELECT offering, revision FROM earning_again ORDER BY offering", UUID, int)


def on(conn: Connection, offering: UUID, limit: int, worker: str) -> list[Earned]:
    """Who has earned it, of those on it; without what the worker has set aside."""
    return fetch(conn, _earned, _ON, [offering, worker, limit])


def looked_at(conn: Connection, offering: UUID, revision: int) -> None:
    """Nobody on it is left; unless its items changed again meanwhile."""
    conn.execute("DELETE FROM earning_again WHERE offering = %s AND revision = %s", [offering, revision])


def done(conn: Connection, person: UUID, items: tuple[UUID, ...]) -> set[UUID]:
    """Those of these offerings whose completion the person holds today."""
    query = f"SELECT d.offering FROM enrollment d WHERE d.person = %s AND d.offering = ANY(%s) AND {HOLDS.format('d')}"
    return set(column(conn, query, UUID, [person, list(items)]))


def _earned(*, enrollment: UUID, revision: int, meta: str) -> Earned:
    return Earned(enrollment, revision, Meta.model_validate_json(meta))
