"""Certificates that were issued, by their serials; and who their learners are (ENR-10)."""

from datetime import date
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel

from shared.contracts.catalog import OfferingKind
from shared.database import Connection, fetch, fetch_one
from shared.readmodel import Page, cursor_decode, page_of


class CertificateRow(NamedTuple):
    """`first_name` None: the person has no profile here (yet, or any more)."""

    serial: str
    enrollment: UUID
    person: UUID
    offering: UUID
    title: str
    kind: OfferingKind
    completed_on: date
    valid_until: date | None
    revoked: bool
    reason: str | None
    first_name: str | None
    last_name: str | None

    @property
    def learner(self) -> str | None:
        return f"{self.first_name} {self.last_name}" if self.first_name else None


_FIND = """
SELECT c.serial, c.enrollment, c.person, c.offering, o.title, o.kind, c.completed_on, c.valid_until, c.revoked, t.text AS reason,
    p.first_name, p.last_name
FROM certificate c JOIN offering_fact o ON o.id = c.offering
LEFT JOIN profile p ON p.person_id = c.person LEFT JOIN personal_text t ON t.id = c.reason
"""


def find(conn: Connection, serial: str) -> CertificateRow | None:
    return fetch_one(conn, CertificateRow, f"{_FIND} WHERE c.serial = %s", [serial])


class Achievement(BaseModel):
    """A badge that was earned (ENR-11). `share`: the address that proves it."""

    badge: str
    offering_id: UUID
    title: str
    earned_on: date
    serial: str
    share: str


_ACHIEVEMENTS = """
SELECT o.badge, o.id AS offering_id, o.title, c.completed_on AS earned_on, c.serial, %(share)s || c.serial AS share
FROM certificate c JOIN offering_fact o ON o.id = c.offering
WHERE c.person = %(person)s AND NOT c.revoked AND o.badge IS NOT NULL
    AND (%(day)s::date IS NULL OR (c.completed_on, c.serial) < (%(day)s::date, %(serial)s::text))
ORDER BY c.completed_on DESC, c.serial DESC LIMIT %(limit)s
"""


def achievements(conn: Connection, person: UUID, share: str, cursor: str | None, limit: int) -> Page[Achievement]:
    """Newest first. `share`: what stands before the serial in the address."""
    day, serial = cursor_decode(cursor, date.fromisoformat, str) if cursor else (None, None)
    values = {"person": person, "day": day, "serial": serial, "share": share, "limit": limit + 1}
    rows = fetch(conn, Achievement, _ACHIEVEMENTS, values)
    return page_of(rows, limit, lambda row: [row.earned_on, row.serial])
