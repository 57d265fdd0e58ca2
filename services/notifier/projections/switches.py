"""Switches of the whole system and of organisations, and offerings that have their own (CAT-17, NTF-2)."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel

from shared.auth import Scope
from shared.database import Connection, fetch, fetch_one, scalar

_OF = "SELECT off, copied, revision FROM mail_switches WHERE organisation IS NOT DISTINCT FROM %s"
_SAVE = """
INSERT INTO mail_switches (organisation, off, copied, revision, changed_by) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (organisation) DO UPDATE SET off = excluded.off, copied = excluded.copied, revision = excluded.revision,
    changed_by = excluded.changed_by, changed_at = clock_timestamp()
"""
_ABOVE = """
SELECT coalesce(array_agg(DISTINCT one.off) FILTER (WHERE one.off IS NOT NULL), '{}') AS off,
    coalesce(array_agg(DISTINCT one.copied) FILTER (WHERE one.copied IS NOT NULL), '{}') AS copied, 0 AS revision
FROM upwards(%s) up JOIN mail_switches s ON s.organisation IS NOT DISTINCT FROM up.id AND up.distance > 0
CROSS JOIN LATERAL (SELECT unnest(s.off) AS off, NULL AS copied UNION ALL SELECT NULL, unnest(s.copied)) one
"""
_WITHIN = """
SELECT EXISTS (SELECT FROM unit_fact WHERE id = %(organisation)s) AND (%(everything)s
    OR EXISTS (SELECT FROM upwards(%(organisation)s) up WHERE up.id = ANY(%(organisations)s::uuid[])))
"""
_OFFERINGS = """
SELECT id AS offering_id, title,
    array(SELECT n FROM unnest(ARRAY['assigned', 'completed', 'withdrawn']) n WHERE n <> ALL (notifications)) || off AS off,
    copied, due_reminders, certificate_reminders, access_reminders
FROM offering_fact WHERE title IS NOT NULL AND (%(after)s::uuid IS NULL OR id > %(after)s)
    AND (off <> '{}' OR copied <> '{}' OR NOT notifications @> ARRAY['assigned', 'completed', 'withdrawn']
        OR due_reminders IS NOT NULL OR certificate_reminders IS NOT NULL OR access_reminders IS NOT NULL)
ORDER BY id LIMIT %(limit)s
"""


class SwitchesRow(NamedTuple):
    """Sorted names of e-mails."""

    off: list[str]
    copied: list[str]
    revision: int


class OfferingSwitches(BaseModel):
    """An offering that differs: which e-mails about it are off, which are copied, and its own days of reminding."""

    offering_id: UUID
    title: str
    off: list[str]
    copied: list[str]
    due_reminders: list[int] | None
    certificate_reminders: list[int] | None
    access_reminders: list[int] | None


def of(conn: Connection, organisation: UUID | None, *, locked: bool = False) -> SwitchesRow:
    """Of the organisation itself; None: the whole system."""
    query = f"{_OF} FOR UPDATE" if locked else _OF
    return fetch_one(conn, SwitchesRow, query, [organisation]) or SwitchesRow([], [], 0)


def above(conn: Connection, organisation: UUID | None) -> SwitchesRow:
    """What holds for it from further up."""
    found = fetch_one(conn, SwitchesRow, _ABOVE, [organisation]) if organisation else None
    return found or SwitchesRow([], [], 0)


def save(
    conn: Connection, organisation: UUID | None, off: Sequence[str], copied: Sequence[str], revision: int, actor: UUID
) -> None:
    conn.execute(_SAVE, [organisation, list(off), list(copied), revision, actor])


def within(conn: Connection, scope: Scope, organisation: UUID) -> bool:
    """There is such an organisation, and it is in scope."""
    return scalar(conn, _WITHIN, bool, {**scope.values, "organisation": organisation})


def offerings_that_differ(conn: Connection, after: UUID | None, limit: int) -> list[OfferingSwitches]:
    return fetch(conn, OfferingSwitches, _OFFERINGS, {"after": after, "limit": limit})
