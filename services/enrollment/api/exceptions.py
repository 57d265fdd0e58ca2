"""Exceptions and due dates of learners (DUE-4 to DUE-8)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.enrollment.api.enrollments import managing
from services.enrollment.api.parts import NeededReason, Using
from services.enrollment.application.excepting import Answers
from services.enrollment.domain.due_dates import Deadline
from services.enrollment.projections import exceptions
from services.enrollment.projections.exceptions import CaseState, ExceptionItem, ExceptionQuery
from shared.auth import Permission, SignedIn
from shared.contracts.enrollment import ExceptionKind, Resolution
from shared.http import Commanded, Cursor, PageSize
from shared.limits import Day, Remark, TimeOfDay
from shared.readmodel import Page
from shared.store import Receipt

router = APIRouter(prefix="/api/enrollment")


class Answer(BaseModel):
    """`assigned`: assign anyway; `realistic-date`: with the minimum time plus a week; `not-assigned`; `dismissed`: set aside."""

    resolution: Resolution
    reason: Remark | None = None


class AnswerToMany(Answer):
    """Of these enrollments, or all of a kind or an offering."""

    enrollments: list[UUID] = Field(default=[], max_length=10_000)
    kind: ExceptionKind | None = None
    offering_id: UUID | None = None


class DueDay(NeededReason):
    """A day in the learner's time zone, to its end, or until a time of it by the learner's clock."""

    due_on: Day
    due_at: TimeOfDay | None = None


@router.get("/exceptions")
def list_exceptions(
    caller: SignedIn,
    using: Using,
    size: PageSize,
    offering_id: UUID | None = None,
    person_id: UUID | None = None,
    enrollment_id: UUID | None = None,
    state: Annotated[CaseState | None, Query()] = None,
    kind: Annotated[ExceptionKind | None, Query()] = None,
    waiting: bool | None = None,
    cursor: Cursor = None,
) -> Page[ExceptionItem]:
    """Exceptions, open and handled; `waiting` those without an answer, set aside ones too."""
    query = ExceptionQuery(
        enrollments=[enrollment_id] if enrollment_id else None,
        offering=offering_id,
        person=person_id,
        state=state,
        kind=kind,
        waiting=waiting,
    )
    with using.database.connection() as conn:
        return exceptions.exceptions(conn, caller.scope(Permission.READ_ASSIGNMENTS), query, cursor, size)


@router.post("/exceptions/answer")
def answer_many(caller: SignedIn, context: Commanded, using: Using, body: AnswerToMany) -> Answers:
    """The same answer for many, with a result for each (DUE-6)."""
    scope = caller.scope(Permission.RESOLVE)
    return using.excepting.answer_many(
        context, scope, body.enrollments, body.kind, body.offering_id, body.resolution, body.reason
    )


@router.post("/enrollments/{enrollment_id}/exception")
def answer(caller: SignedIn, context: Commanded, using: Using, enrollment_id: UUID, body: Answer) -> Receipt:
    """Answer the exception of one learner on one offering (DUE-6)."""
    managing(using, caller, enrollment_id, Permission.RESOLVE)
    return using.excepting.answer(context, enrollment_id, body.resolution, body.reason)


@router.put("/enrollments/{enrollment_id}/due")
def set_due(caller: SignedIn, context: Commanded, using: Using, enrollment_id: UUID, body: DueDay) -> Receipt:
    """A due date by hand, with the reason; no rule changes it (DUE-3, DUE-8)."""
    managing(using, caller, enrollment_id, Permission.RESOLVE)
    return using.excepting.set_due(context, enrollment_id, Deadline(body.due_on, body.due_at), body.reason)
