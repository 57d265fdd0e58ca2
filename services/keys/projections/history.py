"""What each event of the keys service is in a history (AUD-1). Secrets are in none (KEY-10)."""

from collections.abc import Mapping, Sequence
from typing import Literal
from uuid import UUID

from services.keys.projections.scope import in_scope, scope_parameters
from shared.auth import Scope
from shared.contracts import keys as events
from shared.database import Connection, pairs
from shared.history import Says, Subject, Table, tell

Kind = Literal[
    "pool-described",
    "key-added",
    "key-reserved",
    "key-held",
    "key-redeemed",
    "key-released",
    "key-revoked",
    "key-reopened",
    "keys-exported",
    "key-sent",
    "key-reminded",
    "key-taken-back",
    "pool-ran-low",
    "pool-expiring",
]
SubjectKind = Literal["pool", "key", "person"]

_POOL = Says("pool", "pool", lambda event: event.pool_id)
_PERSON = Says("person", "person", lambda event: event.person_id)
_OFFERING = Says("offering", "offering", lambda event: event.offering_id)
_REASON = Says("reason", "note")

TABLE: Table[Kind] = {
    events.PoolDescribed: tell(
        "pool-described",
        Says("name", holds=True),
        _OFFERING,
        Says("organisation", "unit", lambda event: event.organisation_id, holds=True),
        Says("starts", "moment", holds=True),
        Says("expires", "moment", holds=True),
        Says("access_days", "number", holds=True),
        Says("share_below", "flag", holds=True),
    ),
    events.KeyAdded: tell("key-added", _POOL, Says("fingerprint"), Says("generated", "flag")),
    events.KeyReserved: tell("key-reserved", _POOL, _PERSON, _OFFERING),
    events.KeyHeld: tell("key-held", _POOL, _PERSON, _OFFERING),
    events.KeyRedeemed: tell(
        "key-redeemed",
        _POOL,
        _PERSON,
        _OFFERING,
        Says("assignment", "assignment", lambda event: event.assignment_id),
    ),
    events.KeyReleased: tell(
        "key-released", _POOL, _PERSON, _OFFERING, Says("problem", "code", lambda event: event.kind)
    ),
    events.KeyRevoked: tell("key-revoked", _POOL, _PERSON, Says("end_assignment", "flag"), _REASON),
    events.KeyReopened: tell("key-reopened", _POOL, _REASON),
    events.KeysExported: tell(
        "keys-exported", _POOL, Says("format", "code"), Says("state", "code"), Says("keys", "number")
    ),
    events.KeySent: tell("key-sent", _POOL, _PERSON),
    events.KeyReminded: tell("key-reminded", _POOL, _PERSON),
    events.KeyTakenBack: tell("key-taken-back", _POOL, _PERSON),
    events.PoolRanLow: tell("pool-ran-low", _POOL, Says("percent", "number"), Says("used", "number")),
    events.PoolExpiring: tell("pool-expiring", _POOL, Says("expires", "moment"), Says("unused", "number")),
}

_OF_POOL = """
(e.stream = %(id)s OR e.stream IN (SELECT id FROM pool_export WHERE pool = %(id)s) OR (
    e.type IN ('keys.PoolRanLow.v1', 'keys.PoolExpiring.v1')
    AND convert_from(e.body, 'UTF8')::jsonb ->> 'pool_id' = %(id)s::text))
"""
"""In the words of the index of migration 0007."""
_OF_PERSON = f"""
e.stream IN (SELECT k.id FROM training_key k JOIN pool p ON p.id = k.pool
    WHERE k.person = %(id)s AND {in_scope("p.organisation")})
"""


def of_pool(id: UUID) -> Subject:
    """With its exports and warnings; each key has a history of its own."""
    return Subject(_OF_POOL, {"id": id})


def of_person(scope: Scope, id: UUID) -> Subject:
    """The keys that they redeemed, of pools that the scope shows."""
    return Subject(_OF_PERSON, {"id": id, **scope_parameters(scope)})


def called(conn: Connection, ids: Sequence[UUID]) -> Mapping[UUID, str]:
    """Offerings, pools and organisations."""
    query = (
        "SELECT id, title FROM offering_fact WHERE id = ANY(%(ids)s) UNION ALL SELECT id, name FROM pool WHERE id = ANY(%(ids)s) "
        "UNION ALL SELECT id, name FROM unit_fact WHERE id = ANY(%(ids)s)"
    )
    return dict(pairs(conn, query, UUID, str, {"ids": list(ids)})) if ids else {}
