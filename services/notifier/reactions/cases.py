"""Whom exceptions hold back (DUE-4), and what administrators are to be told of them (DUE-7)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from uuid import UUID

from services.notifier.application.reasons import columns
from services.notifier.domain import Case, hold
from shared.database import Connection, UuidArray, fetch
from shared.events import Recorded

_KNOWN = """
SELECT enrollment_id, version, batch, person_id, offering_id, kinds, waiting FROM exception_case
WHERE enrollment_id = ANY(%s)
"""
_WRITE = """
INSERT INTO exception_case (enrollment_id, version, batch, person_id, offering_id, kinds, waiting)
SELECT id, version, batch, person, offering, string_to_array(kinds, ' '), string_to_array(waiting, ' ')::uuid[]
FROM unnest(%s::uuid[], %s::int[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[])
    AS t (id, version, batch, person, offering, kinds, waiting)
ON CONFLICT (enrollment_id) DO UPDATE SET version = excluded.version, batch = excluded.batch, kinds = excluded.kinds,
    waiting = excluded.waiting
"""
_NOTICE = """
INSERT INTO exception_notice (batch, offering_id, raised_at, due_at, withheld, withheld_by)
SELECT batch, offering, raised_at, now() + make_interval(secs => %s), withheld, withheld_by
FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[], %s::text[], %s::uuid[])
    AS t (batch, offering, raised_at, withheld, withheld_by), ledger_start
WHERE raised_at >= exceptions_since ORDER BY batch, offering
ON CONFLICT (batch, offering_id) DO UPDATE SET addressed = false, due_at = excluded.due_at,
    withheld = excluded.withheld, withheld_by = excluded.withheld_by,
    raised_at = greatest(exception_notice.raised_at, excluded.raised_at)
"""
_WITHDRAW = """
UPDATE message m SET state = 'withdrawn', reason = 'reason-gone', revision = m.revision + 1, changed_at = now()
FROM unnest(%s::uuid[], %s::uuid[]) AS t (batch, offering)
JOIN ledger l ON l.batch = t.batch AND l.offering_id = t.offering AND l.template = 'exceptions'
JOIN message_check c ON c.id = l.message_id
WHERE m.id = l.message_id AND m.state IN ('waiting', 'held') AND c.verdict = 'reason-gone'
"""

Subject = tuple[UUID, UUID]
"""What one notice is about: a batch and an offering."""


def follow_cases(conn: Connection, events: Sequence[Recorded], delay: float | None) -> None:
    """Keep the cases; have administrators told of new ones after `delay` seconds without another one, None: never."""
    cases = _known(conn, {recorded.event.originator_id for recorded in events})
    changed: dict[UUID, Case] = {}
    raised: dict[Subject, Recorded] = {}
    ended: set[Subject] = set()
    for recorded in events:
        id = recorded.event.originator_id
        before = cases.get(id)
        after = hold(before, recorded)
        if after is None or after is before:
            continue
        cases[id] = changed[id] = after
        subject = (after.batch, after.offering_id)
        if after.waiting and not (before and before.waiting):
            raised[subject] = recorded
        elif not after.waiting:
            ended.add(subject)
    if changed:
        _write(conn, changed.values())
    if raised and delay is not None:
        conn.execute(_NOTICE, [delay, *columns(_raised(raised))])
    if ended:
        conn.execute(_WITHDRAW, columns(sorted(ended)))


def _raised(raised: Mapping[Subject, Recorded]) -> Iterator[tuple[object, ...]]:
    for subject, recorded in raised.items():
        withheld = recorded.meta.notifications
        yield *subject, recorded.recorded_at, withheld, recorded.meta.actor if withheld else None


def _known(conn: Connection, ids: set[UUID]) -> dict[UUID, Case]:
    found = fetch(conn, Case, _KNOWN, [UuidArray(list(ids))])
    return {c.enrollment_id: c._replace(kinds=tuple(c.kinds), waiting=frozenset(c.waiting)) for c in found}


def _write(conn: Connection, cases: Iterable[Case]) -> None:
    rows = [(*case[:5], " ".join(case.kinds), " ".join(map(str, sorted(case.waiting)))) for case in cases]
    conn.execute(_WRITE, columns(rows))
