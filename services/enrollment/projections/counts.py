"""How much waits for administrators, and how much is under way (ADM-4). Scope is a filter (SEC-2)."""

from uuid import UUID

from pydantic import BaseModel

from services.enrollment.projections import jobs
from services.enrollment.projections.assignments import IN_SCOPE
from shared.auth import Scope
from shared.database import Connection, scalar


class WatchCounts(BaseModel):
    """Numbers of what one may see."""

    exceptions: int
    """Without an answer."""
    set_aside: int
    """Exceptions that were dismissed: still held."""
    completions: int
    """That wait for somebody's review (ENR-5)."""
    held_changes: int | None
    """None: only for who reads everything."""
    jobs: int
    """That are not over."""


_EXCEPTIONS = f"""
SELECT count(*) FROM exception_case c JOIN person_fact p ON p.id = c.person
WHERE c.state IN ('open', 'dismissed') AND c.state = %(state)s AND {IN_SCOPE.format("p.home")}
"""
_COMPLETIONS = f"""
SELECT count(*) FROM enrollment e JOIN person_fact p ON p.id = e.person
WHERE e.submitted AND e.live AND {IN_SCOPE.format("p.home")}
"""
_HELD = "SELECT count(*) FROM feed_batch WHERE state IN ('open', 'held')"


def counts(conn: Connection, caller: UUID, reading: Scope, reviewing: Scope) -> WatchCounts:
    return WatchCounts(
        exceptions=scalar(conn, _EXCEPTIONS, int, {**reading.values, "state": "open"}),
        set_aside=scalar(conn, _EXCEPTIONS, int, {**reading.values, "state": "dismissed"}),
        completions=scalar(conn, _COMPLETIONS, int, reviewing.values),
        held_changes=scalar(conn, _HELD, int, {}) if reading.everything else None,
        jobs=jobs.running(conn, reading, caller),
    )
