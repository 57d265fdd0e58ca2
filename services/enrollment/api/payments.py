"""Paying for a term: the learner's purchase, the provider's notices, an administrator's word (ENR-2)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header
from pydantic import BaseModel

from services.enrollment.api.dependencies import EnrollmentQueriesDep, NeededReason, PaymentsDep, raw
from services.enrollment.api.enrollments import managing, reading
from services.enrollment.projections.payments import Order
from shared.auth import CurrentCaller, Permission
from shared.documents import body
from shared.errors import Forbidden
from shared.http import CommandContextDep
from shared.limits import Text
from shared.store import Receipt

router = APIRouter(prefix="/api/enrollment")

Signature = Annotated[str, Text(200)]


class Outcome(BaseModel):
    """What came of a notice."""

    outcome: str


@router.post("/enrollments/{enrollment_id}/purchase", status_code=201)
def purchase(
    caller: CurrentCaller,
    context: CommandContextDep,
    queries: EnrollmentQueriesDep,
    payments: PaymentsDep,
    enrollment_id: UUID,
) -> Order:
    """Get the open order of the term, or create one; `checkout` is the provider's address for paying it."""
    found = queries.one(reading(caller), caller.id, enrollment_id)
    if found.person_id != caller.id:
        raise Forbidden(
            "Only the learner pays for an enrollment. An administrator can record it as paid.", kind="not-yours"
        )
    return payments.purchase(context, enrollment_id)


@router.get("/enrollments/{enrollment_id}/purchases")
def list_purchases(
    caller: CurrentCaller, queries: EnrollmentQueriesDep, payments: PaymentsDep, enrollment_id: UUID
) -> list[Order]:
    """List the orders of an enrollment, oldest first."""
    queries.one(reading(caller), caller.id, enrollment_id)
    return payments.purchases(enrollment_id)


@router.post("/enrollments/{enrollment_id}/paid")
def paid_by_hand(
    caller: CurrentCaller,
    queries: EnrollmentQueriesDep,
    context: CommandContextDep,
    payments: PaymentsDep,
    enrollment_id: UUID,
    body: NeededReason,
) -> Receipt:
    """Mark the term as paid, with a reason. Nobody can do so for their own."""
    managing(queries, caller, enrollment_id, Permission.OVERRIDE, own=False)
    return payments.paid_by_hand(context, enrollment_id, body.reason)


@router.post("/payments/notices", openapi_extra=body("application/json", "The notice, exactly as it was signed"))
def notice(
    payments: PaymentsDep,
    body: Annotated[bytes, Depends(raw)],
    rollbook_signature: Annotated[Signature | None, Header(description="t=SECONDS,v1=HMAC-SHA-256 of 't.body'")] = None,
) -> Outcome:
    """Receive the payment provider's notice about an order. It is signed; repeating it changes nothing."""
    return Outcome(outcome=payments.notice(body, rollbook_signature))
