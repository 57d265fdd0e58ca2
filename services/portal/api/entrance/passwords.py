"""A forgotten password: ask for a link, set a new one by it (SEC-3, ADR 17)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Response

from services.portal.api.entrance.joining import REFUSALS, SentView, Token, of_link
from services.portal.api.visitor import AnybodyAsk, ShowDep, VisitDep, refused_in
from services.portal.client.accounts import forget_password, set_password
from services.portal.client.asking import ServiceProblem
from shared.limits import Secret, Sought

router = APIRouter(prefix="/password")


@dataclass(frozen=True)
class ForgottenView:
    template: ClassVar[str] = "entrance/password_forgotten.html"
    email: str = ""
    refused: ServiceProblem | None = None


@dataclass(frozen=True)
class NewPasswordView:
    template: ClassVar[str] = "entrance/password_new.html"
    token: str = ""
    refused: ServiceProblem | None = None


@router.get("/forgotten")
def forgotten_page(show: ShowDep) -> Response:
    return show(ForgottenView())


@router.post("/forgotten")
def forgotten(ask: AnybodyAsk, show: ShowDep, email: Annotated[Sought, Form()] = "") -> Response:
    """One answer, whether the address is known or not."""
    try:
        forget_password(ask, email.strip())
    except ServiceProblem as problem:
        return show(ForgottenView(email, refused_in(problem, *REFUSALS)), problem.status)
    return show.go("/password/sent")


@router.get("/sent")
def password_sent(show: ShowDep) -> Response:
    return show(SentView("password"))


@router.get("/new")
def new_password_page(show: ShowDep) -> Response:
    return show(NewPasswordView())


@router.post("/new")
def new_password(
    ask: AnybodyAsk,
    show: ShowDep,
    visit: VisitDep,
    token: Annotated[Token, Form()] = "",
    password: Annotated[Secret, Form()] = "",
) -> Response:
    """Every sign-in with the old one ends, this browser's too."""
    try:
        set_password(ask, of_link(token), password)
    except ServiceProblem as problem:
        return show(NewPasswordView(token, refused_in(problem, *REFUSALS)), problem.status)
    visit.set(None)
    return show.go("/sign-in", said="password-changed")
