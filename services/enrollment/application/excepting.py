"""Exceptions: an administrator's answers, for one or many; and due dates by hand (DUE-6, DUE-8)."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from pydantic import BaseModel

from services.enrollment.application import judging
from services.enrollment.application.enrolled import Enrolled
from services.enrollment.domain import answering
from services.enrollment.domain.due_dates import Deadline, Due
from services.enrollment.domain.enrollment import Enrollment
from services.enrollment.domain.learning import Moment
from services.enrollment.domain.offerings import Offering, check_open
from services.enrollment.domain.standing import Change
from services.enrollment.domain.terms import Terms
from services.enrollment.projections import exceptions, facts, matching, organisations, state
from services.enrollment.projections.exceptions import ExceptionQuery
from shared.auth import Scope
from shared.contracts.enrollment import ExceptionKind, Resolution
from shared.errors import Invalid, Refusal
from shared.store import Context, Decision, Receipt, Revision, decided_again
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


class Excepting:
    """`limit`: how many exceptions one command answers."""

    def __init__(self, enrolled: Enrolled, limit: int) -> None:
        self._enrolled = enrolled
        self._limit = limit

    @decided_again
    def answer(self, context: Context, enrollment: UUID, resolution: Resolution, reason: str | None) -> Receipt:
        """One answer for everything that waits on this enrollment."""
        if earlier := self._enrolled.ledger.earlier(context):
            return earlier
        texts, known = Texts(), self._enrolled.find(enrollment)
        offering, at = self._enrolled.surroundings(known.offering)
        if resolution in ("assigned", "realistic-date"):
            check_open(offering)
        wanted, terms, relied_on = self._look(known, offering)
        change = answering.answer(known, resolution, wanted, terms, texts.ref(known.person, reason))
        return self._enrolled.record(context, known, offering, at, change, texts=texts, relied_on=relied_on)

    def _look(self, known: Enrollment, on: Offering) -> tuple[dict[UUID, Due], Terms, tuple[Revision, ...]]:
        """What the assignments want of the learner now, what comes with a grant, and on what that relies."""
        with self._enrolled.ledger.database.connection() as conn:
            found = matching.situations(conn, [known.person], on.id)
            sources = state.assignments(conn, known.holds)
            shorter = {a.id: a.access_days for a in sources.values() if a.access_days is not None}
            days = found[0].days if found else None
            zone = organisations.zone_of(conn, known.person)
            terms = judging.terms(on, facts.now(conn), shorter, days, zone)
        wanted = judging.wanted(found[0]) if found else {}
        relied_on = [Revision("assignment", id, row.revision) for id, row in sorted(sources.items())]
        if found:
            relied_on.append(Revision("dirty", known.person, found[0].dirty[0]))
        return wanted, terms, tuple(relied_on)

    def answer_many(
        self,
        context: Context,
        scope: Scope,
        chosen: Sequence[UUID],
        kind: ExceptionKind | None,
        offering: UUID | None,
        resolution: Resolution,
        reason: str | None,
    ) -> Answers:
        """The open ones among `chosen` enrollments, or all of a kind or an offering, each for itself. Sent again, it goes on."""
        if not chosen and kind is None and offering is None:
            raise Invalid("Name enrollments, a kind of exception, or an offering.", field="enrollments")
        if len(chosen) > self._limit:
            raise Invalid(
                f"One command answers {self._limit} exceptions (ROLLBOOK_EXCEPTION_ROWS_LIMIT). Send several.",
                field="enrollments",
            )
        earlier = self._enrolled.ledger.earlier(context)
        picked = _Picked.model_validate(
            earlier.result if earlier else self._pick(context, scope, chosen, kind, offering).result
        )
        answered = [self._one(context, id, resolution, reason) for id in picked.enrollments]
        unknown = [Answered(enrollment_id=id, refused="no-exception") for id in chosen if id not in picked.enrollments]
        return Answers(answered=answered + unknown, more=picked.more)

    def _pick(
        self, context: Context, scope: Scope, chosen: Sequence[UUID], kind: ExceptionKind | None, offering: UUID | None
    ) -> Receipt:
        """Which ones the command is about, on record: a repetition is about the same."""
        query = ExceptionQuery(offering=offering, kind=kind, enrollments=list(chosen) or None, waiting=True)
        with self._enrolled.ledger.database.connection() as conn:
            page = exceptions.exceptions(conn, scope, query, None, self._limit)
        picked = _Picked(enrollments=[item.enrollment_id for item in page.items], more=page.next is not None)
        nothing = Decision((), context.meta())
        return self._enrolled.ledger.record(context, nothing, picked.model_dump(mode="json"))

    def _one(self, context: Context, id: UUID, resolution: Resolution, reason: str | None) -> Answered:
        part = replace(context, command_id=f"{context.command_id}/{id}")
        try:
            receipt = self.answer(part, id, resolution, reason)
        except Refusal as refusal:
            return Answered(enrollment_id=id, refused=refusal.kind)
        told = receipt.result if isinstance(receipt.result, dict) else {}
        return Answered(enrollment_id=id, status=str(told.get("status")))

    def set_due(self, context: Context, enrollment: UUID, due: Deadline, reason: str | None) -> Receipt:
        """A due date by hand (DUE-8)."""
        texts = Texts()

        def decide(state: Enrollment, _: Offering, __: Moment) -> Change | None:
            with self._enrolled.ledger.database.connection() as conn:
                now, zone = facts.now(conn), organisations.zone_of(conn, state.person)
            return answering.set_due(state, due, now, zone, texts.ref(state.person, reason))

        return self._enrolled.command(context, enrollment, decide, texts=texts)
