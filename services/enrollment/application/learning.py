"""What learners do: enrol by themselves, begin, complete steps, take exams, launch labs; and what others completed counts for."""

from datetime import datetime
from uuid import UUID, uuid5

from pydantic import JsonValue

from services.enrollment.application import rows
from services.enrollment.application.assigning import Assigning, assignment_id, assignment_row
from services.enrollment.application.coming import coming_to
from services.enrollment.application.enrolled import Also, Enrolled
from services.enrollment.domain import assignments as rules
from services.enrollment.domain import learning, standing, within
from services.enrollment.domain.assignments import NOTHING_SHARED, Target
from services.enrollment.domain.coming import OUTSIDE, Coming, check_own, joinable
from services.enrollment.domain.enrollment import Enrollment, enrollment_id
from services.enrollment.domain.learning import Moment
from services.enrollment.domain.offerings import Offering
from services.enrollment.domain.standing import Change, joined
from services.enrollment.projections import achieved, facts, state, visibility
from services.enrollment.projections.state import ASSIGNMENT
from shared import timers
from shared.contracts.catalog import Activity, Step
from shared.database import Connection
from shared.errors import Conflict, Overtaken, Refusal
from shared.store import Context, Decision, Receipt, Row, decided_again
from shared.timers import Timer

CREDIT = "credit"
"""The kind of timer that rings at once when something was completed that may count elsewhere (ENR-8)."""


class Learning:
    """An open term, from the learner's side (ENR-2 to ENR-6, ENR-8)."""

    def __init__(self, enrolled: Enrolled, assigning: Assigning) -> None:
        self._enrolled = enrolled
        self._ledger = enrolled.ledger
        self._assigning = assigning

    @decided_again
    def enrol(self, context: Context, offering_id: UUID, person: UUID) -> Receipt:
        """Self-enrollment without a group: an assignment of its own, and the learner on it, at once (ENR-3, CAT-19).

        Whoever is enrolled stays so. An own enrolment that is over, by its access or by what was completed, gives way to a new one.
        """
        if self._ledger.earlier(context):
            return self._enrolled.settled(context, person, offering_id)
        offering, at = self._enrolled.surroundings(offering_id)
        with self._ledger.database.connection() as conn:
            coming = coming_to(conn, person, offering_id)
            existing = state.live_targets(conn, [offering_id], [("self", person)])
        if not coming.visible:
            raise visibility.unseen()
        before = self._ledger.load(enrollment_id(person, offering_id), standing.evolve)
        before = before or Enrollment.unknown(person, offering_id)
        status = before.status(at.today)
        if status == "held" or (status not in OUTSIDE and before.accessible(at.today)):
            return self._enrolled.record(context, before, offering, at, None)
        _check_own(offering, coming)
        own = next(iter(existing.values()), None)
        decision, told = self._anew(context, offering, person, at.now, own, before)

        def queue(conn: Connection) -> None:
            facts.mark(conn, [person], context.meta())

        self._ledger.record(context, decision, {"assignment_id": str(told)}, also=queue)
        return self._enrolled.settled(context, person, offering_id)

    def _anew(
        self,
        context: Context,
        offering: Offering,
        person: UUID,
        now: datetime,
        own: UUID | None,
        before: Enrollment,
    ) -> tuple[Decision, UUID]:
        """A new own enrolment and its id; nothing where one is there that has not come to hold the learner yet."""
        nothing = Decision((), context.meta())
        if own and own not in before.grants:
            return nothing, own
        ended = self._ending(own, context) if own else nothing
        target = Target("self", person)
        id = assignment_id(context, offering.id, target)
        row = assignment_row(context, id, offering, target, NOTHING_SHARED, now)
        event = rules.create(id, offering, target, NOTHING_SHARED)
        return ended.together(Decision((event,), context.meta(), new=(Row(ASSIGNMENT, row),))), id

    def _ending(self, own: UUID, context: Context) -> Decision:
        """Raises Overtaken where it has ended meanwhile."""
        source = self._assigning.find(own)
        if not source.live:
            raise Overtaken("Your own enrolment was changed at this moment. Repeat it.")
        return self._assigning.removal([source], None, context)

    def begin(self, context: Context, id: UUID) -> Receipt:
        """Begin the open term. Beginning again changes nothing."""

        def decide(state: Enrollment, offering: Offering, at: Moment) -> Change | None:
            with self._ledger.database.connection() as conn:
                counted = credits(conn, state, offering, at)
            return learning.begin(state, offering, counted, at, self._via(state, offering))

        return self._enrolled.command(context, id, decide, also=counting_elsewhere(context))

    def complete_step(self, context: Context, id: UUID, step: int, *, by_learner: bool) -> Receipt:
        """Complete a step of the published version; the last one completes the training. Who may say so, the step says (CAT-1)."""

        def decide(state: Enrollment, offering: Offering, at: Moment) -> Change | None:
            via = self._via(state, offering)
            return learning.complete_step(state, offering, step, at, via, by_learner=by_learner)

        return self._enrolled.command(context, id, decide, also=counting_elsewhere(context))

    def take_exam(self, context: Context, id: UUID, step: int, score: int) -> Receipt:
        """Record an exam's result, in percent."""

        def decide(state: Enrollment, offering: Offering, at: Moment) -> Change | None:
            return learning.take_exam(state, offering, step, score, at, self._via(state, offering))

        return self._enrolled.command(context, id, decide, also=counting_elsewhere(context))

    @decided_again
    def launch(self, context: Context, id: UUID, step: int) -> Receipt:
        """Open a step's content or lab: the result says where. A step that is a course is begun, or counts already (CAT-2)."""
        if earlier := self._ledger.earlier(context):
            return earlier
        state = self._enrolled.find(id)
        offering, at = self._enrolled.surroundings(state.offering)
        change = learning.launch(state, offering, step, at.today, self._via(state, offering))
        beside, told = None, opened(offering, step)
        if course := within.course_of(offering, step):
            with self._ledger.database.connection() as conn:
                counted = {} if state.rejection else credits(conn, state, offering, at)
            if step in counted:
                change = joined(change, learning.credit(change.after if change else state, offering, counted, at))
            again = step not in counted and step not in state.steps
            begun = within.begin_within(self._on(state.person, course), id, at.today, again=again)
            beside = rows.decision(begun, context.meta()) if begun else None
            told["course_enrollment_id"] = str(enrollment_id(state.person, course))
        also = counting_elsewhere(context)
        return self._enrolled.record(context, state, offering, at, change, also=also, beside=beside, told=told)

    def _via(self, state: Enrollment, offering: Offering) -> UUID | None:
        """The certification that lets the learner work on this course without an assignment to it (CAT-2)."""
        if offering.kind != "course":
            return None
        with self._ledger.database.connection() as conn:
            return achieved.within(conn, state.person, offering.id, state.via)

    def _on(self, person: UUID, offering: UUID) -> Enrollment:
        loaded = self._ledger.load(enrollment_id(person, offering), standing.evolve)
        return loaded or Enrollment.unknown(person, offering)


def opened(offering: Offering, step: int) -> dict[str, JsonValue]:
    """Where Launch leads."""
    found = offering.steps[step - 1]
    return {"address": found.address if isinstance(found, Activity) else None}


def _check_own(offering: Offering, coming: Coming) -> None:
    """Where one enrols by joining a group, the refusal names the groups (GRP-3)."""
    try:
        check_own(offering, coming)
    except Refusal as refusal:
        if groups := joinable(offering, coming):
            raise Conflict(
                f"'{offering.title}' takes learners by its groups. Choose one, and join it: "
                f"GET /api/enrollment/offerings/{offering.id}/groups lists them.",
                kind="choose-group",
                groups=[str(group) for group in groups],
            ) from refusal
        raise


def counting_elsewhere(context: Context) -> Also:
    """A timer that rings at once, set in the same transaction, where something may count now (ENR-8).

    What was completed in another training; and in a training that has just begun, by whatever way, what was completed before.
    """

    def tell(conn: Connection, change: Change) -> None:
        person = change.after.person
        if achieved.credited_elsewhere(conn, person, change.after.id if change.before.begun else None):
            now = conn.execute("SELECT clock_timestamp()").fetchone()
            assert now is not None
            assert isinstance(now[0], datetime)
            timers.set_timer(conn, uuid5(person, CREDIT), now[0], CREDIT, person, context.meta())

    return tell


class Crediting:
    """What somebody completed counts in the other trainings that this person has begun, where these say so (ENR-8)."""

    def __init__(self, enrolled: Enrolled) -> None:
        self._enrolled = enrolled

    def __call__(self, timer: Timer) -> None:
        database = self._enrolled.ledger.database
        with database.connection() as conn:
            others = achieved.credited_elsewhere(conn, timer.subject, None)
        try:
            for id in others:
                self._credit(Context.system(f"{timer.command_id}/{id}", reason_code="credit"), id)
        except Conflict:  # the learner did something at this moment: the timer stays, and rings again
            return
        with database.transaction() as conn:
            timers.clear(conn, timer)

    def _credit(self, context: Context, id: UUID) -> None:
        def decide(state: Enrollment, offering: Offering, at: Moment) -> Change | None:
            with self._enrolled.ledger.database.connection() as conn:
                counted = credits(conn, state, offering, at)
            return learning.credit(state, offering, counted, at)

        self._enrolled.command(context, id, decide, also=counting_elsewhere(context))


def credits(conn: Connection, state: Enrollment, offering: Offering, at: Moment) -> dict[int, UUID]:
    """The steps whose course the learner has completed, with the enrollment that says so.

    Since the term was opened; or before, and in another offering, where this one says so (CAT-2, ENR-8).
    """
    steps = enumerate(offering.steps, 1)
    courses = {n: step.course_id for n, step in steps if isinstance(step, Step) and step.course_id}
    if not courses:
        return {}
    if offering.credit:
        done = achieved.courses(conn, state.person, at.today, without=state.id)
    else:
        done = achieved.courses_since(conn, state.person, list(courses.values()), state.id, state.term)
    return {n: done[course] for n, course in courses.items() if course in done}
