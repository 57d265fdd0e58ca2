"""The keys report: one row per training key, never with its secret (RPT-1, KEY-5)."""

from collections.abc import Iterator
from datetime import datetime
from typing import get_args
from uuid import UUID

from services.reporting.reports.grammar import Column, Filter, Order, Source
from services.reporting.reports.moment import Moment
from services.reporting.reports.parts import OFFERING_KINDS, below, id_filter, visible
from shared.auth import Permission, Scope
from shared.contracts.keys import KeyState
from shared.readmodel import cursor_number

_STATES = get_args(KeyState)


def _permitted(scope: Scope) -> Iterator[str]:
    """The organisation that the pool is for is in the scope."""
    if not scope.everything:
        yield (
            "m.pool_id IN (SELECT q.pool_id FROM pool q WHERE q.valid_to IS NULL AND q.organisation_id IN ("
            f"{below('unnest(%(scope)s::uuid[])', Moment())}))"
        )


def _times(moment: Moment) -> str:
    return (
        "LEFT JOIN LATERAL (SELECT min(x.valid_from) AS added_at, "
        "min(x.valid_from) FILTER (WHERE x.assignment_id = m.assignment_id) AS redeemed_at FROM training_key x "
        f"WHERE x.key_id = m.key_id AND {moment.until('x')}) w ON true"
    )


KEYS = Source(
    "keys",
    columns=(
        Column("key_id", UUID, always=True),
        Column("fingerprint", str, always=True),
        Column("pool_id", UUID, always=True),
        Column("pool_name", str, "l.name"),
        Column("organisation_id", UUID, "l.organisation_id"),
        Column("organisation", str, "h.name"),
        Column("offering_id", UUID, "l.offering_id"),
        Column("offering_kind", str, "o.kind", OFFERING_KINDS),
        Column("offering_code", str, "o.code"),
        Column("offering_title", str, "o.title"),
        Column("starts", datetime, "l.starts"),
        Column("expires", datetime, "l.expires"),
        Column("state", str, "m.state", _STATES, always=True),
        Column("generated", bool, always=True),
        Column("added_at", datetime, "w.added_at", always=True),
        Column("redeemed_at", datetime, "w.redeemed_at"),
        Column("person_id", UUID),
        Column("first_name", str, "n.first_name"),
        Column("last_name", str, "n.last_name"),
        Column("assignment_id", UUID),
    ),
    filters=(
        id_filter("pool_id", "pool"),
        Filter(
            "offering_id",
            UUID,
            lambda moment: (
                f"m.pool_id IN (SELECT q.pool_id FROM pool q WHERE {moment.holds('q')} AND q.offering_id = %(offering_id)s)"
            ),
            "id",
            refers="offering",
        ),
        Filter(
            "organisation_id",
            UUID,
            lambda moment: (
                f"m.pool_id IN (SELECT q.pool_id FROM pool q WHERE {moment.holds('q')} AND q.organisation_id IN ("
                f"{below('CAST(%(organisation_id)s AS uuid)', moment)}))"
            ),
            "id",
            "The organisation that the pool is for, and everything below it",
            refers="organisation",
        ),
        id_filter("person_id", "person", "Whoever entered the key"),
        Filter("state", KeyState, "m.state = ANY(%(state)s)", "choice", choices=_STATES),
    ),
    orders={"changed_at": Order(), "pool": Order("coalesce(l.name, '')", joins=("l",))},
    first_order="-changed_at",
    table="training_key",
    joins={
        "l": lambda moment: f"LEFT JOIN pool l ON l.pool_id = m.pool_id AND {moment.holds('l')}",
        "h": lambda moment: f"LEFT JOIN unit h ON h.unit_id = l.organisation_id AND {moment.holds('h')}",
        "o": lambda moment: f"LEFT JOIN offering o ON o.offering_id = l.offering_id AND {moment.holds('o')}",
        "n": f"LEFT JOIN profile n ON n.person_id = m.person_id AND {visible('m.person_id')}",
        "w": _times,
    },
    place_type=cursor_number,
    permitted=_permitted,
    permission=Permission.READ_KEY_POOLS,
)
"""Names of whoever redeemed a key are shown of people within the scope only."""
