"""The state rows of what the domain has decided."""

from dataclasses import replace
from datetime import datetime

from services.keys.domain import keys
from services.keys.domain.keys import Key
from services.keys.domain.pools import Pool
from services.keys.projections.tables import KEY, POOL, KeyRow, PoolRow
from shared.events import Event
from shared.folding import fold
from shared.store import Row


def pool_row(pool: Pool, created_at: datetime) -> Row:
    terms = pool.terms
    values = PoolRow(
        pool.id,
        pool.version,
        terms.name,
        fold(terms.name),
        pool.offering,
        pool.organisation,
        terms.starts,
        terms.expires,
        terms.access_days,
        terms.share_below,
        created_at,
    )
    return Row(POOL, values)


def key_row(before: KeyRow, key: Key, now: datetime) -> Row:
    """The row after what happened to the key at this moment."""
    redeemed = key.state in ("redeemed", "revoked") and key.assignment is not None
    changed = before._replace(
        revision=key.version,
        state=key.state,
        person=key.person,
        assignment=key.assignment,
        redeemed_at=(before.redeemed_at or now) if redeemed else None,
        revoked_at=now if key.state == "revoked" else None,
    )
    return Row(KEY, changed)


def after(key: Key, events: list[Event]) -> Key:
    for event in events:
        key = keys.evolve(key, event) or replace(key)
    return key
