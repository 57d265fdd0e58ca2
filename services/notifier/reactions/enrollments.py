"""Enrollment's events become reasons for e-mail (NTF-1)."""

from collections.abc import Sequence
from uuid import UUID

from services.notifier.application.reasons import columns, write
from services.notifier.domain import Reason, Standing, completions, follow
from services.notifier.reactions.cases import follow_cases
from shared.contracts.enrollment import (
    AccessExpired,
    CertificateIssued,
    CertificateRevoked,
    EnrollmentCancelled,
    EnrollmentCompleted,
    ExceptionAnswered,
    ExceptionRaised,
    HoldEnded,
    LearnerAssigned,
    LearnerWithdrawn,
)
from shared.database import Connection, UuidArray, fetch
from shared.events import Recorded

_WRITE_STANDINGS = """
INSERT INTO enrollment_fact (id, term, enrolled) SELECT * FROM unnest(%s::uuid[], %s::int[], %s::bool[])
ON CONFLICT (id) DO UPDATE SET term = excluded.term, enrolled = excluded.enrolled
"""
_WITHDRAW = """
UPDATE message m SET state = 'withdrawn', reason = 'reason-gone', revision = m.revision + 1, changed_at = now()
FROM ledger l JOIN message_check c ON c.id = l.message_id
WHERE l.enrollment_id = ANY(%s) AND m.id = l.message_id AND m.state IN ('waiting', 'held') AND c.verdict = 'reason-gone'
"""
_REVOKED = """
UPDATE message m SET state = 'withdrawn', reason = 'reason-gone', revision = m.revision + 1, changed_at = now()
FROM ledger l WHERE l.serial = ANY(%s) AND m.id = l.message_id AND m.state IN ('waiting', 'held')
"""


def _standing(*, id: UUID, term: int, enrolled: bool) -> tuple[UUID, Standing]:
    return id, Standing(term, enrolled)


class Enrollments:
    """Writes `enrollment_fact`, `exception_case` and new rows of `ledger`, and withdraws what waits without a reason (NTF-5).

    Taken again from the beginning, over emptied facts too, it adds nothing to the ledger: its key is the cause.
    """

    name: str = "notifier.enrollments"
    source: str = "enrollment"
    group: str = "notifier.enrollment"
    tables: tuple[str, ...] = ("enrollment_fact",)
    types: frozenset[str] = frozenset(
        c.TOPIC
        for c in (
            LearnerAssigned,
            LearnerWithdrawn,
            EnrollmentCancelled,
            AccessExpired,
            EnrollmentCompleted,
            CertificateIssued,
            CertificateRevoked,
            ExceptionRaised,
            ExceptionAnswered,
            HoldEnded,
        )
    )

    def __init__(self, exception_notice_delay: float | None) -> None:
        """Seconds without a further exception of a batch before administrators are told; None: they are not."""
        self._exception_notice_delay = exception_notice_delay

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        standings = self._known(conn, {recorded.event.originator_id for recorded in events})
        reasons: list[Reason] = []
        moved: dict[UUID, Standing] = {}
        again: set[UUID] = set()
        revoked: list[str] = []
        for recorded in events:
            if isinstance(recorded.event, CertificateRevoked):
                revoked.append(recorded.event.serial)
            enrollment = recorded.event.originator_id
            before = standings.get(enrollment)
            standing, reason = follow(before, recorded)
            if standing is not None and reason is not None:
                standings[enrollment] = moved[enrollment] = standing
                reasons.append(reason)
                if before is not None:
                    again.add(enrollment)
        reasons += completions(events)
        if reasons:
            self._write(conn, moved, reasons)
        if again:
            conn.execute(_WITHDRAW, [UuidArray(sorted(again))])
        if revoked:
            conn.execute(_REVOKED, [revoked])
        follow_cases(conn, events, self._exception_notice_delay)

    def _known(self, conn: Connection, ids: set[UUID]) -> dict[UUID, Standing]:
        query = "SELECT id, term, enrolled FROM enrollment_fact WHERE id = ANY(%s)"
        return dict(fetch(conn, _standing, query, [UuidArray(list(ids))]))

    def _write(self, conn: Connection, moved: dict[UUID, Standing], reasons: Sequence[Reason]) -> None:
        if moved:
            terms, enrolled = columns(moved.values())
            conn.execute(_WRITE_STANDINGS, [UuidArray(list(moved)), terms, enrolled])
        write(conn, reasons)
