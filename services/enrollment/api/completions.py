"""Completions that a person decides on or records, certificates, and achievements."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from services.enrollment.api.enrollments import check_not_own, managing, reading
from services.enrollment.api.parts import NeededReason, Using, raw
from services.enrollment.application.certifying import Verification
from services.enrollment.application.importing import ImportReport
from services.enrollment.domain.completing import Completion
from services.enrollment.projections.certificates import Achievement
from shared.auth import Permission, SignedIn
from shared.documents import body, file
from shared.errors import NotFound
from shared.http import Commanded, Cursor, PageSize
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
def approve(caller: SignedIn, context: Commanded, using: Using, enrollment_id: UUID) -> Receipt:
    """Approve a completion that waits for it (ENR-5, CAT-12). Nobody approves their own."""
    managing(using, caller, enrollment_id, Permission.REVIEW, own=False)
    return using.completing.approve(context, enrollment_id)


@router.post("/enrollments/{enrollment_id}/reject")
def reject(caller: SignedIn, context: Commanded, using: Using, enrollment_id: UUID, body: Rejection) -> Receipt:
    """Send a completion back with a reason, which the learner sees (ENR-5)."""
    managing(using, caller, enrollment_id, Permission.REVIEW)
    return using.completing.reject(context, enrollment_id, body.steps, body.reason)


@router.post("/completions", status_code=201)
def record(caller: SignedIn, context: Commanded, using: Using, body: CompletionToRecord) -> Receipt:
    """Record a completion by hand, with date and evidence (ENR-12). Nobody records their own."""
    using.assigning.check_person(caller.scope(Permission.REVIEW), body.person_id)
    check_not_own(caller, body.person_id)
    completion = Completion(body.completed_on, body.valid_until, "by-hand")
    return using.completing.record(context, body.person_id, body.offering_id, completion, body.evidence)


@router.post(
    "/completions/import", openapi_extra=body("text/csv", "Columns person, offering, completed, expires, evidence")
)
def import_completions(
    caller: SignedIn, context: Commanded, using: Using, body: Annotated[bytes, Depends(raw)], dry_run: bool = False
) -> ImportReport:
    """Completions from former systems as CSV: person (e-mail), offering (code), completed, expires, evidence (ENR-13).

    A result for each row; exact repeats change nothing. `dry_run` gives the same report and changes nothing.
    """
    return using.importing.run(context, caller.scope(Permission.REVIEW), body, dry_run=dry_run)


@router.post("/enrollments/{enrollment_id}/completion/take-back")
def take_back(caller: SignedIn, context: Commanded, using: Using, enrollment_id: UUID, body: NeededReason) -> Receipt:
    """The completion on record does not count any more (ENR-12)."""
    managing(using, caller, enrollment_id, Permission.REVIEW)
    return using.completing.take_back(context, enrollment_id, body.reason)


@router.get("/certificates/{serial}")
def verify(using: Using, serial: Serial) -> Verification:
    """Whether a certificate holds: for anyone who has its serial (ENR-10)."""
    return using.certifying.verify(serial)


@router.get(
    "/certificates/{serial}/document",
    response_class=Response,
    responses=file("application/pdf", "The certificate for print"),
)
def document(caller: SignedIn, using: Using, serial: Serial) -> Response:
    """The certificate as a PDF for print: for its learner and for administrators."""
    found = using.certifying.find(serial)
    using.viewing.one(reading(caller), caller.id, found.enrollment)
    name = f'attachment; filename="certificate-{serial}.pdf"'
    return Response(
        using.certifying.document(found), media_type="application/pdf", headers={"Content-Disposition": name}
    )


@router.post("/certificates/{serial}/revoke")
def revoke(caller: SignedIn, context: Commanded, using: Using, serial: Serial, body: NeededReason) -> Receipt:
    """The certificate does not hold any more; its verification says why (ENR-12)."""
    managing(using, caller, using.certifying.find(serial).enrollment, Permission.REVIEW)
    return using.completing.revoke(context, serial, body.reason)


@router.get("/achievements")
def list_achievements(
    caller: SignedIn, using: Using, size: PageSize, person_id: UUID | None = None, cursor: Cursor = None
) -> Page[Achievement]:
    """Badges that a person has earned, newest first, each with an address to share (ENR-11); the caller's unless said otherwise."""
    person = person_id or caller.id
    if person != caller.id and not using.assigning.visible(caller.scope(Permission.READ_ASSIGNMENTS), person):
        raise NotFound("There is no such person, or none that you may see.", field="person_id")
    return using.certifying.achievements(person, cursor, size)
