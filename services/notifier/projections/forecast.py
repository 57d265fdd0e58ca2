"""What switches, copies and days of reminding say of the e-mails of a command that nobody has confirmed yet (NTF-3)."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from shared.database import Connection, fetch

_SWITCHES = """
SELECT
    coalesce((SELECT o.off || array(SELECT n FROM unnest(ARRAY['assigned', 'completed', 'withdrawn']) n
        WHERE n <> ALL (o.notifications))), '{}') AS offering_off,
    coalesce(o.copied, '{}') AS offering_copied, coalesce(s.off, '{}') AS system_off, coalesce(s.copied, '{}') AS system_copied,
    array(SELECT DISTINCT unnest(off) FROM mail_switches WHERE organisation IS NOT NULL) AS some_off,
    array(SELECT DISTINCT unnest(copied) FROM mail_switches WHERE organisation IS NOT NULL) AS some_copied,
    coalesce(o.due_reminders, %(due)s::int[]) AS due_days, coalesce(o.access_reminders, %(access)s::int[]) AS access_days,
    (SELECT count(DISTINCT a.person_id)::int FROM administrator_fact a JOIN person_fact p ON p.id = a.person_id AND p.active
        WHERE %(notices)s) AS administrators
FROM (SELECT 1) one LEFT JOIN offering_fact o ON o.id = %(offering)s LEFT JOIN mail_switches s ON s.organisation IS NULL
"""


class Usual(NamedTuple):
    """Where an offering says nothing: days of reminding; and whether administrators are told of exceptions at all."""

    due: Sequence[int]
    access: Sequence[int]
    notices: bool


class SwitchesThere(NamedTuple):
    """What the offering, the whole system and some organisation say: what is off, what is copied, days, and who is to be told."""

    offering_off: list[str]
    offering_copied: list[str]
    system_off: list[str]
    system_copied: list[str]
    some_off: list[str]
    some_copied: list[str]
    due_days: list[int]
    access_days: list[int]
    administrators: int


def forecast_switches(conn: Connection, offering: UUID | None, usual: Usual) -> SwitchesThere:
    """`offering` None: several, or none."""
    values = {"offering": offering, "due": list(usual.due), "access": list(usual.access), "notices": usual.notices}
    return fetch(conn, SwitchesThere, _SWITCHES, values)[0]
