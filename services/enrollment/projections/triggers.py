"""Triggers, and who holds which job role, as rules and API ask for them (TRG-1, ASG-12)."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import BaseModel

from services.enrollment.projections.lists import IN_SCOPE
from services.enrollment.projections.names import PERSON
from services.enrollment.projections.state import TRIGGER
from services.enrollment.projections.triggering import HOLDERS
from shared.auth import Scope
from shared.contracts.catalog import LinkedQualification
from shared.contracts.enrollment import TriggerCondition, TriggerEnd, TriggerKind
from shared.database import Connection, uuid_of
from shared.readmodel import Page, cursor_decode, cursor_encode


class TriggerRow(NamedTuple):
    """A row of `trigger`."""

    id: UUID
    revision: int
    name: str
    kind: TriggerKind
    target: UUID | None
    include_below: bool
    field: str | None
    on_or_after: date | None
    on_or_before: date | None
    assignment: UUID | None
    offering: UUID | None
    job_role: UUID | None
    undo: bool
    live: bool
    taken_back: bool
    batch: UUID
    created_at: datetime

    @property
    def when(self) -> TriggerCondition:
        return TriggerCondition(
            kind=self.kind,
            target_id=self.target,
            include_below=self.include_below,
            field=self.field,
            on_or_after=self.on_or_after,
            on_or_before=self.on_or_before,
        )


def rows(conn: Connection, ids: Iterable[UUID]) -> dict[UUID, TriggerRow]:
    query = f"SELECT {', '.join(TRIGGER.columns)} FROM trigger WHERE id = ANY(%s)".encode()
    found = [TriggerRow(*row) for row in conn.execute(query, [list(ids)], binary=True)]  # type: ignore[arg-type]
    return {row.id: row for row in found}


_LIVE = f"""
SELECT {", ".join(TRIGGER.columns)} FROM trigger t WHERE live AND (%(name)s::text IS NULL OR name = %(name)s)
    AND (t.assignment IS NULL OR EXISTS (SELECT FROM assignment a WHERE a.id = t.assignment AND a.live))
ORDER BY created_at, id
"""


def live(conn: Connection, name: str | None = None) -> list[TriggerRow]:
    """Those that act, or the one of them that is called so; oldest first."""
    found = conn.execute(_LIVE.encode(), {"name": name}, binary=True)
    return [TriggerRow(*row) for row in found]  # type: ignore[arg-type]


_WITH_ROLE = """
WITH RECURSIVE acting AS MATERIALIZED (
    SELECT * FROM trigger t WHERE live AND begun
        AND (t.assignment IS NULL OR EXISTS (SELECT FROM assignment a WHERE a.id = t.assignment AND a.live))
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
    for offering, assignment in conn.execute(_WITH_ROLE, {"role": job_role}, binary=True):
        found.setdefault(uuid_of(offering), []).append(uuid_of(assignment))
    return found


def parts_of_offerings(conn: Connection) -> dict[UUID, list[UUID]]:
    """The items and courses of every qualification and certification."""
    query = "SELECT id, items || courses FROM offering_fact WHERE cardinality(items || courses) > 0"
    return {uuid_of(id): list(parts) for id, parts in conn.execute(query)}  # type: ignore[call-overload]


class JobRoleFact(NamedTuple):
    """What the catalogue says of a job role."""

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
    found = {}
    for id, revision, code, name, links, removed in conn.execute(query, {"ids": chosen}):
        told = tuple(LinkedQualification.model_validate(link) for link in links)  # type: ignore[attr-defined]
        found[uuid_of(id)] = JobRoleFact(uuid_of(id), int(str(revision)), str(code), str(name), told, bool(removed))
    return found


def roles_by_code(conn: Connection, codes: Sequence[str]) -> dict[str, UUID]:
    """Those of these job roles that there are, by code in lower case."""
    query = "SELECT lower(code), id FROM job_role_fact WHERE NOT removed AND lower(code) = ANY(%s)"
    return {str(code): uuid_of(id) for code, id in conn.execute(query, [[code.lower() for code in codes]])}


def save_job_roles(conn: Connection, roles: Sequence[JobRoleFact]) -> None:
    for role in roles:
        links = Jsonb([link.model_dump(mode="json") for link in role.qualifications])
        conn.execute(
            "INSERT INTO job_role_fact (id, revision, code, name, qualifications, removed) VALUES (%s, %s, %s, %s, %s, %s) "
            "ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, code = excluded.code, name = excluded.name, "
            "qualifications = excluded.qualifications, removed = excluded.removed",
            [role.id, role.revision, role.code, role.name, links, role.removed],
        )


def held_by_hand(conn: Connection, job_role: UUID, people: Sequence[UUID]) -> set[UUID]:
    """Those of these people who hold it by hand."""
    query = "SELECT person FROM job_role_holder WHERE job_role = %s AND person = ANY(%s)"
    return {uuid_of(person) for (person,) in conn.execute(query, [job_role, list(people)])}


def holders_of(conn: Connection, job_role: UUID) -> list[UUID]:
    """Everybody who holds it, or has held it by what is on record when the catalogue removed it."""
    query = (
        "SELECT person FROM job_role_holder WHERE job_role = %(role)s UNION SELECT s.person FROM trigger t "
        "JOIN trigger_standing s ON s.trigger = t.id AND s.fired WHERE t.job_role = %(role)s"
    )
    return [uuid_of(person) for (person,) in conn.execute(query, {"role": job_role})]


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
EXISTS (SELECT FROM job_role_holder b WHERE b.job_role = h.job_role AND b.person = h.person),
ARRAY(SELECT t.id FROM trigger t JOIN trigger_standing s ON s.trigger = t.id AND s.person = h.person AND s.fired
    WHERE t.job_role = h.job_role AND NOT t.taken_back ORDER BY 1)
"""
_HOLDERS = f"""
SELECT h.person, {PERSON.format("pf")}, {_BY} FROM {HOLDERS} AS h JOIN person_fact p ON p.id = h.person
LEFT JOIN profile pf ON pf.person_id = h.person
WHERE h.job_role = %(role)s AND {IN_SCOPE.format("p.home")} AND (%(after)s::uuid IS NULL OR h.person > %(after)s)
ORDER BY h.person LIMIT %(limit)s
"""
_ROLES = f"""
SELECT f.id, f.code, f.name, {_BY} FROM {HOLDERS} AS h JOIN job_role_fact f ON f.id = h.job_role
JOIN person_fact p ON p.id = h.person
WHERE h.person = %(person)s AND ({IN_SCOPE.format("p.home")} OR h.person = %(caller)s) ORDER BY f.name, f.id
"""


def holders(conn: Connection, scope: Scope, job_role: UUID, cursor: str | None, limit: int) -> Page[HolderItem]:
    after = cursor_decode(cursor, UUID)[0] if cursor else None
    values = {**scope.model_dump(), "organisations": list(scope.organisations), "role": job_role}
    found = conn.execute(_HOLDERS.encode(), {**values, "after": after, "limit": limit + 1}).fetchall()
    items = [
        HolderItem(person_id=uuid_of(person), name=name, by_hand=bool(hand), triggers=list(by))  # type: ignore[call-overload]
        for person, name, hand, by in found[:limit]
    ]
    return Page(items=items, next=cursor_encode(str(items[-1].person_id)) if len(found) > limit else None)


def roles_of(conn: Connection, scope: Scope, caller: UUID, person: UUID) -> list[HeldRole]:
    """By name."""
    values = {**scope.model_dump(), "organisations": list(scope.organisations), "person": person, "caller": caller}
    return [
        HeldRole(job_role_id=uuid_of(id), code=str(code), name=str(name), by_hand=bool(hand), triggers=list(by))  # type: ignore[call-overload]
        for id, code, name, hand, by in conn.execute(_ROLES.encode(), values)
    ]


class TriggerItem(BaseModel):
    """A trigger, and how far it reaches."""

    id: UUID
    revision: int
    name: str
    when: TriggerCondition
    offering_id: UUID | None
    job_role_id: UUID | None
    assignment_id: UUID | None
    undo: bool
    state: Literal["starting", "acting", "stopped"]
    stopped_because: TriggerEnd | None
    loop: list[UUID]
    """The triggers that would have caused one another (TRG-3)."""
    people: int
    """Whom it assigns now."""
    batch: UUID
    created_at: datetime


_ACTS = "(t.live AND (t.assignment IS NULL OR EXISTS (SELECT FROM assignment a WHERE a.id = t.assignment AND a.live)))"
_LIST = f"""
SELECT {", ".join(f"t.{name}" for name in TRIGGER.columns)}, t.begun,
    t.assignment IS NULL OR EXISTS (SELECT FROM assignment a WHERE a.id = t.assignment AND a.live),
    (SELECT count(*) FROM trigger_standing s WHERE s.trigger = t.id AND s.fired AND NOT t.taken_back),
    (SELECT convert_from(e.body, 'UTF8')::jsonb FROM events e WHERE e.stream = t.id AND NOT t.live
        ORDER BY e.version DESC LIMIT 1)
FROM trigger t WHERE (%(id)s::uuid IS NULL OR t.id = %(id)s) AND (%(live)s::bool IS NULL OR {_ACTS} = %(live)s)
    AND (%(after_time)s::timestamptz IS NULL OR (t.created_at, t.id) > (%(after_time)s, %(after)s::uuid))
ORDER BY t.created_at, t.id LIMIT %(limit)s
"""


def triggers(
    conn: Connection, cursor: str | None, limit: int, *, id: UUID | None = None, live: bool | None = None
) -> Page[TriggerItem]:
    """Oldest first."""
    after_time, after = cursor_decode(cursor, datetime.fromisoformat, UUID) if cursor else (None, None)
    values = {"id": id, "live": live, "after_time": after_time, "after": after, "limit": limit + 1}
    found = conn.execute(_LIST.encode(), values).fetchall()
    items = [_item(row) for row in found[:limit]]
    last = items[-1] if len(found) > limit else None
    return Page(items=items, next=cursor_encode(last.created_at.isoformat(), str(last.id)) if last else None)


def _item(found: tuple[object, ...]) -> TriggerItem:
    row = TriggerRow(*found[: len(TRIGGER.columns)])  # type: ignore[arg-type]
    begun, assigns, people, stopped = found[len(TRIGGER.columns) :]
    told = stopped if isinstance(stopped, dict) else {}
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
        people=int(str(people)) if assigns else 0,
        batch=row.batch,
        created_at=row.created_at,
    )
