"""Who is site administrator of what (SEC-2): whom an e-mail to administrators goes to."""

from collections.abc import Sequence
from uuid import UUID

from shared.contracts.directory import PermissionRoleGranted, PermissionRoleRevoked
from shared.database import Connection
from shared.events import Recorded

ROLE = "site-administrator"
_GRANT = """
INSERT INTO administrator_fact (person_id, organisation) SELECT * FROM unnest(%s::uuid[], %s::uuid[])
ON CONFLICT DO NOTHING
"""
_REVOKE = """
DELETE FROM administrator_fact a USING unnest(%s::uuid[], %s::uuid[]) AS t (person_id, organisation)
WHERE a.person_id = t.person_id AND a.organisation IS NOT DISTINCT FROM t.organisation
"""


class Administrators:
    """Writes `administrator_fact`. A consumer of its own, so that it reads what lies before it was there."""

    name: str = "notifier.administrators"
    source: str = "directory"
    types: frozenset[str] = frozenset({PermissionRoleGranted.TOPIC, PermissionRoleRevoked.TOPIC})

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        held: dict[tuple[UUID, UUID | None], bool] = {}
        for recorded in events:
            match recorded.event:
                case PermissionRoleGranted(originator_id=person, role=role, organisation=organisation) if role == ROLE:
                    held[person, organisation] = True
                case PermissionRoleRevoked(originator_id=person, role=role, organisation=organisation) if role == ROLE:
                    held[person, organisation] = False
        for query, wanted in ((_GRANT, True), (_REVOKE, False)):
            rows = [key for key, holds in held.items() if holds is wanted]
            if rows:
                conn.execute(query, [[person for person, _ in rows], [organisation for _, organisation in rows]])
