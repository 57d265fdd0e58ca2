"""Exceptions: an administrator's answers, for one or many; and due dates by hand (DUE-6, DUE-8)."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from pydantic import BaseModel

from services.enrollment.application.enrollments.base import EnrollmentCommands
from services.enrollment.application.evaluation import evaluate
from services.enrollment.domain import exception_answers
from services.enrollment.domain.due_dates import Deadline, Due
from services.enrollment.domain.enrollment import Enrollment
from services.enrollment.domain.offerings import Offering, check_open
from services.enrollment.domain.progress import Moment
from services.enrollment.domain.terms import Terms
from services.enrollment.domain.transitions import Transition
from services.enrollment.projections import exceptions, facts, matching, organisations, tables
from services.enrollment.projections.exceptions import ExceptionQuery
from shared.auth import Scope
from shared.contracts.enrollment import ExceptionKind, Resolution
from shared.errors import Invalid, Refusal
from shared.store import CommandContext, Decision, Receipt, Revision, command, decided_again
from shared.texts import Texts


class Answered(BaseModel):
    """What came of one of many: the status afterwards, or why it was refused."""

    enrollment_id: UUID
    status: str | None = None
    refused: str | None = None


class Answers(BaseModel):
    """`more`: there are more than one command answers; send another."""

    answered: list[Answered]
    more: bool


class _Picked(BaseModel):
    """The enrollments that one command is about."""

    enrollments: list[UUID]
    more: bool


class ExceptionCommands:
    """`limit`: how many exceptions one command answers."""

    def __init__(self, enrolled: EnrollmentCommands, limit: int) -> None:
        self._enrolled = enrolled
        self._ledger = enrolled.ledger
        self._limit = limit

    @decided_again
    @command
    def answer(self, context: CommandContext, enrollment: UUID, resolution: Resolution, reason: str | None) -> Receipt:
        """One answer for everything that waits on this enrollment."""
        texts, state = Texts(), self._enrolled.find(enrollment)
        offering, moment = self._enrolled.surroundings(state.offering)
        if resolution in ("assigned", "realistic-date"):
            check_open(offering)
        wanted, terms, preconditions = self._look(state, offering)
        change = exception_answers.answer(state, resolution, wanted, terms, reason=texts.ref(state.person, reason))
        return self._enrolled.record(
            context, state, offering, moment, change=change, texts=texts, preconditions=preconditions
        )

    def _look(self, state: Enrollment, offering: Offering) -> tuple[dict[UUID, Due], Terms, tuple[Revision, ...]]:
        """What the assignments want of the learner now, what comes with a grant, and on what that relies."""
        with self._ledger.database.connection() as conn:
            found = matching.cohorts(conn, [state.person], offering.id)
            sources = tables.assignments(conn, state.holds)
            shorter = {a.id: a.access_days for a in sources.values() if a.access_days is not None}
            days = found[0].days if found else None
            zone = organisations.zone_of(conn, state.person)
            terms = evaluate.terms(offering, facts.now(conn), shorter, of_organisation=days, zone=zone)
        wanted = evaluate.wanted(found[0]) if found else {}
        preconditions = [Revision("assignment", id, row.revision) for id, row in sorted(sources.items())]
        if found:
            preconditions.append(Revision(tables.QUEUE_ENTRY.name, state.person, found[0].queued[0]))
        return wanted, terms, tuple(preconditions)

    def answer_many(
        self,
        context: CommandContext,
        scope: Scope,
        chosen: Sequence[UUID],
        *,
        kind: ExceptionKind | None,
        offering: UUID | None,
        resolution: Resolution,
        reason: str | None,
    ) -> Answers:
        """The open ones among `chosen` enrollments, or all of a kind or an offering, each for itself. Sent again, it goes on."""
        if not chosen and kind is None and offering is None:
            raise Invalid("Select by enrollments, a kind of exception, or an offering.", field="enrollments")
        if len(chosen) > self._limit:
            raise Invalid(
                f"One command can answer at most {self._limit} exceptions (ROLLBOOK_EXCEPTION_ROWS_LIMIT). Send several commands.",
                field="enrollments",
            )
        earlier = self._ledger.find_receipt(context)
        picked = _Picked.model_validate(
            earlier.result if earlier else self._pick(context, scope, chosen, kind=kind, offering=offering).result
        )
        answered = [self._one(context, id, resolution, reason) for id in picked.enrollments]
        unknown = [Answered(enrollment_id=id, refused="no-exception") for id in chosen if id not in picked.enrollments]
        return Answers(answered=answered + unknown, more=picked.more)

    def _pick(
        self,
        context: CommandContext,
        scope: Scope,
        chosen: Sequence[UUID],
        *,
        kind: ExceptionKind | None,
        offering: UUID | None,
    ) -> Receipt:
        """Which ones the command is about, on record: a repetition is about the same."""
        query = ExceptionQuery(offering=offering, kind=kind, enrollments=list(chosen) or None, waiting=True)
        with self._ledger.database.connection() as conn:
            page = exceptions.exceptions(conn, scope, query, None, self._limit)
        picked = _Picked(enrollments=[item.enrollment_id for item in page.items], more=page.next is not None)
        nothing = Decision((), context.meta())
        return self._ledger.record(context, nothing, picked.model_dump(mode="json"))

    def _one(self, context: CommandContext, id: UUID, resolution: Resolution, reason: str | None) -> Answered:
        part = replace(context, command_id=f"{context.command_id}/{id}")
        try:
            receipt = self.answer(part, id, resolution, reason)
        except Refusal as refusal:
            return Answered(enrollment_id=id, refused=refusal.kind)
        told = receipt.result if isinstance(receipt.result, dict) else {}
        return Answered(enrollment_id=id, status=str(told.get("status")))

    def set_due(self, context: CommandContext, enrollment: UUID, due: Deadline, reason: str | None) -> Receipt:
        """A due date by hand (DUE-8)."""
        texts = Texts()

        def decide(state: Enrollment, _: Offering, __: Moment) -> Transition | None:
            with self._ledger.database.connection() as conn:
                now, zone = facts.now(conn), organisations.zone_of(conn, state.person)
            return exception_answers.set_due(state, due, now, zone, reason=texts.ref(state.person, reason))

        return self._enrolled.command(context, enrollment, decide, texts=texts)
