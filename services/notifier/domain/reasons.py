"""Which events, and which moments, are a reason for an e-mail (NTF-1, NTF-4)."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

from shared.contracts.enrollment import (
    AccessExpired,
    CertificateIssued,
    EnrollmentCancelled,
    EnrollmentCompleted,
    ExceptionAnswered,
    ExceptionRaised,
    HoldEnded,
    LearnerAssigned,
    LearnerWithdrawn,
)
from shared.contracts.notifications import Template
from shared.events import Meta, Recorded

_NAMESPACE = uuid5(NAMESPACE_URL, "urn:rollbook:notifier:ledger")


class Standing(NamedTuple):
    """The last term of an enrollment that was opened, and whether it holds."""

    term: int
    enrolled: bool


class Reason(NamedTuple):
    """Why an e-mail is to be sent: a row of the ledger. `cause` is the event's stream and version; of a notice see `notice`."""

    cause_stream: UUID
    cause_version: int
    person_id: UUID
    template: Template
    cause_type: str
    caused_at: datetime
    batch: UUID
    offering_id: UUID | None = None
    enrollment_id: UUID | None = None
    assignment_id: UUID | None = None
    term: int | None = None
    """As the enrollment, none where the e-mail is about many learners."""
    serial: str | None = None
    """Of the certificate that the e-mail speaks of."""
    due_on: date | None = None
    """Of a reminder: the due date that it is about, and the time of that day, if any."""
    due_time: str | None = None
    due_days: int | None = None
    """So many days before (negative) or after it."""
    request_id: UUID | None = None
    request_kind: str | None = None
    """Of a request that waits for a decision, or is decided: what it asks."""
    learner_id: UUID | None = None
    """Who asked; of a copy: whom the manager is told of."""
    stage: int | None = None
    """Of a request that waits for the recipient: the stage that has to be open still."""
    pool_id: UUID | None = None
    pool_expires: datetime | None = None
    """Of a warning that a pool expires: the end that it is about."""
    many: int | None = None
    """Of a warning: how many percent are used, or keys unused; of a digest: how many requests wait."""
    job_role_id: UUID | None = None
    withheld: str | None = None
    """What its command said of its e-mails: `hold` or `silence`; None: they are sent (NTF-3)."""
    withheld_by: UUID | None = None

    @property
    def message_id(self) -> UUID:
        """The same for the same cause, recipient and template, in every run and every restore."""
        return uuid5(_NAMESPACE, f"{self.cause_stream}/{self.cause_version}/{self.person_id}/{self.template}")


def chosen(reason: Reason, meta: Meta) -> Reason:
    """The same, held or silenced where the command that led to it says so (NTF-3)."""
    return reason._replace(withheld=meta.notifications, withheld_by=meta.actor) if meta.notifications else reason


def follow(standing: Standing | None, recorded: Recorded) -> tuple[Standing | None, Reason | None]:
    """What an event of an enrollment makes of it, and the e-mail it gives reason for, if any.

    Only the grant that opens a term is one: a learner who is enrolled already hears nothing of a further
    assignment (ASG-6). An event taken before gives none again.
    """
    match recorded.event:
        case LearnerAssigned(term=term) if standing is None or term > standing.term:
            return Standing(term, True), _reason(recorded, recorded.event, "assigned", recorded.event.assignment_id)
        case LearnerWithdrawn(term=term) | EnrollmentCancelled(term=term) if _ends(standing, term):
            return Standing(term, False), _reason(recorded, recorded.event, "withdrawn", None)
        case AccessExpired(term=term) if _ends(standing, term):
            return Standing(term, False), _reason(recorded, recorded.event, "access-expired", None)
        case _:
            return standing, None


def completions(events: Sequence[Recorded]) -> Iterator[Reason]:
    """Of imported completions nobody is told (ENR-13). One with a certificate, which can be shown and shared, is told of by that
    (ENR-11): it follows at once."""
    certified = {
        (r.event.originator_id, r.event.originator_version) for r in events if isinstance(r.event, CertificateIssued)
    }
    for recorded in events:
        event = recorded.event
        if not isinstance(event, CertificateIssued | EnrollmentCompleted) or recorded.meta.reason_code == "import":
            continue
        if isinstance(event, CertificateIssued):
            yield _reason(recorded, event, "completed", None, event.serial)
        elif event.recorded != "imported" and (event.originator_id, event.originator_version + 1) not in certified:
            yield _reason(recorded, event, "completed", None)


def _ends(standing: Standing | None, term: int) -> bool:
    return standing is None or standing == (term, True) or term > standing.term


def _reason(
    recorded: Recorded,
    event: LearnerAssigned
    | LearnerWithdrawn
    | EnrollmentCancelled
    | AccessExpired
    | CertificateIssued
    | EnrollmentCompleted,
    template: Template,
    assignment: UUID | None,
    serial: str | None = None,
) -> Reason:
    reason = Reason(
        cause_stream=event.originator_id,
        cause_version=event.originator_version,
        person_id=event.person_id,
        template=template,
        cause_type=event.TOPIC,
        caused_at=recorded.recorded_at,
        batch=recorded.meta.correlation,
        offering_id=event.offering_id,
        enrollment_id=event.originator_id,
        assignment_id=assignment,
        term=event.term,
        serial=serial,
    )
    return chosen(reason, recorded.meta)


class Case(NamedTuple):
    """A learner whom an exception holds back (DUE-4). `version` is that of the last event taken."""

    enrollment_id: UUID
    version: int
    batch: UUID
    """What raised it while nothing waited; one that changes while it is open is not a new one."""
    person_id: UUID
    offering_id: UUID
    kinds: tuple[str, ...]
    waiting: frozenset[UUID]
    """The assignments that wait for an administrator; without any it was answered, or is over."""


def hold(case: Case | None, recorded: Recorded) -> Case | None:
    """What an event of an enrollment makes of its exception: the same one where nothing changes, or it was taken before."""
    event = recorded.event
    if case is not None and event.originator_version <= case.version:
        return case
    match event:
        case ExceptionRaised(originator_id=id, originator_version=version, kinds=kinds):
            batch = case.batch if case and case.waiting else recorded.meta.correlation
            waiting = frozenset(one.assignment_id for one in event.holds)
            return Case(
                enrollment_id=id,
                version=version,
                batch=batch,
                person_id=event.person_id,
                offering_id=event.offering_id,
                kinds=kinds,
                waiting=waiting,
            )
        case ExceptionAnswered(originator_version=version) if case:
            return case._replace(version=version, waiting=frozenset())
        case LearnerAssigned(assignment_id=assignment) | HoldEnded(assignment_id=assignment) if case:
            if assignment in case.waiting:
                return case._replace(version=event.originator_version, waiting=case.waiting - {assignment})
    return case


def notice(
    batch: UUID,
    offering: UUID,
    raised_at: datetime,
    administrator: UUID,
    withheld: str | None,
    withheld_by: UUID | None,
) -> Reason:
    """Administrators are told of all exceptions of a batch and an offering at once (DUE-7): these two are the cause."""
    return Reason(
        cause_stream=uuid5(_NAMESPACE, f"{batch}/{offering}"),
        cause_version=1,
        person_id=administrator,
        template="exceptions",
        cause_type=ExceptionRaised.TOPIC,
        caused_at=raised_at,
        batch=batch,
        offering_id=offering,
        withheld=withheld,
        withheld_by=withheld_by,
    )


class DueReminder(NamedTuple):
    """A learner for whom a day is `days` away, before (negative) or after it. `at`: when the reminder was to be sent."""

    kind: str
    """due, certificate or access."""
    template: Template
    enrollment_id: UUID
    term: int
    person_id: UUID
    offering_id: UUID
    due_on: date
    due_time: str | None
    days: int
    at: datetime
    cause_type: str
    """Of the event that set the date, as is its batch."""
    batch: UUID


def remind(due: DueReminder) -> Reason:
    """One day and one offset are one cause: a date that is moved is another one (DUE-8)."""
    about = f"{due.enrollment_id}/{due.term}/{due.due_on}T{due.due_time or '24:00'}/{due.days}"
    return Reason(
        cause_stream=uuid5(_NAMESPACE, about if due.kind == "due" else f"{due.kind}/{about}"),
        cause_version=1,
        person_id=due.person_id,
        template=due.template,
        cause_type=due.cause_type,
        caused_at=due.at,
        batch=due.batch,
        offering_id=due.offering_id,
        enrollment_id=due.enrollment_id,
        assignment_id=None,
        term=due.term,
        serial=None,
        due_on=due.due_on,
        due_time=due.due_time,
        due_days=due.days,
    )
