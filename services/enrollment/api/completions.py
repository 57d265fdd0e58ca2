"""Completions that a person decides on or records, certificates, and achievements."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from services.enrollment.api.dependencies import (
    AssignmentCommandsDep,
    CertificatesDep,
    CompletionCommandsDep,
    CompletionImportDep,
    EnrollmentQueriesDep,
    NeededReason,
    raw,
)
from services.enrollment.api.enrollments import check_not_own, managing, reading
from services.enrollment.application.enrollments.certificates import Verification
from services.enrollment.application.imports.completions import ImportReport
from services.enrollment.domain.completions import Completion
from services.enrollment.projections.certificates import Achievement
from shared.auth import CurrentCaller, Permission
from shared.documents import body, file
from shared.errors import NotFound
from shared.http import CommandContextDep, Cursor, PageSize
from shared.limits import Day, Place, Remark, Text
from shared.readmodel import Page
from shared.store import Receipt

router = APIRouter(prefix="/api/enrollment")

Serial = Annotated[str, Text(100)]


class Rejection(NeededReason):
    """`steps`: which have to be completed again; the last one unless said otherwise."""

    steps: list[Place] = Field(default_factory=list, max_length=200)


class CompletionToRecord(BaseModel):
    """A completion that an administrator knows of (ENR-12). `valid_until` None: without end."""

    person_id: UUID
    offering_id: UUID
    completed_on: Day
    valid_until: Day | None = None
    evidence: Remark | None = None


@router.post("/enrollments/{enrollment_id}/approve")
def approve(
    caller: CurrentCaller,
    queries: EnrollmentQueriesDep,
    context: CommandContextDep,
    completion_commands: CompletionCommandsDep,
    enrollment_id: UUID,
) -> Receipt:
    """Approve a completion that is waiting for approval (ENR-5, CAT-12). Nobody can approve their own."""
    managing(queries, caller, enrollment_id, Permission.REVIEW, own=False)
    return completion_commands.approve(context, enrollment_id)


@router.post("/enrollments/{enrollment_id}/reject")
def reject(
    caller: CurrentCaller,
    queries: EnrollmentQueriesDep,
    context: CommandContextDep,
    completion_commands: CompletionCommandsDep,
    enrollment_id: UUID,
    body: Rejection,
) -> Receipt:
    """Send a completion back with a reason, which the learner sees (ENR-5)."""
    managing(queries, caller, enrollment_id, Permission.REVIEW)
    return completion_commands.reject(context, enrollment_id, body.steps, body.reason)


@router.post("/completions", status_code=201)
def record(
    caller: CurrentCaller,
    context: CommandContextDep,
    assignment_commands: AssignmentCommandsDep,
    completion_commands: CompletionCommandsDep,
    body: CompletionToRecord,
) -> Receipt:
    """Record a completion by hand, with date and evidence (ENR-12). Nobody can record their own."""
    assignment_commands.check_person(caller.scope(Permission.REVIEW), body.person_id)
    check_not_own(caller, body.person_id)
    completion = Completion(body.completed_on, body.valid_until, "by-hand")
    return completion_commands.record(context, body.person_id, body.offering_id, completion, evidence=body.evidence)


@router.post(
    "/completions/import", openapi_extra=body("text/csv", "The columns person, offering, completed, expires, evidence")
)
def import_completions(
    caller: CurrentCaller,
    context: CommandContextDep,
    completion_import: CompletionImportDep,
    body: Annotated[bytes, Depends(raw)],
    dry_run: bool = False,
) -> ImportReport:
    """Import completions from earlier systems as CSV: person (e-mail), offering (code), completed, expires, evidence (ENR-13).

    There is a result for each row; exact repeats change nothing. `dry_run` gives the same report and changes nothing.
    """
    return completion_import.run(context, caller.scope(Permission.REVIEW), body, dry_run=dry_run)


@router.post("/enrollments/{enrollment_id}/completion/take-back")
def take_back(
    caller: CurrentCaller,
    queries: EnrollmentQueriesDep,
    context: CommandContextDep,
    completion_commands: CompletionCommandsDep,
    enrollment_id: UUID,
    body: NeededReason,
) -> Receipt:
    """Take back the completion on record: it no longer counts (ENR-12)."""
    managing(queries, caller, enrollment_id, Permission.REVIEW)
    return completion_commands.take_back(context, enrollment_id, body.reason)


@router.get("/certificates/{serial}")
def verify(certificates: CertificatesDep, serial: Serial) -> Verification:
    """Verify whether a certificate is valid, for anyone who has its serial (ENR-10)."""
    return certificates.verify(serial)


@router.get(
    "/certificates/{serial}/document",
    response_class=Response,
    responses=file("application/pdf", "The certificate for printing"),
)
def document(
    caller: CurrentCaller, certificates: CertificatesDep, queries: EnrollmentQueriesDep, serial: Serial
) -> Response:
    """Get the certificate as a PDF for printing: for its learner and for administrators."""
    found = certificates.find(serial)
    queries.one(reading(caller), caller.id, found.enrollment)
    name = f'attachment; filename="certificate-{serial}.pdf"'
    return Response(certificates.document(found), media_type="application/pdf", headers={"Content-Disposition": name})


@router.post("/certificates/{serial}/revoke")
def revoke(
    caller: CurrentCaller,
    queries: EnrollmentQueriesDep,
    context: CommandContextDep,
    certificates: CertificatesDep,
    completion_commands: CompletionCommandsDep,
    serial: Serial,
    body: NeededReason,
) -> Receipt:
    """Revoke the certificate; its verification page gives the reason (ENR-12)."""
    managing(queries, caller, certificates.find(serial).enrollment, Permission.REVIEW)
    return completion_commands.revoke(context, serial, body.reason)


@router.get("/achievements")
def list_achievements(
    caller: CurrentCaller,
    assignment_commands: AssignmentCommandsDep,
    certificates: CertificatesDep,
    size: PageSize,
    person_id: UUID | None = None,
    cursor: Cursor = None,
) -> Page[Achievement]:
    """List the badges that a person has earned, newest first, each with an address to share (ENR-11); by default the caller's."""
    person = person_id or caller.id
    if person != caller.id and not assignment_commands.visible(caller.scope(Permission.READ_ASSIGNMENTS), person):
        raise NotFound("There is no such person, or none that you may see.", field="person_id")
    return certificates.achievements(person, cursor, size)
