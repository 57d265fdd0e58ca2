"""Paying for a term: the learner's purchase, the provider's notices, an administrator's word (ENR-2)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header
from pydantic import BaseModel

from services.enrollment.api.enrollments import managing, reading
from services.enrollment.api.parts import NeededReason, Using, raw
from services.enrollment.projections.purchases import Purchase
from shared.auth import Permission, SignedIn
from shared.documents import body
from shared.errors import Forbidden
from shared.http import Commanded
from shared.limits import Text
from shared.store import Receipt

router = APIRouter(prefix="/api/enrollment")

Signature = Annotated[str, Text(200)]


class Outcome(BaseModel):
    """What came of a notice."""

    outcome: str


@router.post("/enrollments/{enrollment_id}/purchase", status_code=201)
def purchase(caller: SignedIn, context: Commanded, using: Using, enrollment_id: UUID) -> Purchase:
    """The open order of the term, or a new one; `checkout` is the provider's address at which it is paid."""
    found = using.viewing.one(reading(caller), caller.id, enrollment_id)
    if found.person_id != caller.id:
        raise Forbidden(
            "Only the learner pays for an enrollment. An administrator can record it as paid.", kind="not-yours"
        )
    return using.paying.purchase(context, enrollment_id)


@router.get("/enrollments/{enrollment_id}/purchases")
def list_purchases(caller: SignedIn, using: Using, enrollment_id: UUID) -> list[Purchase]:
    """Oldest first."""
    using.viewing.one(reading(caller), caller.id, enrollment_id)
    return using.paying.purchases(enrollment_id)


@router.post("/enrollments/{enrollment_id}/paid")
def paid_by_hand(
    caller: SignedIn, context: Commanded, using: Using, enrollment_id: UUID, body: NeededReason
) -> Receipt:
    """Say that the term is paid, and why. Nobody does so of their own."""
    managing(using, caller, enrollment_id, Permission.OVERRIDE, own=False)
    return using.paying.paid_by_hand(context, enrollment_id, body.reason)


@router.post("/payments/notices", openapi_extra=body("application/json", "The notice, as it was signed"))
def notice(
    using: Using,
    body: Annotated[bytes, Depends(raw)],
    rollbook_signature: Annotated[Signature | None, Header(description="t=SECONDS,v1=HMAC-SHA-256 of 't.body'")] = None,
) -> Outcome:
    """What the payment provider says of an order. Signed; the same notice again changes nothing."""
    return Outcome(outcome=using.paying.notice(body, rollbook_signature))
