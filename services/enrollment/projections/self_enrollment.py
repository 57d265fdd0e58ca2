"""What decides whether people may come to offerings by themselves, for many pairs of person and offering at once."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from services.enrollment.projections.visibility import SHOWN
from shared.database import Connection, UuidArray, fetch

Pair = tuple[UUID, UUID]
"""Person and offering."""
_SHOWN = SHOWN.format(person="q.person", offering="o", closed="true")
_SAID = f"""
SELECT q.person, q.offering, coalesce(p.active, false) AS active,
    EXISTS (SELECT FROM offering_fact o WHERE o.id = q.offering AND {_SHOWN}) AS visible,
    EXISTS (SELECT FROM exclusion x JOIN assignment a ON a.id = x.assignment AND a.type = 'self'
        WHERE x.person = q.person AND a.offering = q.offering)
    OR EXISTS (SELECT FROM hold h JOIN assignment a ON a.id = h.assignment AND a.type = 'self' AND a.live
        WHERE h.person = q.person AND h.offering = q.offering AND h.refused) AS taken_out,
    ARRAY(
        SELECT m.assignment FROM group_member m JOIN learner_group g ON g.assignment = m.assignment
        WHERE m.person = q.person AND g.offering = q.offering
        UNION SELECT x.assignment FROM exclusion x JOIN learner_group g ON g.assignment = x.assignment
        WHERE x.person = q.person AND g.offering = q.offering) AS without,
    EXISTS (SELECT FROM open_request w WHERE w.person = q.person AND w.offering = q.offering) AS requested
FROM unnest(%(people)s::uuid[], %(offerings)s::uuid[]) AS q (person, offering) LEFT JOIN person_fact p ON p.id = q.person
"""


class Said(NamedTuple):
    """Of one person and offering. `without`: the groups in which the person is, or out of which somebody took the person."""

    person: UUID
    offering: UUID
    active: bool
    visible: bool
    taken_out: bool
    without: Sequence[UUID]
    requested: bool
    """A request for access waits for a decision (APR-1)."""


def said(conn: Connection, pairs: Sequence[Pair]) -> dict[Pair, Said]:
    values = {
        "people": UuidArray([person for person, _ in pairs]),
        "offerings": UuidArray([offering for _, offering in pairs]),
    }
    return {(row.person, row.offering): row for row in fetch(conn, Said, _SAID, values)}
