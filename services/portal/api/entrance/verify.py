"""Whether a certificate holds, for anyone who has its serial number (ENR-10)."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Response

from services.portal.api.visitor import AnybodyAsk, ShowDep
from services.portal.client.asking import ServiceProblem
from services.portal.client.enrollment import Verified, verified
from shared.limits import Line

router = APIRouter()


@dataclass(frozen=True)
class VerifyView:
    """`certificate`: None where there is none with this serial number."""

    template: ClassVar[str] = "entrance/verify.html"
    serial: str
    certificate: Verified | None


@router.get("/verify/{serial}")
def verify(serial: Line, ask: AnybodyAsk, show: ShowDep) -> Response:
    try:
        return show(VerifyView(serial, verified(ask, serial)))
    except ServiceProblem as problem:
        if problem.status != 404:
            raise
        return show(VerifyView(serial, None), 404)
