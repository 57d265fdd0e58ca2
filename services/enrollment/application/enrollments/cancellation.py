"""A single course assignment: cancelled within its time, or with a shorter access period; and access that ends (ASG-14, ASG-15)."""

import threading
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel

from services.enrollment.application.assignments.commands import AssignmentCommands
from services.enrollment.application.assignments.targets import longest_access
from services.enrollment.application.enrollments.base import EnrollmentCommands
from services.enrollment.application.evaluation.state_rows import expiry
from services.enrollment.domain import grants
from services.enrollment.domain.assignments import Target, access_days
from services.enrollment.domain.enrollment import Enrollment
from services.enrollment.domain.offerings import Offering
from services.enrollment.domain.progress import Moment
from services.enrollment.domain.transitions import Transition
from services.enrollment.projections import access_expiry, facts
from services.enrollment.projections.access_expiry import Over
from shared.contracts.enrollment import AssignmentType
from shared.database import Connection, Database, keep_stepping
from shared.errors import Conflict, NotFound
from shared.events import SYSTEM, Meta
from shared.set_aside import SetAside, SetAsideRow, isolate
from shared.store import CommandContext, Receipt, Store, command, decided_again
from shared.texts import Texts


class LearnersAssignment(BaseModel):
    """One learner's share of an assignment: where it is to a course, a *course assignment*."""

    assignment_id: UUID
    type: AssignmentType
    created_at: datetime
    """The billing date (ASG-19)."""
    access_until: date | None
    """The last day of access that this assignment gives; None: without end."""
    default_until: date | None
    """The last day that it has where nobody chose a shorter period (ASG-14); None: without end."""
    editable: bool
    """The caller may make its access end earlier (ASG-14)."""
    cancellable: bool
    """By the caller, now: Status offers Cancelled (ASG-16)."""
    why_not: str | None
    """Why it cannot be cancelled, and whom to ask (ASG-15)."""
    override: bool
    """The caller may cancel it all the same, with a reason (ASG-15)."""


class Cancellation:
    """What an administrator does to one learner's share of an assignment."""

    def __init__(self, enrolled: EnrollmentCommands, assigning: AssignmentCommands) -> None:
        self._enrolled = enrolled
        self._ledger = enrolled.ledger
        self._assigning = assigning

    def assignments(self, id: UUID, refused: str | None, *, overrides: bool) -> list[LearnersAssignment]:
        """The assignments that hold this learner, the oldest first.

        `refused`: why the caller may change none of them, if so. `overrides`: the caller may do it beyond the 24 hours.
        """
        state = self._enrolled.find(id)
        offering, moment = self._enrolled.surroundings(state.offering)
        shares = [
            _Share(state, offering, one, created=self._created(state, one), moment=moment) for one in state.grants
        ]
        shares.sort(key=lambda share: (share.created, share.assignment))
        return [self._shown(share, refused, overrides) for share in shares]

    def _shown(self, share: "_Share", refused: str | None, overrides: bool) -> LearnersAssignment:
        why_not = refused or share.why_not(override=False)
        with self._ledger.database.connection() as conn:
            usual = longest_access(conn, [Target("individual", share.state.person)])
        days = access_days(share.offering, usual)
        return LearnersAssignment(
            assignment_id=share.assignment,
            type=self._assigning.find(share.assignment).target.type,
            created_at=share.created,
            access_until=share.state.access.get(share.assignment),
            default_until=_after(share.created, days) if days else None,
            editable=refused is None and share.offering.kind == "course",
            cancellable=why_not is None,
            why_not=why_not,
            override=overrides and why_not is not None and share.why_not(override=True) is None,
        )

    @decided_again
    @command
    def cancel(
        self, context: CommandContext, id: UUID, assignment: UUID, reason: str | None, *, override: bool
    ) -> Receipt:
        """Cancel a course assignment (ASG-15). `override` goes beyond the 24 hours and needs a reason.

        An assignment of this person alone is removed with it, so that the person can be assigned again.
        """
        texts, state = Texts(), self._enrolled.find(id)
        offering, moment = self._enrolled.surroundings(state.offering)
        if override and not reason:
            raise Conflict(
                "Cancelling after 24 hours needs a reason. Give one.", field="reason", kind="reason-required"
            )
        share = _Share(state, offering, assignment, created=self._created(state, assignment), moment=moment)
        share.check(override=override)
        source, ref = self._assigning.find(assignment), texts.ref(state.person, reason)
        change = grants.cancel(state, assignment, ref, by_rule=not source.target.one_person)
        beside = self._assigning.removal([source], ref, context) if source.target.one_person else None
        return self._enrolled.record(context, state, offering, moment, change=change, texts=texts, beside=beside)

    def shorten(self, context: CommandContext, id: UUID, assignment: UUID, until: date | int) -> Receipt:
        """An earlier last day of access, or so many days from the creation; never later (ASG-14)."""

        def decide(state: Enrollment, offering: Offering, moment: Moment) -> Transition | None:
            _check_course(offering)
            day = until if isinstance(until, date) else _after(self._created(state, assignment), until)
            return grants.shorten(state, assignment, day, moment.today)

        return self._enrolled.command(context, id, decide)

    def _created(self, state: Enrollment, assignment: UUID) -> datetime:
        with self._ledger.database.connection() as conn:
            created = access_expiry.created_at(conn, state.id, assignment)
        if created is None:
            raise NotFound("This learner does not have this assignment.", field="assignment_id")
        return created


class _Share(NamedTuple):
    """One learner's share of an assignment, with what decides whether it can be cancelled (ASG-15)."""

    state: Enrollment
    offering: Offering
    assignment: UUID
    created: datetime
    moment: Moment

    def check(self, *, override: bool) -> None:
        _check_course(self.offering)
        grants.check_cancellable(self.state, self.assignment, self.created, self.moment.now, override=override)

    def why_not(self, *, override: bool) -> str | None:
        try:
            self.check(override=override)
        except Conflict as refusal:
            return refusal.detail
        return None


def _after(created: datetime, days: int) -> date:
    return created.astimezone(UTC).date() + timedelta(days=days)


def _check_course(offering: Offering) -> None:
    if offering.kind != "course":
        raise Conflict(
            f"'{offering.title}' is a {offering.kind}: only course assignments can be cancelled individually. "
            f"Remove the assignment, or "
            "exclude the learner from it.",
            kind="not-a-course",
        )


class AccessExpiry:
    """Ends the terms whose last day of access is over, everybody who stands alike at once (ENR-6)."""

    name = "enrollment access"
    PAUSE_SECONDS = 60.0

    def __init__(self, database: Database, store: Store, chunk: int) -> None:
        self._database = database
        self._store = store
        self._chunk = chunk
        self._aside = SetAside(database, self.name)

    def run(self, stop: threading.Event) -> None:
        keep_stepping(stop, self.step, self.PAUSE_SECONDS, worker=self.name)

    def step(self) -> int:
        """Returns how many terms were over. Who was overtaken is looked at again."""
        with self._database.connection() as conn:
            groups = access_expiry.over(conn, self._chunk, self.name)
        for group in groups:
            self._end_each(group)
        return sum(len(group.people) for group in groups)

    def _end_each(self, group: Over) -> None:
        """At once; whoever crashes alone is set aside."""

        def alone(place: int, error: Exception) -> None:
            self._aside.put(group.enrollments[place], "enrollment", error)

        isolate(range(len(group.people)), lambda places: self._end(group.only(places)), alone)

    def _end(self, group: Over) -> None:
        meta = Meta(actor=SYSTEM, reason_code="timer", correlation=group.batch)
        self._store.append_cohorts([self._store.encode(expiry(group, meta))])
        with self._database.transaction() as conn:
            facts.enqueue_waiting(conn, meta, group.people)

    def retry(self, row: SetAsideRow, meta: Meta) -> None:  # noqa: ARG002
        """End it now. Raises what it crashes with."""
        with self._database.connection() as conn:
            found = access_expiry.over_of(conn, row.subject)
        for group in found:
            self._end(group)

    def drop(self, conn: Connection, row: SetAsideRow) -> None:
        """It is looked at again with the others."""
