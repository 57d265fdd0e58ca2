"""Whom to ask (LRN-3, DIR-7)."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Response

from services.portal.api.visitor import Ask, ShowDep
from services.portal.client.asking import ServiceProblem
from services.portal.client.directory import Holding, what_holds

router = APIRouter()


@dataclass(frozen=True)
class ContactView:
    template: ClassVar[str] = "learner/contact.html"
    holds: Holding


@router.get("/contact")
def contact(ask: Ask, show: ShowDep) -> Response:
    try:
        return show(ContactView(what_holds(ask)))
    except ServiceProblem as problem:
        if problem.status != 404:
            raise
        return show(ContactView(Holding()))
