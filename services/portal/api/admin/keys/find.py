"""One key, by what is written on it: which pool it is of, and what became of it (KEY-5). It is never in an address (KEY-10)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Response

from services.portal.api.visitor import Ask, ShowDep, SignedIn, refused_in
from services.portal.client import keys
from services.portal.client.asking import ServiceProblem
from shared.limits import Secret

router = APIRouter(prefix="/admin/keys/find")


@dataclass(frozen=True)
class FindView:
    template: ClassVar[str] = "admin/keys/find.html"
    text: str
    refused: ServiceProblem | None


@router.get("")
def finding(_: SignedIn, show: ShowDep) -> Response:
    return show(FindView("", None))


@router.post("")
def find(ask: Ask, show: ShowDep, text: Annotated[Secret, Form()] = "") -> Response:
    try:
        found = keys.find(ask, text)
    except ServiceProblem as problem:
        refused = refused_in(problem)
        return show(FindView(text, refused), refused.status)
    return show.go(f"/admin/keys/{found.pool_id}/keys/{found.id}")
