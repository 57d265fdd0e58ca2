"""Triggers, and who holds which job role, as rules and API ask for them (TRG-1, ASG-12)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import BaseModel

from services.enrollment.projections.assignments import IN_SCOPE
from services.enrollment.projections.names import PERSON
from services.enrollment.projections.tables import TRIGGER, TriggerRow
from services.enrollment.projections.trigger_matching import HOLDERS
from shared.auth import Scope
from shared.contracts.catalog import LinkedQualification
from shared.contracts.enrollment import TriggerCondition, TriggerEnd
from shared.database import Connection, column, fetch, pairs
from shared.folding import fold
from shared.readmodel import Page, cursor_decode, page_of


def rows(conn: Connection, ids: Iterable[UUID]) -> dict[UUID, TriggerRow]:
    query = f"SELECT {TRIGGER.select()} FROM trigger WHERE id = ANY(%s)"
    return {row.id: row for row in fetch(conn, TriggerRow, query, [list(ids)], binary=True)}


_LIVE = f"""
SELECT {TRIGGER.select()} FROM acting_trigger WHERE %(name)s::text IS NULL OR name = %(name)s
ORDER BY created_at, id
"""


def live(conn: Connection, name: str | None = None) -> list[TriggerRow]:
    """Those that act, or the one of them that is called so; oldest first."""
    return fetch(conn, TriggerRow, _LIVE, {"name": name}, binary=True)


_WITH_ROLE = """
WITH RECURSIVE acting AS MATERIALIZED (
    SELECT * FROM acting_trigger WHERE begun
), comes (job_role, assignment) AS (
    SELECT %(role)s::uuid, NULL::uuid
    UNION
    SELECT t.job_role, t.assignment FROM comes JOIN acting t ON t.kind = 'job-role' AND t.target = comes.job_role
)
SELECT a.offering, a.id FROM assignment a
JOIN comes ON a.id = comes.assignment OR (a.type = 'job-role' AND a.target = comes.job_role) WHERE a.live
"""


def assignments_with(conn: Connection, job_role: UUID) -> dict[UUID, list[UUID]]:
    """By offering the assignments that may come with a job role: of its qualifications, and by the triggers that follow it."""
    found: dict[UUID, list[UUID]] = {}
    for offering, assignment in pairs(conn, _WITH_ROLE, UUID, UUID, {"role": job_role}):
        found.setdefault(offering, []).append(assignment)
    return found


def parts_of_offerings(conn: Connection) -> dict[UUID, list[UUID]]:
    """The items and courses of every qualification and certification."""
    query = "SELECT id, items || courses FROM offering_fact WHERE cardinality(items || courses) > 0"
    return dict(pairs(conn, query, UUID, list))


class JobRoleFact(NamedTuple):
    """What the catalog says of a job role."""

    id: UUID
    revision: int
    code: str
    name: str
    qualifications: tuple[LinkedQualification, ...]
    removed: bool


def job_roles(conn: Connection, ids: Iterable[UUID] | None = None) -> dict[UUID, JobRoleFact]:
    """These, or all that were not removed."""
    chosen = list(ids) if ids is not None else None
    query = (
        "SELECT id, revision, code, name, qualifications, removed FROM job_role_fact "
        "WHERE CASE WHEN %(ids)s::uuid[] IS NULL THEN NOT removed ELSE id = ANY(%(ids)s) END"
    )
    return {fact.id: fact for fact in fetch(conn, _job_role, query, {"ids": chosen})}


def _job_role(*, qualifications: list[object], **fields: Any) -> JobRoleFact:
    linked = tuple(LinkedQualification.model_validate(link) for link in qualifications)
    return JobRoleFact(**fields, qualifications=linked)


def roles_by_code(conn: Connection, codes: Sequence[str]) -> dict[str, UUID]:
    """Those of these job roles that there are, by folded code."""
    query = "SELECT code_folded, id FROM job_role_fact WHERE NOT removed AND code_folded = ANY(%s)"
    return dict(pairs(conn, query, str, UUID, [[fold(code) for code in codes]]))


def save_job_roles(conn: Connection, roles: Sequence[JobRoleFact]) -> None:
    for role in roles:
        links = Jsonb([link.model_dump(mode="json") for link in role.qualifications])
        conn.execute(
            "INSERT INTO job_role_fact (id, revision, code, name, qualifications, removed, code_folded, name_folded) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, "
            "code = excluded.code, name = excluded.name, qualifications = excluded.qualifications, "
            "removed = excluded.removed, code_folded = excluded.code_folded, name_folded = excluded.name_folded",
            [role.id, role.revision, role.code, role.name, links, role.removed, fold(role.code), fold(role.name)],
        )


def held_by_hand(conn: Connection, job_role: UUID, people: Sequence[UUID]) -> set[UUID]:
    """Those of these people who hold it by hand."""
    query = "SELECT person FROM job_role_holder WHERE job_role = %s AND person = ANY(%s)"
    return set(column(conn, query, UUID, [job_role, list(people)]))


def holders_of(conn: Connection, job_role: UUID) -> list[UUID]:
    """Everybody who holds it, or has held it by what is on record when the catalog removed it."""
    query = (
        "SELECT person FROM job_role_holder WHERE job_role = %(role)s UNION SELECT s.person FROM trigger t "
        "JOIN trigger_standing s ON s.trigger = t.id AND s.fired WHERE t.job_role = %(role)s"
    )
    return column(conn, query, UUID, {"role": job_role})


class HolderItem(BaseModel):
    """Somebody who holds a job role."""

    person_id: UUID
    name: str | None
    by_hand: bool
    triggers: list[UUID]
    """The triggers that gave it, which have not taken it back."""


class HeldRole(BaseModel):
    """A job role that a person holds."""

    job_role_id: UUID
    code: str
    name: str
    by_hand: bool
    triggers: list[UUID]


_BY = """
EXISTS (SELECT FROM job_role_holder b WHERE b.job_role = h.job_role AND b.person = h.person) AS by_hand,
ARRAY(SELECT t.id FROM trigger t JOIN trigger_standing s ON s.trigger = t.id AND s.person = h.person AND s.fired
    WHERE t.job_role = h.job_role AND NOT t.taken_back ORDER BY 1) AS triggers
"""
_HOLDERS = f"""
SELECT h.person AS person_id, {PERSON.format("pf")} AS name, {_BY} FROM {HOLDERS} AS h JOIN person_fact p ON p.id = h.person
LEFT JOIN profile pf ON pf.person_id = h.person
WHERE h.job_role = %(role)s AND {IN_SCOPE.format("p.home")} AND (%(after)s::uuid IS NULL OR h.person > %(after)s)
ORDER BY h.person LIMIT %(limit)s
"""
_ROLES = f"""
SELECT f.id AS job_role_id, f.code, f.name, {_BY} FROM {HOLDERS} AS h JOIN job_role_fact f ON f.id = h.job_role
JOIN person_fact p ON p.id = h.person
WHERE h.person = %(person)s AND ({IN_SCOPE.format("p.home")} OR h.person = %(caller)s) ORDER BY f.name_folded, f.id
"""


def holders(conn: Connection, scope: Scope, job_role: UUID, cursor: str | None, limit: int) -> Page[HolderItem]:
    after = cursor_decode(cursor, UUID)[0] if cursor else None
    values = {**scope.model_dump(), "organisations": list(scope.organisations), "role": job_role}
    rows = fetch(conn, HolderItem, _HOLDERS, {**values, "after": after, "limit": limit + 1})
    return page_of(rows, limit, lambda holder: [holder.person_id])


def roles_of(conn: Connection, scope: Scope, caller: UUID, person: UUID) -> list[HeldRole]:
    """By name."""
    values = {**scope.model_dump(), "organisations": list(scope.organisations), "person": person, "caller": caller}
    return fetch(conn, HeldRole, _ROLES, values)


class TriggerItem(BaseModel):
    """A trigger, and how far it reaches."""

    id: UUID
    revision: int
    name: str
    when: TriggerCondition
    target_name: str | None
    """Of the condition: the organisation, position, audience, job role or offering."""
    offering_id: UUID | None
    offering_title: str | None
    offering_kind: str | None
    job_role_id: UUID | None
    job_role_name: str | None
    assignment_id: UUID | None
    undo: bool
    state: Literal["starting", "acting", "stopped"]
    stopped_because: TriggerEnd | None
    loop: list[UUID]
    """The triggers that would have caused one another (TRG-3)."""
    loop_names: list[str]
    """What these are called, in the same order."""
    people: int
    """Whom it assigns now."""
    batch: UUID
    created_at: datetime


_LIST = f"""
SELECT {TRIGGER.select("t")}, t.begun,
    EXISTS (SELECT FROM assignment a WHERE a.id = t.assignment AND a.live) OR t.assignment IS NULL AS assigns,
    (SELECT count(*) FROM trigger_standing s WHERE s.trigger = t.id AND s.fired AND NOT t.taken_back) AS people,
    coalesce(u.name, g.name, r.name, c.title) AS target_name, o.title AS offering_title, o.kind AS offering_kind,
    j.name AS job_role_name, s.stopped,
    ARRAY(SELECT coalesce(x.name, '') FROM jsonb_array_elements_text(s.stopped -> 'loop') WITH ORDINALITY AS loop (id, place)
        LEFT JOIN trigger x ON x.id = loop.id::uuid ORDER BY place) AS loop_names
FROM trigger t
LEFT JOIN unit_fact u ON t.kind IN ('organisation', 'position') AND u.id = t.target
LEFT JOIN audience_fact g ON t.kind = 'audience' AND g.id = t.target
LEFT JOIN job_role_fact r ON t.kind = 'job-role' AND r.id = t.target
LEFT JOIN offering_fact c ON t.kind = 'completion' AND c.id = t.target
LEFT JOIN offering_fact o ON o.id = t.offering
LEFT JOIN job_role_fact j ON j.id = t.job_role
LEFT JOIN LATERAL (SELECT convert_from(e.body, 'UTF8')::jsonb AS stopped FROM events e WHERE e.stream = t.id AND NOT t.live
    ORDER BY e.version DESC LIMIT 1) AS s ON true
WHERE (%(id)s::uuid IS NULL OR t.id = %(id)s)
    AND (%(live)s::bool IS NULL OR EXISTS (SELECT FROM acting_trigger x WHERE x.id = t.id) = %(live)s)
    AND (%(after_time)s::timestamptz IS NULL OR (t.created_at, t.id) > (%(after_time)s, %(after)s::uuid))
ORDER BY t.created_at, t.id LIMIT %(limit)s
"""


def triggers(
    conn: Connection, cursor: str | None, limit: int, *, id: UUID | None = None, live: bool | None = None
) -> Page[TriggerItem]:
    """List the orders of an enrollment, oldest first."""
    after_time, after = cursor_decode(cursor, datetime.fromisoformat, UUID) if cursor else (None, None)
    values = {"id": id, "live": live, "after_time": after_time, "after": after, "limit": limit + 1}
    return page_of(fetch(conn, _item, _LIST, values), limit, lambda item: [item.created_at.isoformat(), item.id])


def _item(*, begun: bool, assigns: bool, people: int, stopped: dict[str, Any] | None, **fields: Any) -> TriggerItem:
    row = TriggerRow(**{name: fields.pop(name) for name in TriggerRow._fields})
    told = stopped or {}
    why = told.get("why") or (None if assigns else "removed")
    acting = row.live and why is None
    return TriggerItem(
        id=row.id,
        revision=row.revision,
        name=row.name,
        when=row.when,
        offering_id=row.offering,
        job_role_id=row.job_role,
        assignment_id=row.assignment,
        undo=row.undo,
        state=("acting" if begun else "starting") if acting else "stopped",
        stopped_because=why,
        loop=told.get("loop") or [],
        people=people if assigns else 0,
        batch=row.batch,
        created_at=row.created_at,
        **fields,
    )
