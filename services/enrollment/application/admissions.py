"""What approvals and keys decided is made so here: an assignment of the type request or key, by the path of a direct one; a later
due date; a reviewed completion (APR-2, DUE-9, ENR-5, KEY-4)."""

from datetime import timedelta
from uuid import UUID, uuid5

from services.enrollment.application.assignments.commands import AssignmentCommands
from services.enrollment.application.assignments.rows import assignment_row
from services.enrollment.application.assignments.targets import longest_access
from services.enrollment.application.enrollments.base import EnrollmentCommands
from services.enrollment.application.enrollments.cancellation import Cancellation
from services.enrollment.application.enrollments.progress import counting_elsewhere
from services.enrollment.domain import assignments as assignment_rules
from services.enrollment.domain import exception_answers, progress
from services.enrollment.domain.assignments import AssignmentSettings, Target
from services.enrollment.domain.due_dates import Deadline
from services.enrollment.domain.enrollment import Enrollment, evolve
from services.enrollment.domain.enrollment_ids import enrollment_id
from services.enrollment.domain.offerings import Offering, check_open
from services.enrollment.domain.progress import Moment
from services.enrollment.domain.self_enrollment import OUTSIDE
from services.enrollment.domain.transitions import Transition
from services.enrollment.projections import admissions, facts, organisations, tables
from services.enrollment.projections.admissions import AdmissionRow
from services.enrollment.projections.tables import ASSIGNMENT
from shared.contracts.enrollment import AdmissionRefused
from shared.database import Connection
from shared.errors import Conflict, ConflictLost, Refusal
from shared.events import Meta
from shared.store import CommandContext, Decision, Row, decided_again
from shared.timers import Timer, clear, set_timer

ADMISSION = "admission"
"""The kind of timer that rings at once when another service decided something. Its subject is the request or the redemption."""
_AGAIN = timedelta(seconds=1)


class Admissions:
    """A timer's handler: carries out what was decided, once, or answers why it cannot be.

    `patience`: seconds in which a person or an offering that is not known here yet is waited for.
    """

    def __init__(
        self, enrolled: EnrollmentCommands, assigning: AssignmentCommands, cancellation: Cancellation, patience: float
    ) -> None:
        self._enrolled = enrolled
        self._cancellation = cancellation
        self._ledger = enrolled.ledger
        self._assigning = assigning
        self._patience = timedelta(seconds=patience)

    def __call__(self, timer: Timer) -> None:
        with self._ledger.database.connection() as conn:
            row = admissions.find(conn, timer.subject)
            waits = row is not None and self._waits(conn, row)
        if row is not None and not waits:
            self._carry_out(row, _context(row, Meta.model_validate_json(timer.meta)))
        with self._ledger.database.transaction() as conn:
            clear(conn, timer)
            if row is not None and waits:
                meta = Meta.model_validate_json(timer.meta)
                set_timer(conn, timer.id, facts.clock(conn) + _AGAIN, timer.kind, timer.subject, meta)

    def _waits(self, conn: Connection, row: AdmissionRow) -> bool:
        """What another service told of may not have come here yet."""
        known = facts.people(conn, [row.person]) and tables.offering_there(conn, row.offering)
        return not known and facts.clock(conn) - row.asked_at < self._patience

    @decided_again
    def _carry_out(self, row: AdmissionRow, context: CommandContext) -> None:
        if self._ledger.find_receipt(context):
            return
        try:
            if row.kind in ("request", "key"):
                self._admit(row, context)
            elif row.kind == "revocation":
                self._revoke(row, context)
            else:
                self._answer(row, context)
        except ConflictLost:
            raise
        except Refusal as refusal:
            self._refuse(row, context, refusal)

    def _admit(self, row: AdmissionRow, context: CommandContext) -> None:
        """An assignment of the person. An older one of that type gives way to it: it has done its part."""
        offering, moment = self._enrolled.surroundings(row.offering)
        check_open(offering)
        target = Target(row.type, row.person)
        with self._ledger.database.connection() as conn:
            _check_active(conn, row.person)
            own = tables.live_targets(conn, [offering.id], [(row.type, row.person)])
            longest = longest_access(conn, [target])
        state = self._ledger.load(enrollment_id(row.person, offering.id), evolve)
        if row.kind == "key" and state is not None:
            _check_over(state, offering, moment)
        ended = Decision((), context.meta())
        for id in own.values():
            ended = ended.together(self._assigning.removal([self._assigning.find(id)], None, context))
        id = uuid5(row.origin, "assignment")
        settings = AssignmentSettings(access_days=_access_days(offering, row.access_days, longest))
        event = assignment_rules.create(id, offering, target, settings, longest=longest, origin=row.origin)
        made = assignment_row(id, offering, target, settings=settings, batch=context.correlation, now=moment.now)
        created = Decision((event,), context.meta(), inserted=(Row(ASSIGNMENT, made._replace(origin=row.origin)),))

        def queue(conn: Connection) -> None:
            facts.enqueue(conn, [row.person], context.meta())

        self._ledger.record(context, ended.together(created), {"assignment_id": str(id)}, also=queue)
        self._enrolled.settled(context, row.person, offering.id)

    def _revoke(self, row: AdmissionRow, context: CommandContext) -> None:
        """The assignment of a key that was revoked is cancelled, where that is possible (KEY-12, ASG-15)."""
        assert row.assignment is not None
        enrollment = enrollment_id(row.person, row.offering)
        reason = "The training key was revoked." if row.override else None
        self._cancellation.cancel(context, enrollment, row.assignment, reason, override=row.override)

    def _answer(self, row: AdmissionRow, context: CommandContext) -> None:
        """By enrollment's own rules: those of an administrator who sets the date, approves or rejects."""

        def decide(state: Enrollment, offering: Offering, moment: Moment) -> Transition | None:
            if row.kind == "later-due-date":
                return self._later(state, row, moment)
            if state.term != row.term:
                raise Conflict("The training has begun anew since; that completion is over.", kind="not-submitted")
            if row.kind == "completion":
                return progress.approve(state, offering, moment)
            reason = row.reason_ref
            assert reason is not None
            return progress.reject(state, offering, (), reason)

        also = counting_elsewhere(context) if row.kind == "completion" else None
        self._enrolled.command(context, enrollment_id(row.person, row.offering), decide, also=also)

    def _later(self, state: Enrollment, row: AdmissionRow, moment: Moment) -> Transition | None:
        assert row.due_on is not None
        with self._ledger.database.connection() as conn:
            zone = organisations.zone_of(conn, state.person)
        return exception_answers.set_due(state, Deadline(row.due_on), moment.now, zone, reason=row.reason_ref)

    def _refuse(self, row: AdmissionRow, context: CommandContext, refusal: Refusal) -> None:
        event = AdmissionRefused(
            originator_id=uuid5(row.origin, "admission"),
            originator_version=1,
            type=row.type,
            origin_id=row.origin,
            person_id=row.person,
            offering_id=row.offering,
            kind=refusal.kind,
            detail=refusal.detail,
        )
        self._ledger.record(context, Decision((event,), context.meta()), {"refused": refusal.kind})


def _context(row: AdmissionRow, cause: Meta) -> CommandContext:
    """Whoever decided acts, in the batch of the decision; once for each request and redemption."""
    return CommandContext.following(cause, f"{ADMISSION}/{row.kind}/{row.origin}")


def _check_active(conn: Connection, person: UUID) -> None:
    found = facts.people(conn, [person]).get(person)
    if found is None:
        raise Conflict("The person is not in the directory.", kind="unknown-person")
    if not found.active:
        raise Conflict("The person is not active. Reactivate the person first.", kind="inactive-person")


def _check_over(state: Enrollment, offering: Offering, moment: Moment) -> None:
    """Refuses a key for what the learner still has: it stays unused (KEY-6)."""
    if state.status(moment.today) not in OUTSIDE and state.accessible(moment.today):
        raise Conflict(
            f"'{offering.title}' is still open to this learner, so the key stays unused.", kind="still-enrolled"
        )


def _access_days(offering: Offering, asked: int | None, longest: int) -> int | None:
    """Never longer than the course allows (KEY-1)."""
    most = assignment_rules.access_days(offering, longest)
    return min(asked, most) if asked is not None and most is not None else None
