"""Queries on frameworks, units and audiences, and the scope filter of every query (SEC-2)."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel, Field

from shared.auth import Scope
from shared.contracts.directory import AudienceRule, UnitKind
from shared.database import Connection, UuidArray, fetch, fetch_one, pairs, scalar
from shared.folding import fold, key
from shared.readmodel import Page, cursor_decode, page_of

BELOW = (
    "WITH RECURSIVE below AS (SELECT id FROM unit WHERE id = ANY(%(scope)s) "
    "UNION SELECT u.id FROM unit u JOIN below b ON u.parent = b.id) "
)
"""The organisations of a scope and everything below them, as `below`; parameter `scope`."""


class FrameworkView(BaseModel):
    id: UUID
    kind: UnitKind
    name: str
    external_id: str


class UnitView(BaseModel):
    """An organisation or a position. `version` is its ETag."""

    id: UUID
    version: int
    kind: UnitKind
    framework_id: UUID
    parent_id: UUID | None
    name: str
    external_id: str
    children: int
    path: list[str] = Field(default_factory=list)
    """The names of the units above, the topmost first, as far as the caller may see them."""
    people: int | None = None
    """With `count`: how many active people within the scope have their home, or a current job assignment, here."""
    people_below: int | None = None
    """With `count`: the same, here and below."""


class AudienceView(BaseModel):
    id: UUID
    version: int
    name: str
    external_id: str | None
    members: int
    rule: AudienceRule | None = None
    """None: the audience is fixed."""


def frameworks(conn: Connection, kind: UnitKind | None) -> list[FrameworkView]:
    query = (
        "SELECT id, kind, name, external_id FROM framework WHERE %s::text IS NULL OR kind = %s ORDER BY kind, name, id"
    )
    return fetch(conn, FrameworkView, query, [kind, kind])


_UNIT = (
    "SELECT u.id, u.revision AS version, u.kind, u.framework AS framework_id, u.parent AS parent_id, u.name, u.external_id, "
    "(SELECT count(*) FROM unit c WHERE c.parent = u.id) AS children FROM unit u "
)
_VISIBLE_UNIT = "(%(all)s OR u.kind = 'position' OR u.id IN (SELECT id FROM below))"
_TOPMOST = "(u.parent IS NULL OR NOT %(all)s AND u.kind = 'organisation' AND NOT EXISTS (SELECT FROM below WHERE id = u.parent))"
"""Of those that the scope shows."""


def unit(conn: Connection, scope: Scope, id: UUID) -> UnitView | None:
    """None where there is none, or none that the scope shows."""
    query = f"{BELOW}{_UNIT} WHERE u.id = %(id)s AND {_VISIBLE_UNIT}"
    values = {"scope": list(scope.organisations), "all": scope.everything, "id": id}
    found = fetch_one(conn, UnitView, query, values)
    return _placed(conn, scope, [found], count=True)[0] if found else None


def units(
    conn: Connection,
    scope: Scope,
    *,
    ids: Sequence[UUID] | None,
    kind: UnitKind | None,
    framework: UUID | None,
    parent: UUID | None,
    top: bool,
    name: str | None,
    cursor: str | None,
    limit: int,
    count: bool = False,
) -> Page[UnitView]:
    """By name; `top` only those without a parent that the scope shows, `name` a part of the name or the external id."""
    after = cursor_decode(cursor, str, UUID) if cursor else ("", UUID(int=0))
    query = (
        f"{BELOW}{_UNIT} WHERE {_VISIBLE_UNIT} AND (%(kind)s::text IS NULL OR u.kind = %(kind)s) "
        "AND (%(ids)s::uuid[] IS NULL OR u.id = ANY(%(ids)s)) "
        "AND (%(framework)s::uuid IS NULL OR u.framework = %(framework)s) "
        f"AND (%(parent)s::uuid IS NULL OR u.parent = %(parent)s) AND (NOT %(top)s OR {_TOPMOST}) "
        "AND (%(name)s::text IS NULL OR strpos(u.name_folded, %(folded)s) > 0 OR u.external_id = %(name)s) "
        "AND (u.name, u.id) > (%(after)s, %(after_id)s::uuid) ORDER BY u.name, u.id LIMIT %(limit)s"
    )
    values = {
        "scope": list(scope.organisations),
        "all": scope.everything,
        "ids": None if ids is None else list(ids),
        "kind": kind,
        "framework": framework,
        "parent": parent,
        "top": top,
        "name": None if name is None else key(name),
        "folded": None if name is None else fold(name),
        "after": after[0],
        "after_id": after[1],
        "limit": limit + 1,
    }
    rows = _placed(conn, scope, fetch(conn, UnitView, query, values), count=count)
    return page_of(rows, limit, lambda unit: [unit.name, unit.id])


_PATHS = (
    f"{BELOW}, up AS (SELECT id AS unit, parent, 0 AS distance FROM unit WHERE id = ANY(%(ids)s) "
    "UNION SELECT up.unit, u.parent, distance + 1 FROM up JOIN unit u ON u.id = up.parent WHERE distance < 1000) "
    "SELECT up.unit AS id, array_agg(u.name ORDER BY distance DESC) AS path FROM up JOIN unit u ON u.id = up.parent "
    f"WHERE {_VISIBLE_UNIT} GROUP BY up.unit"
)
_NUMBERS = (
    f"{BELOW}, tree AS (SELECT id AS root, id FROM unit WHERE id = ANY(%(ids)s) "
    "UNION SELECT root, u.id FROM tree JOIN unit u ON u.parent = tree.id), "
    "placed AS (SELECT root, tree.id, p.id AS person FROM tree JOIN person p ON p.home = tree.id "
    "UNION ALL SELECT root, tree.id, j.person FROM tree JOIN current_job j ON j.organisation = tree.id "
    'UNION ALL SELECT root, tree.id, j.person FROM tree JOIN current_job j ON j."position" = tree.id) '
    "SELECT root AS id, count(DISTINCT p.id) FILTER (WHERE placed.id = root) AS people, count(DISTINCT p.id) AS people_below "
    "FROM placed JOIN person p ON p.id = placed.person AND p.active AND (%(all)s OR p.home IN (SELECT id FROM below)) "
    "GROUP BY root"
)


class _Path(NamedTuple):
    id: UUID
    path: list[str]


class _Numbers(NamedTuple):
    id: UUID
    people: int
    people_below: int


def _placed(conn: Connection, scope: Scope, units: Sequence[UnitView], *, count: bool) -> list[UnitView]:
    """With what is above them, and how many people they have where that is asked: whom an assignment of the unit would reach."""
    values = {"scope": list(scope.organisations), "all": scope.everything, "ids": [unit.id for unit in units]}
    paths = {one.id: one.path for one in fetch(conn, _Path, _PATHS, values)}
    numbers = {one.id: one for one in fetch(conn, _Numbers, _NUMBERS, values)} if count else {}
    placed = [unit.model_copy(update={"path": paths.get(unit.id, [])}) for unit in units]
    if not count:
        return placed
    return [
        unit.model_copy(update=numbers.get(unit.id, _Numbers(unit.id, people=0, people_below=0))._asdict())
        for unit in placed
    ]


def within(conn: Connection, scope: Scope, organisation: UUID | None) -> bool:
    """This organisation (None: no organisation) is in the scope."""
    if scope.everything:
        return True
    query = f"{BELOW}SELECT 1 FROM below WHERE id = %(id)s".encode()
    return conn.execute(query, {"scope": list(scope.organisations), "id": organisation}).fetchone() is not None


def above(conn: Connection, id: UUID | None) -> dict[UUID, int]:
    """A unit and everything above it, nearest first, each with its revision."""
    query = (
        "WITH RECURSIVE above AS (SELECT id, parent, revision, 1 AS depth FROM unit WHERE id = %s "
        "UNION SELECT u.id, u.parent, u.revision, a.depth + 1 FROM unit u JOIN above a ON u.id = a.parent "
        "WHERE a.depth < 1000) SELECT id, revision FROM above ORDER BY depth"
    )
    return dict(pairs(conn, query, UUID, int, [id]))


class Held(NamedTuple):
    children: int
    people: int
    assignments: int


def held(conn: Connection, id: UUID) -> Held:
    """How many children and people (homes and jobs) a unit holds, and how many live assignments it has."""
    query = (
        "SELECT (SELECT count(*) FROM unit WHERE parent = %(id)s) AS children, (SELECT count(*) FROM ("
        "SELECT id FROM person WHERE home = %(id)s UNION "
        "SELECT person FROM job_assignment WHERE organisation = %(id)s UNION "
        'SELECT person FROM job_assignment WHERE "position" = %(id)s) AS held) AS people, '
        "(SELECT count(*) FROM assignment_fact WHERE target = %(id)s) AS assignments"
    )
    (found,) = fetch(conn, Held, query, {"id": id})
    return found


_AUDIENCE = (
    "SELECT a.id, a.revision AS version, a.name, a.external_id, "
    "(SELECT count(*) FROM audience_member m WHERE m.audience = a.id) AS members, "
    "r.rule::json AS rule FROM audience a LEFT JOIN audience_rule r ON r.audience = a.id "
)


def audience(conn: Connection, id: UUID) -> AudienceView | None:
    return fetch_one(conn, AudienceView, f"{_AUDIENCE}WHERE a.id = %s", [id])


def audiences(
    conn: Connection, name: str | None, ids: Sequence[UUID] | None, cursor: str | None, limit: int
) -> Page[AudienceView]:
    """By name; `ids` gives these alone."""
    after = cursor_decode(cursor, str, UUID) if cursor else ("", UUID(int=0))
    query = (
        f"{_AUDIENCE}WHERE (%s::text IS NULL OR strpos(a.name_folded, %s) > 0) AND (%s::uuid[] IS NULL OR a.id = ANY(%s)) "
        "AND (a.name, a.id) > (%s, %s::uuid) ORDER BY a.name, a.id LIMIT %s"
    )
    among = None if ids is None else list(ids)
    words = None if name is None else fold(name)
    rows = fetch(conn, AudienceView, query, [words, words, among, among, *after, limit + 1])
    return page_of(rows, limit, lambda audience: [audience.name, audience.id])


def members(conn: Connection, audience: UUID) -> list[UUID]:
    """All of them."""
    query = "SELECT person FROM audience_member WHERE audience = %s ORDER BY person"
    return [id for (id,) in conn.execute(query, [audience], binary=True) if isinstance(id, UUID)]


def assigned(conn: Connection, target: UUID) -> int:
    """How many live assignments it has."""
    return scalar(conn, "SELECT count(*) FROM assignment_fact WHERE target = %s", int, [target])


def members_among(conn: Connection, audience: UUID, people: Sequence[UUID]) -> set[UUID]:
    """Those of these people who are members. Never prepared: a plan that was made for an empty audience would be kept."""
    query = "SELECT person FROM audience_member JOIN unnest(%s::uuid[]) AS asked (person) USING (person) WHERE audience = %s"
    rows = conn.execute(query, [UuidArray(people), audience], binary=True, prepare=False)
    return {id for (id,) in rows if isinstance(id, UUID)}
