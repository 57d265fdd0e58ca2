"""Who holds a permission role for what (SEC-2): whom an e-mail to administrators, or to operations managers, goes to."""

from collections.abc import Sequence
from uuid import UUID

from shared.contracts.directory import PermissionRoleGranted, PermissionRoleRevoked
from shared.database import Connection
from shared.events import Recorded

_GRANT = """
INSERT INTO {table} (person_id, organisation) SELECT * FROM unnest(%s::uuid[], %s::uuid[])
ON CONFLICT DO NOTHING
"""
_REVOKE = """
DELETE FROM {table} a USING unnest(%s::uuid[], %s::uuid[]) AS t (person_id, organisation)
WHERE a.person_id = t.person_id AND a.organisation IS NOT DISTINCT FROM t.organisation
"""


class RoleHolders:
    """Writes the table of one role. A consumer of its own, so that it reads what lies before it was there."""

    source: str = "directory"
    types: frozenset[str] = frozenset({PermissionRoleGranted.TOPIC, PermissionRoleRevoked.TOPIC})

    def __init__(self, role: str, table: str, group: str) -> None:
        self.name = self.group = group
        self.tables: tuple[str, ...] = (table,)
        self._role = role
        self._table = table

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        held: dict[tuple[UUID, UUID | None], bool] = {}
        for recorded in events:
            match recorded.event:
                case PermissionRoleGranted(originator_id=person, role=role, organisation=organisation) if (
                    role == self._role
                ):
                    held[person, organisation] = True
                case PermissionRoleRevoked(originator_id=person, role=role, organisation=organisation) if (
                    role == self._role
                ):
                    held[person, organisation] = False
        for query, wanted in ((_GRANT, True), (_REVOKE, False)):
            rows = [key for key, holds in held.items() if holds is wanted]
            if rows:
                conn.execute(
                    query.format(table=self._table).encode(),
                    [[person for person, _ in rows], [organisation for _, organisation in rows]],
                )
