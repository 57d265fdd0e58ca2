"""Who manages whom, by job assignments: whom a copy goes to (NTF-1)."""

from collections.abc import Sequence

from shared.contracts.directory import JobAssigned, JobEnded
from shared.database import Connection
from shared.events import Recorded

_ASSIGN = """
INSERT INTO manager_fact AS known (job, version, person_id, manager, temporary_manager, temporary_until, starts, ends)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (job) DO UPDATE SET version = excluded.version, person_id = excluded.person_id, manager = excluded.manager,
    temporary_manager = excluded.temporary_manager, temporary_until = excluded.temporary_until, starts = excluded.starts,
    ends = excluded.ends
WHERE known.version < excluded.version
"""
_END = "DELETE FROM manager_fact WHERE job = %s AND version < %s"


class Managers:
    """Writes `manager_fact`. A consumer of its own, so that it reads what lies before it was there."""

    name: str = "notifier.managers"
    source: str = "directory"
    group: str = "notifier.managers"
    tables: tuple[str, ...] = ("manager_fact",)
    types: frozenset[str] = frozenset({JobAssigned.TOPIC, JobEnded.TOPIC})

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        for recorded in events:
            match recorded.event:
                case JobAssigned(originator_id=person, originator_version=version, job=job):
                    leading = (job.manager, job.temporary_manager, job.temporary_until, job.starts, job.ends)
                    conn.execute(_ASSIGN, [job.id, version, person, *leading])
                case JobEnded(originator_version=version, job=ended):
                    conn.execute(_END, [ended, version])
