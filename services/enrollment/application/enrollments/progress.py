"""What learners do: enrol by themselves, begin, complete steps, take exams, launch labs; and what others completed counts for."""

from datetime import datetime
from uuid import UUID, uuid5

from pydantic import JsonValue

from services.enrollment.application.assignments.commands import AssignmentCommands, assignment_id
from services.enrollment.application.assignments.rows import assignment_row
from services.enrollment.application.enrollments.base import Also, EnrollmentCommands
from services.enrollment.application.enrollments.self_enrollment import coming_to
from services.enrollment.application.evaluation import state_rows
from services.enrollment.domain import assignments as assignment_rules
from services.enrollment.domain import progress, within
from services.enrollment.domain.assignments import DEFAULT_SETTINGS, Target
from services.enrollment.domain.enrollment import Enrollment, evolve
from services.enrollment.domain.enrollment_ids import enrollment_id
from services.enrollment.domain.offerings import Offering
from services.enrollment.domain.progress import Moment
from services.enrollment.domain.self_enrollment import OUTSIDE, SelfEnrollmentState, check_own, joinable, untold
from services.enrollment.domain.transitions import Transition, joined
from services.enrollment.launch_address import LaunchAddresses
from services.enrollment.projections import credits as credit_rows
from services.enrollment.projections import enrollments, facts, tables, visibility
from services.enrollment.projections.tables import ASSIGNMENT
from shared import timers
from shared.contracts.catalog import Activity, Step
from shared.database import Connection, scalar
from shared.errors import Conflict, ConflictLost, Refusal
from shared.store import CommandContext, Decision, Receipt, Row, command, decided_again
from shared.timers import Timer

CREDIT = "credit"
"""The kind of timer that rings at once when something was completed that may count elsewhere (ENR-8)."""


class ProgressCommands:
    """An open term, from the learner's side (ENR-2 to ENR-6, ENR-8)."""

    def __init__(self, enrolled: EnrollmentCommands, assigning: AssignmentCommands, addresses: LaunchAddresses) -> None:
        self._enrolled = enrolled
        self._ledger = enrolled.ledger
        self._assigning = assigning
        self._addresses = addresses

    @decided_again
    def enrol(self, context: CommandContext, offering_id: UUID, person: UUID) -> Receipt:
        """Self-enrollment without a group: an assignment of its own, and the learner on it, at once (ENR-3, CAT-19).

        Whoever is enrolled stays so, and so does an own enrollment that waits for an administrator (DUE-7). One that is over, by
        its access or by a completion, gives way to a new one.
        """
        if self._ledger.find_receipt(context):
            return self._enrolled.settled(context, person, offering_id)
        offering, moment = self._enrolled.surroundings(offering_id)
        with self._ledger.database.connection() as conn:
            coming = coming_to(conn, person, offering_id)
            existing = tables.live_targets(conn, [offering_id], [("self", person)])
            waits = enrollments.own_hold(conn, enrollment_id(person, offering_id))
        if not coming.visible:
            raise visibility.unseen()
        before = self._ledger.load(enrollment_id(person, offering_id), evolve)
        before = before or Enrollment.unknown(person, offering_id)
        status = (before if waits else untold(before)).status(moment.today)
        if status == "held" or (status not in OUTSIDE and before.accessible(moment.today)):
            return self._enrolled.record(context, before, offering, moment, change=None)
        _check_own(offering, coming)
        own = next(iter(existing.values()), None)
        decision, told = self._anew(context, offering, before, own=own, now=moment.now)

        def queue(conn: Connection) -> None:
            facts.enqueue(conn, [person], context.meta())

        self._ledger.record(context, decision, {"assignment_id": str(told)}, also=queue)
        return self._enrolled.settled(context, person, offering_id)

    def _anew(
        self,
        context: CommandContext,
        offering: Offering,
        before: Enrollment,
        *,
        own: UUID | None,
        now: datetime,
    ) -> tuple[Decision, UUID]:
        """A new own enrollment and its id; nothing where one is there that has not come to hold the learner yet."""
        nothing = Decision((), context.meta())
        if own and own not in before.grants:
            return nothing, own
        ended = self._ending(own, context) if own else nothing
        target = Target("self", before.person)
        id = assignment_id(context, offering.id, target)
        row = assignment_row(id, offering, target, settings=DEFAULT_SETTINGS, batch=context.correlation, now=now)
        event = assignment_rules.create(id, offering, target, DEFAULT_SETTINGS)
        return ended.together(Decision((event,), context.meta(), inserted=(Row(ASSIGNMENT, row),))), id

    def _ending(self, own: UUID, context: CommandContext) -> Decision:
        """Raises Overtaken where it has ended meanwhile."""
        source = self._assigning.find(own)
        if not source.live:
            raise ConflictLost("Your enrollment was just changed. Try again.")
        return self._assigning.removal([source], None, context)

    def begin(self, context: CommandContext, id: UUID) -> Receipt:
        """Begin the open term. Beginning again changes nothing."""

        def decide(state: Enrollment, offering: Offering, moment: Moment) -> Transition | None:
            with self._ledger.database.connection() as conn:
                counted = credits(conn, state, offering, moment)
            return progress.begin(state, offering, counted, moment, via=self._via(state, offering))

        return self._enrolled.command(context, id, decide, also=counting_elsewhere(context))

    def complete_step(self, context: CommandContext, id: UUID, step: int, *, by_learner: bool) -> Receipt:
        """Complete a step of the published version; the last one completes the training. Who may say so, the step says (CAT-1)."""

        def decide(state: Enrollment, offering: Offering, moment: Moment) -> Transition | None:
            via = self._via(state, offering)
            return progress.complete_step(state, offering, step, moment, via=via, by_learner=by_learner)

        return self._enrolled.command(context, id, decide, also=counting_elsewhere(context))

    def take_exam(self, context: CommandContext, id: UUID, step: int, score: int) -> Receipt:
        """Record an exam's result, in percent."""

        def decide(state: Enrollment, offering: Offering, moment: Moment) -> Transition | None:
            return progress.take_exam(state, offering, step, score, moment, via=self._via(state, offering))

        return self._enrolled.command(context, id, decide, also=counting_elsewhere(context))

    @decided_again
    @command
    def launch(self, context: CommandContext, id: UUID, step: int) -> Receipt:
        """Open a step's content or lab: the result says where. A step that is a course is begun, or counts already (CAT-2)."""
        state = self._enrolled.find(id)
        offering, moment = self._enrolled.surroundings(state.offering)
        change = progress.launch(state, offering, step, moment.today, via=self._via(state, offering))
        beside, details = None, self._opened(id, offering, step)
        if course := within.course_of(offering, step):
            with self._ledger.database.connection() as conn:
                counted = {} if state.rejection else credits(conn, state, offering, moment)
            if step in counted:
                change = joined(change, progress.credit(change.after if change else state, offering, counted, moment))
            again = step not in counted and step not in state.steps
            begun = within.begin_within(self._on(state.person, course), id, moment.today, again=again)
            beside = state_rows.decision(begun, context.meta()) if begun else None
            details["course_enrollment_id"] = str(enrollment_id(state.person, course))
        also = counting_elsewhere(context)
        return self._enrolled.record(
            context, state, offering, moment, change=change, also=also, beside=beside, details=details
        )

    def _opened(self, id: UUID, offering: Offering, step: int) -> dict[str, JsonValue]:
        """Where Launch leads; whoever is to report the step is told which one it is."""
        found = offering.steps[step - 1]
        address = found.address if isinstance(found, Activity) else None
        if address and found.reporter == "learning-system":
            address = self._addresses.signed(address, id, step)
        return {"address": address}

    def _via(self, state: Enrollment, offering: Offering) -> UUID | None:
        """The certification that lets the learner work on this course without an assignment to it (CAT-2)."""
        if offering.kind != "course":
            return None
        with self._ledger.database.connection() as conn:
            return credit_rows.within(conn, state.person, offering.id, state.via)

    def _on(self, person: UUID, offering: UUID) -> Enrollment:
        loaded = self._ledger.load(enrollment_id(person, offering), evolve)
        return loaded or Enrollment.unknown(person, offering)


def _check_own(offering: Offering, coming: SelfEnrollmentState) -> None:
    """Where one enrols by joining a group, the refusal names the groups (GRP-3)."""
    try:
        check_own(offering, coming)
    except Refusal as refusal:
        if groups := joinable(offering, coming):
            raise Conflict(
                f"'{offering.title}' accepts learners through its groups. Choose one and join it: "
                f"GET /api/enrollment/offerings/{offering.id}/groups lists them.",
                kind="choose-group",
                groups=[str(group) for group in groups],
            ) from refusal
        raise


def counting_elsewhere(context: CommandContext) -> Also:
    """A timer that rings at once, set in the same transaction, where something may count now (ENR-8).

    What was completed in another training; and in a training that has just begun, by whatever way, what was completed before.
    """

    def tell(conn: Connection, change: Transition) -> None:
        person = change.after.person
        if credit_rows.credited_elsewhere(conn, person, change.after.id if change.before.begun else None):
            now = scalar(conn, "SELECT clock_timestamp()", datetime)
            timers.set_timer(conn, uuid5(person, CREDIT), now, CREDIT, person, context.meta())

    return tell


class CourseCredits:
    """What somebody completed counts in the other trainings that this person has begun, where these say so (ENR-8)."""

    def __init__(self, enrolled: EnrollmentCommands) -> None:
        self._enrolled = enrolled
        self._ledger = enrolled.ledger

    def __call__(self, timer: Timer) -> None:
        database = self._ledger.database
        with database.connection() as conn:
            others = credit_rows.credited_elsewhere(conn, timer.subject, None)
        try:
            for id in others:
                self._credit(CommandContext.system(f"{timer.command_id}/{id}", reason_code="credit"), id)
        except Conflict:  # the learner did something at this moment: the timer stays, and rings again
            return
        with database.transaction() as conn:
            timers.clear(conn, timer)

    def _credit(self, context: CommandContext, id: UUID) -> None:
        def decide(state: Enrollment, offering: Offering, moment: Moment) -> Transition | None:
            with self._ledger.database.connection() as conn:
                counted = credits(conn, state, offering, moment)
            return progress.credit(state, offering, counted, moment)

        self._enrolled.command(context, id, decide, also=counting_elsewhere(context))


def credits(conn: Connection, state: Enrollment, offering: Offering, moment: Moment) -> dict[int, UUID]:
    """The steps whose course the learner has completed, with the enrollment that says so.

    Since the term was opened; or before, and in another offering, where this one says so (CAT-2, ENR-8).
    """
    steps = enumerate(offering.steps, 1)
    courses = {n: step.course_id for n, step in steps if isinstance(step, Step) and step.course_id}
    if not courses:
        return {}
    if offering.credit:
        done = credit_rows.courses(conn, state.person, moment.today, without=state.id)
    else:
        done = credit_rows.courses_since(conn, state.person, list(courses.values()), state.id, state.term)
    return {n: done[course] for n, course in courses.items() if course in done}
