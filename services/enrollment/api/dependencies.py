"""What the routes use, each what it needs; main provides them."""

import time
from typing import Annotated
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel

from services.enrollment.application.assignments.commands import AssignmentCommands
from services.enrollment.application.assignments.edits import AssignmentEdits
from services.enrollment.application.calendars import Calendars
from services.enrollment.application.enrollments.browsing import OfferingBrowser
from services.enrollment.application.enrollments.cancellation import Cancellation
from services.enrollment.application.enrollments.cards import LearnerCards
from services.enrollment.application.enrollments.certificates import Certificates
from services.enrollment.application.enrollments.completions import CompletionCommands
from services.enrollment.application.enrollments.exception_facts import ExceptionQueries
from services.enrollment.application.enrollments.exceptions import ExceptionCommands
from services.enrollment.application.enrollments.payments import Payments
from services.enrollment.application.enrollments.progress import ProgressCommands
from services.enrollment.application.enrollments.sources import Sources
from services.enrollment.application.enrollments.steps import StepQueries
from services.enrollment.application.enrollments.views import EnrollmentQueries
from services.enrollment.application.enrollments.why import WhyQueries
from services.enrollment.application.evaluation.circuit_breaker import CircuitBreaker
from services.enrollment.application.groups import GroupCommands
from services.enrollment.application.history import EnrollmentHistories
from services.enrollment.application.imports.completions import CompletionImport
from services.enrollment.application.imports.learners import LearnerImport
from services.enrollment.application.job_roles import JobRoleCommands
from services.enrollment.application.manifest import ManifestApplier
from services.enrollment.application.previews.commands import Previews
from services.enrollment.application.triggers import TriggerCommands
from services.enrollment.application.undo.commands import Undo
from services.enrollment.application.undo.queries import BatchQueries
from shared import jobs
from shared.auth import Caller, Permission, Scope
from shared.database import Database
from shared.http import use
from shared.limits import Remark, Text
from shared.store import Receipt

_JOB_POLL_SECONDS = 0.05


DatabaseDep = Annotated[Database, use(Database)]
AssignmentCommandsDep = Annotated[AssignmentCommands, use(AssignmentCommands)]
PreviewsDep = Annotated[Previews, use(Previews)]
EnrollmentQueriesDep = Annotated[EnrollmentQueries, use(EnrollmentQueries)]
WhyQueriesDep = Annotated[WhyQueries, use(WhyQueries)]
HistoriesDep = Annotated[EnrollmentHistories, use(EnrollmentHistories)]
ProgressCommandsDep = Annotated[ProgressCommands, use(ProgressCommands)]
CancellationDep = Annotated[Cancellation, use(Cancellation)]
CompletionCommandsDep = Annotated[CompletionCommands, use(CompletionCommands)]
PaymentsDep = Annotated[Payments, use(Payments)]
CertificatesDep = Annotated[Certificates, use(Certificates)]
AssignmentEditsDep = Annotated[AssignmentEdits, use(AssignmentEdits)]
CompletionImportDep = Annotated[CompletionImport, use(CompletionImport)]
LearnerImportDep = Annotated[LearnerImport, use(LearnerImport)]
GroupCommandsDep = Annotated[GroupCommands, use(GroupCommands)]
ExceptionCommandsDep = Annotated[ExceptionCommands, use(ExceptionCommands)]
ExceptionQueriesDep = Annotated[ExceptionQueries, use(ExceptionQueries)]
SourcesDep = Annotated[Sources, use(Sources)]
UndoDep = Annotated[Undo, use(Undo)]
BatchQueriesDep = Annotated[BatchQueries, use(BatchQueries)]
CalendarsDep = Annotated[Calendars, use(Calendars)]
CircuitBreakerDep = Annotated[CircuitBreaker, use(CircuitBreaker)]
LearnerCardsDep = Annotated[LearnerCards, use(LearnerCards)]
StepQueriesDep = Annotated[StepQueries, use(StepQueries)]
OfferingBrowserDep = Annotated[OfferingBrowser, use(OfferingBrowser)]
TriggerCommandsDep = Annotated[TriggerCommands, use(TriggerCommands)]
JobRoleCommandsDep = Annotated[JobRoleCommands, use(JobRoleCommands)]
ManifestApplierDep = Annotated[ManifestApplier, use(ManifestApplier)]


def assigning_qualifications(caller: Caller) -> Scope:
    """For whom the caller may assign qualifications and job roles."""
    return caller.scope(Permission.ASSIGN_QUALIFICATIONS)


async def raw(request: Request) -> bytes:
    """The body as it came."""
    return await request.body()


NeededRemark = Annotated[str, Text(2000, 1, lines=True)]


class Reason(BaseModel):
    """Why, in a person's words; kept apart from the events."""

    reason: Remark | None = None


class NeededReason(BaseModel):
    """Why, in a person's words, where it has to be said."""

    reason: NeededRemark


class NeededConfirmation(BaseModel):
    """A learner has read what will happen."""

    confirm: bool = False


def answer(database: Database, receipt: Receipt, response: Response, wait: float) -> Receipt:
    """202 with the address of the first unfinished job, or 200 when all have finished within the time.

    The job's address is a link `monitor`; and the location, unless something that was made has one.
    """
    result = receipt.result if isinstance(receipt.result, dict) else {}
    ids = result.get("jobs")
    deadline = time.monotonic() + wait
    for id in ids if isinstance(ids, list) else []:
        while True:
            with database.connection() as conn:
                job = jobs.find(conn, UUID(str(id)))
            if job.state in ("finished", "failed"):
                break
            if time.monotonic() >= deadline:
                response.status_code = 202
                response.headers["Link"] = f'</api/enrollment/jobs/{id}>; rel="monitor"'
                response.headers.setdefault("Location", f"/api/enrollment/jobs/{id}")
                return receipt
            time.sleep(_JOB_POLL_SECONDS)
    return receipt
