"""Queries on frameworks, units and audiences, and the scope filter of every query (SEC-2)."""

from collections.abc import Sequence
from uuid import UUID

from psycopg.rows import class_row
from pydantic import BaseModel

from shared.auth import Scope
from shared.contracts.directory import AudienceRule, UnitKind
from shared.database import Connection, Uuids
from shared.folding import fold, key
from shared.readmodel import Page, cursor_decode, cursor_encode

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
    with conn.cursor(row_factory=class_row(FrameworkView)) as cursor:
        return cursor.execute(query, [kind, kind]).fetchall()


_UNIT = (
    "SELECT u.id, u.revision AS version, u.kind, u.framework AS framework_id, u.parent AS parent_id, u.name, u.external_id, "
    "(SELECT count(*) FROM unit c WHERE c.parent = u.id) AS children FROM unit u "
)
_VISIBLE_UNIT = "(%(all)s OR u.kind = 'position' OR u.id IN (SELECT id FROM below))"


def unit(conn: Connection, scope: Scope, id: UUID) -> UnitView | None:
    """None where there is none, or none that the scope shows."""
    query = f"{BELOW}{_UNIT} WHERE u.id = %(id)s AND {_VISIBLE_UNIT}".encode()
    values = {"scope": list(scope.organisations), "all": scope.everything, "id": id}
    with conn.cursor(row_factory=class_row(UnitView)) as cursor:
        return cursor.execute(query, values).fetchone()


def units(
    conn: Connection,
    scope: Scope,
    *,
    kind: UnitKind | None,
    framework: UUID | None,
    parent: UUID | None,
    top: bool,
    name: str | None,
    cursor: str | None,
    limit: int,
) -> Page[UnitView]:
    """By name; `top` only those without a parent, `name` a part of the name or the external id."""
    after = cursor_decode(cursor, str, UUID) if cursor else ("", UUID(int=0))
    query = (
        f"{BELOW}{_UNIT} WHERE {_VISIBLE_UNIT} AND (%(kind)s::text IS NULL OR u.kind = %(kind)s) "
        "AND (%(framework)s::uuid IS NULL OR u.framework = %(framework)s) "
        "AND (%(parent)s::uuid IS NULL OR u.parent = %(parent)s) AND (NOT %(top)s OR u.parent IS NULL) "
        "AND (%(name)s::text IS NULL OR strpos(u.name_folded, %(folded)s) > 0 OR u.external_id = %(name)s) "
        "AND (u.name, u.id) > (%(after)s, %(after_id)s::uuid) ORDER BY u.name, u.id LIMIT %(limit)s"
    ).encode()
    values = {
        "scope": list(scope.organisations),
        "all": scope.everything,
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
    with conn.cursor(row_factory=class_row(UnitView)) as found:
        rows = found.execute(query, values).fetchall()
    more = len(rows) > limit
    return Page(items=rows[:limit], next=cursor_encode(rows[limit - 1].name, str(rows[limit - 1].id)) if more else None)


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
    return dict(conn.execute(query, [id]).fetchall())  # type: ignore[arg-type]


def held(conn: Connection, id: UUID) -> tuple[int, int, int]:
    """How many children and people (homes and jobs) a unit holds, and how many live assignments it has."""
    row = conn.execute(
        "SELECT (SELECT count(*) FROM unit WHERE parent = %(id)s), (SELECT count(*) FROM ("
        "SELECT id FROM person WHERE home = %(id)s UNION "
        "SELECT person FROM job_assignment WHERE organisation = %(id)s UNION "
        'SELECT person FROM job_assignment WHERE "position" = %(id)s) AS held), '
        "(SELECT count(*) FROM assignment_fact WHERE target = %(id)s)",
        {"id": id},
    ).fetchone()
    return (int(str(row[0])), int(str(row[1])), int(str(row[2]))) if row else (0, 0, 0)


_AUDIENCE = (
    "SELECT a.id, a.revision AS version, a.name, a.external_id, "
    "(SELECT count(*) FROM audience_member m WHERE m.audience = a.id) AS members, "
    "r.rule::json AS rule FROM audience a LEFT JOIN audience_rule r ON r.audience = a.id "
)


def audience(conn: Connection, id: UUID) -> AudienceView | None:
    with conn.cursor(row_factory=class_row(AudienceView)) as cursor:
        return cursor.execute(f"{_AUDIENCE}WHERE a.id = %s".encode(), [id]).fetchone()


def audiences(conn: Connection, name: str | None, cursor: str | None, limit: int) -> Page[AudienceView]:
    after = cursor_decode(cursor, str, UUID) if cursor else ("", UUID(int=0))
    query = (
        f"{_AUDIENCE}WHERE (%s::text IS NULL OR strpos(a.name_folded, %s) > 0) AND (a.name, a.id) > (%s, %s::uuid) "
        "ORDER BY a.name, a.id LIMIT %s"
    ).encode()
    with conn.cursor(row_factory=class_row(AudienceView)) as found:
        rows = found.execute(query, [*[None if name is None else fold(name)] * 2, *after, limit + 1]).fetchall()
    more = len(rows) > limit
    return Page(items=rows[:limit], next=cursor_encode(rows[limit - 1].name, str(rows[limit - 1].id)) if more else None)


def members(conn: Connection, audience: UUID) -> list[UUID]:
    """All of them."""
    query = "SELECT person FROM audience_member WHERE audience = %s ORDER BY person"
    return [id for (id,) in conn.execute(query, [audience], binary=True) if isinstance(id, UUID)]


def assigned(conn: Connection, target: UUID) -> int:
    """How many live assignments it has."""
    row = conn.execute("SELECT count(*) FROM assignment_fact WHERE target = %s", [target]).fetchone()
    return int(str(row[0])) if row else 0


def members_among(conn: Connection, audience: UUID, people: Sequence[UUID]) -> set[UUID]:
    """Those of these people who are members. Never prepared: a plan that was made for an empty audience would be kept."""
    query = "SELECT person FROM audience_member JOIN unnest(%s::uuid[]) AS asked (person) USING (person) WHERE audience = %s"
    rows = conn.execute(query, [Uuids(people), audience], binary=True, prepare=False)
    return {id for (id,) in rows if isinstance(id, UUID)}
