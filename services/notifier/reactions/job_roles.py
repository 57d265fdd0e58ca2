"""Job roles that people are given, by hand or by a trigger, become reasons for e-mail (NTF-1)."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from services.notifier.application.reasons import write
from services.notifier.domain import Reason, chosen
from shared.contracts.enrollment import JobRoleAssigned, JobRoleUnassigned, TriggerFired, TriggerTakenBack
from shared.database import Connection, UuidArray, fetch
from shared.events import Recorded

_KNOWN = """
SELECT stream, version, person_id, job_role_id, held FROM job_role_holding WHERE person_id = ANY(%s)
"""
_KEEP = """
INSERT INTO job_role_holding (stream, version, person_id, job_role_id, held) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (stream) DO UPDATE SET version = excluded.version, held = excluded.held
"""
_WITHDRAW = """
UPDATE message m SET state = 'withdrawn', reason = 'reason-gone', revision = m.revision + 1, changed_at = now()
FROM ledger l JOIN message_check c ON c.id = l.message_id
WHERE l.job_role_id = ANY(%s) AND l.person_id = ANY(%s) AND m.id = l.message_id AND m.state IN ('waiting', 'held')
    AND c.verdict = 'reason-gone'
"""
_GIVES = (JobRoleAssigned, TriggerFired)
_Event = JobRoleAssigned | JobRoleUnassigned | TriggerFired | TriggerTakenBack


class _Holding(NamedTuple):
    stream: UUID
    version: int
    person_id: UUID
    job_role_id: UUID
    held: bool


class JobRoles:
    """Writes `job_role_holding` and new rows of `ledger`. Who has a job role already hears nothing
    when it is given in another way."""

    name: str = "notifier.job-roles"
    source: str = "enrollment"
    group: str = "notifier.job-roles"
    tables: tuple[str, ...] = ("job_role_holding",)
    types: frozenset[str] = frozenset(
        c.TOPIC for c in (JobRoleAssigned, JobRoleUnassigned, TriggerFired, TriggerTakenBack)
    )

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        told = [(recorded, event) for recorded in events if (event := _about_a_job_role(recorded)) is not None]
        people = UuidArray(list({event.person_id for _, event in told}))
        known = {row.stream: row for row in fetch(conn, _Holding, _KNOWN, [people])}
        reasons: list[Reason] = []
        lost: list[_Holding] = []
        for recorded, event in told:
            before = known.get(event.originator_id)
            if before is not None and before.version >= event.originator_version:
                continue
            now = _holding(event)
            if now.held and not _has(known, now):
                reasons.append(_reason(recorded, event, now.job_role_id))
            known[now.stream] = now
            conn.execute(_KEEP, list(now))
            if not now.held:
                lost.append(now)
        write(conn, reasons)
        if lost:
            of, who = ([getattr(one, name) for one in lost] for name in ("job_role_id", "person_id"))
            conn.execute(_WITHDRAW, [UuidArray(of), UuidArray(who)])


def _about_a_job_role(recorded: Recorded) -> _Event | None:
    event = recorded.event
    return event if isinstance(event, _Event) and event.job_role_id is not None else None


def _holding(event: _Event) -> _Holding:
    assert event.job_role_id is not None
    return _Holding(
        event.originator_id, event.originator_version, event.person_id, event.job_role_id, isinstance(event, _GIVES)
    )


def _has(known: dict[UUID, _Holding], one: _Holding) -> bool:
    return any(h.held and (h.person_id, h.job_role_id) == (one.person_id, one.job_role_id) for h in known.values())


def _reason(recorded: Recorded, event: _Event, job_role: UUID) -> Reason:
    reason = Reason(
        cause_stream=event.originator_id,
        cause_version=event.originator_version,
        person_id=event.person_id,
        template="job-role-assigned",
        cause_type=event.TOPIC,
        caused_at=recorded.recorded_at,
        batch=recorded.meta.correlation,
        job_role_id=job_role,
    )
    return chosen(reason, recorded.meta)
