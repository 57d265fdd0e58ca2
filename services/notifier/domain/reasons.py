"""Which events, and which moments, are a reason for an e-mail (NTF-1, NTF-4)."""

from datetime import date, datetime
from typing import Literal, NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

from shared.contracts.enrollment import (
    CertificateIssued,
    EnrollmentCancelled,
    ExceptionAnswered,
    ExceptionRaised,
    HoldEnded,
    LearnerAssigned,
    LearnerWithdrawn,
)
from shared.events import Recorded

Template = Literal["assigned", "withdrawn", "completed", "exceptions", "due-soon", "overdue"]

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
    offering_id: UUID
    enrollment_id: UUID | None
    assignment_id: UUID | None
    term: int | None
    """As the enrollment, none where the e-mail is about many learners."""
    serial: str | None
    """Of the certificate that the e-mail speaks of."""
    due_on: date | None = None
    """Of a reminder: the due date that it is about, and the time of that day, if any."""
    due_time: str | None = None
    due_days: int | None = None
    """So many days before (negative) or after it."""

    @property
    def message_id(self) -> UUID:
        """The same for the same cause, recipient and template, in every run and every restore."""
        return uuid5(_NAMESPACE, f"{self.cause_stream}/{self.cause_version}/{self.person_id}/{self.template}")


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
        case _:
            return standing, None


def certified(recorded: Recorded, event: CertificateIssued) -> Reason | None:
    """The learner is told of a completion that can be shown and shared (ENR-11); of imported ones nobody is (ENR-13)."""
    if recorded.meta.reason_code == "import":
        return None
    return _reason(recorded, event, "completed", None, event.serial)


def _ends(standing: Standing | None, term: int) -> bool:
    return standing is None or standing == (term, True) or term > standing.term


def _reason(
    recorded: Recorded,
    event: LearnerAssigned | LearnerWithdrawn | EnrollmentCancelled | CertificateIssued,
    template: Template,
    assignment: UUID | None,
    serial: str | None = None,
) -> Reason:
    return Reason(
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
            return Case(id, version, batch, event.person_id, event.offering_id, kinds, waiting)
        case ExceptionAnswered(originator_version=version) if case:
            return case._replace(version=version, waiting=frozenset())
        case LearnerAssigned(assignment_id=assignment) | HoldEnded(assignment_id=assignment) if case:
            if assignment in case.waiting:
                return case._replace(version=event.originator_version, waiting=case.waiting - {assignment})
    return case


def notice(batch: UUID, offering: UUID, raised_at: datetime, administrator: UUID) -> Reason:
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
        enrollment_id=None,
        assignment_id=None,
        term=None,
        serial=None,
    )


def reminder(
    enrollment: UUID,
    term: int,
    person: UUID,
    offering: UUID,
    due_on: date,
    due_time: str | None,
    days: int,
    at: datetime,
    cause_type: str,
    batch: UUID,
) -> Reason:
    """One due date and one offset are one cause: a date that is moved is another one (DUE-8). `at`: when it was to be sent."""
    return Reason(
        cause_stream=uuid5(_NAMESPACE, f"{enrollment}/{term}/{due_on}T{due_time or '24:00'}/{days}"),
        cause_version=1,
        person_id=person,
        template="due-soon" if days < 0 else "overdue",
        cause_type=cause_type,
        caused_at=at,
        batch=batch,
        offering_id=offering,
        enrollment_id=enrollment,
        assignment_id=None,
        term=term,
        serial=None,
        due_on=due_on,
        due_time=due_time,
        due_days=days,
    )
