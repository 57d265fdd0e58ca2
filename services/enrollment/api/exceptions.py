"""Exceptions and due dates of learners (DUE-4 to DUE-8)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.enrollment.api.dependencies import (
    DatabaseDep,
    EnrollmentQueriesDep,
    ExceptionCommandsDep,
    ExceptionQueriesDep,
    NeededReason,
)
from services.enrollment.api.enrollments import managing
from services.enrollment.application.enrollments.exceptions import Answers
from services.enrollment.domain.due_dates import Deadline
from services.enrollment.projections import exceptions
from services.enrollment.projections.exceptions import CaseState, ExceptionCounts, ExceptionItem, ExceptionQuery
from shared.auth import CurrentCaller, Permission
from shared.contracts.enrollment import ExceptionKind, Resolution
from shared.http import CommandContextDep, Cursor, PageSize
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
    caller: CurrentCaller,
    exception_queries: ExceptionQueriesDep,
    size: PageSize,
    offering_id: UUID | None = None,
    person_id: UUID | None = None,
    enrollment_id: UUID | None = None,
    state: Annotated[CaseState | None, Query()] = None,
    kind: Annotated[ExceptionKind | None, Query()] = None,
    waiting: bool | None = None,
    cursor: Cursor = None,
) -> Page[ExceptionItem]:
    """List exceptions, open and handled; `waiting` gives those without an answer, including those set aside.

    Those tell their facts, and the day that each answer would set.
    """
    query = ExceptionQuery(
        enrollments=[enrollment_id] if enrollment_id else None,
        offering=offering_id,
        person=person_id,
        state=state,
        kind=kind,
        waiting=waiting,
    )
    return exception_queries.page(caller.scope(Permission.READ_ASSIGNMENTS), query, cursor, size)


@router.get("/exceptions/counts")
def count_exceptions(
    caller: CurrentCaller,
    database: DatabaseDep,
    offering_id: UUID | None = None,
    kind: Annotated[ExceptionKind | None, Query()] = None,
) -> ExceptionCounts:
    """Count exceptions by state; those that wait by kind and offering, too, each without its own filter."""
    scope = caller.scope(Permission.READ_ASSIGNMENTS)
    with database.connection() as conn:
        return exceptions.exception_counts(conn, scope, offering_id, kind)


@router.post("/exceptions/answer")
def answer_many(
    caller: CurrentCaller, context: CommandContextDep, exception_commands: ExceptionCommandsDep, body: AnswerToMany
) -> Answers:
    """Give many exceptions the same answer, with a result for each (DUE-6)."""
    scope = caller.scope(Permission.RESOLVE)
    return exception_commands.answer_many(
        context,
        scope,
        body.enrollments,
        kind=body.kind,
        offering=body.offering_id,
        resolution=body.resolution,
        reason=body.reason,
    )


@router.post("/enrollments/{enrollment_id}/exception")
def answer(
    caller: CurrentCaller,
    queries: EnrollmentQueriesDep,
    context: CommandContextDep,
    exception_commands: ExceptionCommandsDep,
    enrollment_id: UUID,
    body: Answer,
) -> Receipt:
    """Answer the exception of one learner on one offering (DUE-6)."""
    managing(queries, caller, enrollment_id, Permission.RESOLVE)
    return exception_commands.answer(context, enrollment_id, body.resolution, body.reason)


@router.put("/enrollments/{enrollment_id}/due")
def set_due(
    caller: CurrentCaller,
    queries: EnrollmentQueriesDep,
    context: CommandContextDep,
    exception_commands: ExceptionCommandsDep,
    enrollment_id: UUID,
    body: DueDay,
) -> Receipt:
    """Set a due date by hand, with the reason; no rule changes it (DUE-3, DUE-8)."""
    managing(queries, caller, enrollment_id, Permission.RESOLVE)
    return exception_commands.set_due(context, enrollment_id, Deadline(body.due_on, body.due_at), body.reason)
