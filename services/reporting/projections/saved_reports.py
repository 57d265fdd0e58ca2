"""Saved reports: their table, and who sees which (RPT-3). State of its own: no event has what people typed."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import BaseModel, JsonValue

from shared.auth import Caller, Scope
from shared.database import Connection, UuidArray, fetch, fetch_one, scalar

_REACHES = """
s.owner = %(caller)s OR s.shared_role IS NOT NULL AND EXISTS (
    SELECT FROM unnest(%(roles)s::text[], %(places)s::uuid[]) h (role, place) WHERE h.role = s.shared_role
        AND (h.place IS NULL OR s.shared_organisation IS NULL
            OR h.place IN (SELECT organisations_above(s.shared_organisation))
            OR s.shared_organisation IN (SELECT organisations_above(h.place))))
"""
"""It is the caller's own, or shared with a role of the caller's that reaches some of the organisation or everything."""
_LIST = f"""
WITH RECURSIVE below (id) AS (
    SELECT unnest(%(scope)s::uuid[]) UNION SELECT u.unit_id FROM unit u JOIN below ON u.parent = below.id WHERE u.valid_to IS NULL
)
SELECT s.number, s.id, s.name, s.source, s.question, s.owner AS owner_id, s.owner = %(caller)s AS own,
    (SELECT n.first_name || ' ' || n.last_name FROM profile n WHERE n.person_id = s.owner AND (
        s.owner = %(caller)s OR %(everything)s OR EXISTS (SELECT FROM person p WHERE p.person_id = s.owner AND p.valid_to IS NULL
            AND p.home_organisation IN (SELECT id FROM below)))) AS owner,
    CASE WHEN s.shared_role IS NOT NULL THEN jsonb_build_object('role', s.shared_role, 'organisation_id', s.shared_organisation,
        'organisation', (SELECT u.name FROM unit u WHERE u.unit_id = s.shared_organisation AND u.valid_to IS NULL)) END AS shared,
    s.revision, s.created_at, s.changed_at
FROM saved_report s WHERE ({_REACHES}) AND (%(id)s::uuid IS NULL OR s.id = %(id)s)
    AND (%(source)s::text IS NULL OR s.source = %(source)s) AND (%(before)s::bigint IS NULL OR s.number < %(before)s)
ORDER BY s.number DESC LIMIT %(limit)s
"""
_VISIBLE = f"SELECT EXISTS (SELECT FROM saved_report s WHERE s.id = %(id)s AND ({_REACHES}))"
_WITHIN = """
SELECT EXISTS (SELECT FROM unit u WHERE u.unit_id = %(organisation)s AND u.kind = 'organisation' AND u.valid_to IS NULL)
    AND (%(everything)s OR EXISTS (SELECT FROM organisations_above(%(organisation)s) up WHERE up = ANY(%(organisations)s::uuid[])))
"""
_INSERT = """
INSERT INTO saved_report (id, owner, name, source, question, shared_role, shared_organisation, revision)
VALUES (%s, %s, %s, %s, %s, %s, %s, 1)
"""
_UPDATE = """
UPDATE saved_report SET name = %s, source = %s, question = %s, shared_role = %s, shared_organisation = %s,
    revision = revision + 1, changed_at = clock_timestamp() WHERE id = %s
"""


class SharedView(BaseModel):
    """With holders of which permission role, and where; `organisation_id` null: anywhere."""

    role: str
    organisation_id: UUID | None
    organisation: str | None


class SavedReportView(BaseModel):
    """A saved report. `question`: as the source's routes take it in a body. `owner`: only where the caller may know who that is.
    `revision`: the ETag."""

    number: int
    id: UUID
    name: str
    source: str
    question: dict[str, JsonValue]
    owner_id: UUID
    owner: str | None
    own: bool
    shared: SharedView | None
    revision: int
    created_at: datetime
    changed_at: datetime


class Content(NamedTuple):
    """What a person says of it."""

    name: str
    source: str
    question: dict[str, JsonValue]
    shared_role: str | None
    shared_organisation: UUID | None

    @property
    def values(self) -> list[object]:
        return [self.name, self.source, Jsonb(self.question), self.shared_role, self.shared_organisation]


class OwnedRow(NamedTuple):
    """Whose it is, and what is there before a change."""

    owner: UUID
    revision: int
    name: str
    source: str
    question: dict[str, JsonValue]
    shared_role: str | None
    shared_organisation: UUID | None

    @property
    def content(self) -> Content:
        return Content(self.name, self.source, self.question, self.shared_role, self.shared_organisation)


def page(
    conn: Connection, caller: Caller, scope: Scope, source: str | None, before: int | None, limit: int
) -> list[SavedReportView]:
    """Those that the caller sees, the newest first."""
    wanted = {"id": None, "source": source, "before": before, "limit": limit}
    return fetch(conn, SavedReportView, _LIST, {**wanted, **_who(caller), **_named(scope)})


def view(conn: Connection, caller: Caller, scope: Scope, id: UUID) -> SavedReportView | None:
    wanted = {"id": id, "source": None, "before": None, "limit": 1}
    return fetch_one(conn, SavedReportView, _LIST, {**wanted, **_who(caller), **_named(scope)})


def visible(conn: Connection, caller: Caller, id: UUID) -> bool:
    return scalar(conn, _VISIBLE, bool, {"id": id, **_who(caller)})


def locked(conn: Connection, id: UUID) -> OwnedRow | None:
    query = (
        "SELECT owner, revision, name, source, question, shared_role, shared_organisation FROM saved_report "
        "WHERE id = %s FOR UPDATE"
    )
    return fetch_one(conn, OwnedRow, query, [id])


def count_own(conn: Connection, owner: UUID) -> int:
    return scalar(conn, "SELECT count(*) FROM saved_report WHERE owner = %s", int, [owner])


def within(conn: Connection, scope: Scope, organisation: UUID) -> bool:
    """There is such an organisation, and it is in scope."""
    return scalar(conn, _WITHIN, bool, {**scope.values, "organisation": organisation})


def insert(conn: Connection, id: UUID, owner: UUID, content: Content) -> None:
    conn.execute(_INSERT, [id, owner, *content.values])


def update(conn: Connection, id: UUID, content: Content) -> None:
    conn.execute(_UPDATE, [*content.values, id])


def delete(conn: Connection, id: UUID) -> None:
    conn.execute("DELETE FROM saved_report WHERE id = %s", [id])


def _who(caller: Caller) -> Mapping[str, object]:
    return {
        "caller": caller.id,
        "roles": [held.role for held in caller.roles],
        "places": [held.organisation for held in caller.roles],
    }


def _named(scope: Scope) -> Mapping[str, object]:
    """Whose names may be shown."""
    return {"scope": UuidArray(list(scope.organisations)), "everything": scope.everything}
