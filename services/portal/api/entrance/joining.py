"""Register by oneself, by a link that is sent to the address (DIR-2, KEY-7, ADR 17)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel

from services.portal.api.visitor import AnybodyAsk, ShowDep, SignInsDep, VisitDep, refused_in
from services.portal.client.accounts import confirm, register
from services.portal.client.asking import Asking, ServiceProblem
from services.portal.client.directory import Named, sign_in_options
from services.portal.rendering import Show
from shared.limits import Line, Secret, Sought
from shared.limits.text import Text

router = APIRouter(prefix="/join")

Token = Annotated[str, Text(2_000)]
"""Of a link in an e-mail. It is behind the #, so that no server sees it in an address; a script puts it into the form, without one
it is copied there, or the whole link is."""
REFUSALS = (400, 404, 409, 422, 429, 502, 503)
"""What a form that strangers fill in tells itself, so that nothing of it is lost."""


class Applicant(BaseModel):
    """The five fields of DIR-2, as they were typed."""

    first_name: Sought = ""
    last_name: Sought = ""
    email: Sought = ""
    password: Secret = ""
    country: Line = ""
    organisation: Line = ""

    def sent(self, language: str) -> dict[str, str]:
        given = self.model_dump(include=set(Applicant.model_fields))
        return {**{name: value for name, value in given.items() if value}, "language": language}

    def typed(self) -> dict[str, str]:
        """Without the password, which is typed again."""
        return {**self.model_dump(include=set(Applicant.model_fields) - {"password"})}


def of_link(entered: str) -> str:
    """The token, of the whole link too. Raises ServiceProblem where there is none."""
    token = entered.rpartition("#")[2].strip()
    if not token:
        raise ServiceProblem(422, {"type": "urn:rollbook:problem:code-missing", "field": "token"})
    return token


def faults(problem: ServiceProblem | None) -> tuple[str, ...]:
    """The fields that a service found fault with."""
    told = problem.problem.get("errors") if problem else None
    named = [str(one.get("field")) for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    return tuple(dict.fromkeys(named or ([problem.field] if problem and problem.field else [])))


@dataclass(frozen=True)
class JoinView:
    """`organisation`: where one registers, None: nobody can register there by themselves. `faults`: fields that do not do."""

    template: ClassVar[str] = "entrance/join.html"
    organisation: Named | None
    code: str
    entered: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    refused: ServiceProblem | None = None


@dataclass(frozen=True)
class SentView:
    """`what`: join, or password."""

    template: ClassVar[str] = "entrance/sent.html"
    what: str


@dataclass(frozen=True)
class ConfirmView:
    template: ClassVar[str] = "entrance/join_confirm.html"
    token: str = ""
    refused: ServiceProblem | None = None


@router.get("")
def join_page(ask: AnybodyAsk, show: ShowDep, visit: VisitDep, organisation: Annotated[Line, Query()] = "") -> Response:
    return show.go("/") if visit.session else _page(ask, show, organisation)


@router.post("")
def join(ask: AnybodyAsk, show: ShowDep, visit: VisitDep, asked: Annotated[Applicant, Form()]) -> Response:
    """One answer, whether the address is known or not."""
    if visit.session:
        return show.go("/")
    try:
        register(ask, asked.sent(show.shell.write.language))
    except ServiceProblem as problem:
        return _page(ask, show, asked.organisation, asked.typed(), refused_in(problem, *REFUSALS))
    return show.go("/join/sent")


@router.get("/sent")
def join_sent(show: ShowDep) -> Response:
    return show(SentView("join"))


@router.get("/confirm")
def confirm_page(show: ShowDep) -> Response:
    """A button, since whatever looks at the link in the e-mail first must not use it up."""
    return show(ConfirmView())


@router.post("/confirm")
def confirm_registration(
    ask: AnybodyAsk, show: ShowDep, visit: VisitDep, sign_ins: SignInsDep, token: Annotated[Token, Form()] = ""
) -> Response:
    try:
        session = sign_ins.with_tokens(confirm(ask, of_link(token)))
    except ServiceProblem as problem:
        return show(ConfirmView(token, refused_in(problem, *REFUSALS)), problem.status)
    visit.set(session)
    return show.go("/", said="registered")


def _page(
    ask: Asking,
    show: Show,
    organisation: str,
    entered: Mapping[str, str] | None = None,
    refused: ServiceProblem | None = None,
) -> Response:
    """Where nobody can register, an organisation looks like one that is not there (DIR-7)."""
    if refused and refused.status >= 500:
        return show(JoinView(Named(id="", name=""), organisation, entered or {}, (), refused), refused.status)
    options = sign_in_options(ask, organisation)
    open_here = options.organisation if organisation and options.registration else None
    view = JoinView(open_here, organisation, entered or {}, faults(refused), refused)
    return show(view, refused.status if refused else 200 if open_here else 404)
