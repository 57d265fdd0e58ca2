"""Who may be chosen as a delegate (APR-5)."""

from collections.abc import Mapping
from uuid import UUID

from pydantic import BaseModel

from shared.auth import ROLES, Permission
from shared.database import Connection, fetch
from shared.readmodel import Page, cursor_decode, page_of

_ORDER = "f.last_name_folded, f.first_name_folded, f.person_id"
_KNOWN = """
EXISTS (SELECT FROM unit_above a WHERE a.unit = p.home AND (a.above = (SELECT home FROM person_fact WHERE id = %(caller)s)
    OR a.above IN (SELECT organisation FROM permission_role WHERE person = %(caller)s AND role = ANY(%(readers)s))))
OR EXISTS (SELECT FROM permission_role WHERE person = %(caller)s AND role = ANY(%(readers)s) AND organisation IS NULL)
OR EXISTS (SELECT FROM current_manager m WHERE (m.person, m.manager) IN ((p.id, %(caller)s), (%(caller)s, p.id)))
"""
"""Whom the caller may know (SEC-2): the own organisation and everything below, where a role of theirs reads the directory, whom
they lead, and by whom they are led."""
_FOUND = f"""
SELECT f.person_id AS id, f.first_name || ' ' || f.last_name AS name, u.name AS organisation
FROM profile f JOIN person_fact p ON p.id = f.person_id AND p.active LEFT JOIN unit_fact u ON u.id = p.home
WHERE f.person_id <> %(caller)s AND strpos(f.first_name_folded, %(first_name)s) > 0
    AND strpos(f.last_name_folded, %(last_name)s) > 0 AND ({_KNOWN}) AND (%(after)s::uuid IS NULL OR ({_ORDER}) >
    (SELECT last_name_folded, first_name_folded, person_id FROM profile WHERE person_id = %(after)s))
ORDER BY {_ORDER} LIMIT %(limit)s
"""


class DelegateView(BaseModel):
    """Somebody whom an approver can choose: as much as tells two people of one name apart."""

    id: UUID
    name: str
    organisation: str | None


def search(
    conn: Connection, caller: UUID, names: Mapping[str, str], cursor: str | None, limit: int
) -> Page[DelegateView]:
    """Active people whom the caller may know, by folded parts of their names, by last name. A cursor holds an id, never a name."""
    after = cursor_decode(cursor, UUID)[0] if cursor else None
    readers = [role for role, permissions in ROLES.items() if Permission.READ_DIRECTORY in permissions]
    asked = {**names, "caller": caller, "readers": readers, "after": after, "limit": limit + 1}
    rows = fetch(conn, DelegateView, _FOUND, asked)
    return page_of(rows, limit, lambda one: [one.id])
