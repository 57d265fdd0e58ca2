"""Sign in, and go where one was going; sign out (SEC-3, KEY-8, DIR-7)."""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.portal.api.problems import MOST_KEPT
from services.portal.api.visitor import AnybodyAsk, SealerDep, ShowDep, SignInsDep, VisitDep
from services.portal.client.asking import Asking, Missing, Reply, ServiceProblem
from services.portal.client.directory import SignInOptions, sign_in_options
from services.portal.languages import LANGUAGE_COOKIE, LANGUAGES
from services.portal.rendering import HEADERS, Show
from services.portal.sealing import Sealer
from services.portal.session import Session
from shared.client_address import ClientAddress
from shared.limits import Line, Secret
from shared.limits.text import Text

router = APIRouter()

Sealed = Annotated[str, Text(MOST_KEPT)]
"""What the portal sealed itself."""


@dataclass(frozen=True)
class SignIn:
    """A demo account: who it is, in a word; `card` says which words of `ui/accounts.html` tell what one sees with it."""

    user_name: str
    password: str
    role: str
    name: str = ""
    card: str = ""


class Filling(Reply):
    """How many chapters of a demo's history are filled in; none in all: there is none."""

    done: int = 0
    total: int = 0


@dataclass(frozen=True)
class SignInView:
    """`to`: where to go then; `form`: what to send then; both sealed. `refused`: why the attempt failed."""

    template: ClassVar[str] = "entrance/sign_in.html"
    cards: tuple[SignIn, ...]
    options: SignInOptions | Missing
    filling: Filling | Missing
    organisation: str
    to: str = ""
    form: str = ""
    user_name: str = ""
    refused: ServiceProblem | None = None


@dataclass(frozen=True)
class KeptView:
    """A form that was kept over a sign-in, to be sent on."""

    template: ClassVar[str] = "entrance/kept.html"
    path: str
    fields: list[tuple[str, str]]


def _page(
    request: Request,
    ask: Asking,
    show: Show,
    organisation: str = "",
    to: str = "",
    form: str = "",
    user_name: str = "",
    refused: ServiceProblem | None = None,
) -> Response:
    asked = ask.part(lambda: sign_in_options(ask, organisation))
    filling = ask.part(lambda: ask.one(Filling, "/api/demo/progress")).result() if request.app.state.demo else Filling()
    cards = tuple(request.app.state.demo)
    view = SignInView(cards, asked.result(), filling, organisation, to, form, user_name, refused)
    headers = {"Retry-After": str(refused.retry_after)} if refused and refused.retry_after else None
    return show(view, refused.status if refused else 200, headers)


@router.get("/sign-in")
def sign_in_page(
    request: Request,
    ask: AnybodyAsk,
    show: ShowDep,
    visit: VisitDep,
    to: Annotated[Sealed, Query()] = "",
    organisation: Annotated[Line, Query()] = "",
) -> Response:
    if visit.session:
        return show.go(_home(visit.session))
    return _page(request, ask, show, organisation, to)


@router.post("/sign-in")
def sign_in(
    request: Request,
    sign_ins: SignInsDep,
    sealer: SealerDep,
    ask: AnybodyAsk,
    show: ShowDep,
    visit: VisitDep,
    address: ClientAddress,
    user_name: Annotated[Line, Form()],
    password: Annotated[Secret, Form()],
    to: Annotated[Sealed, Form()] = "",
    form: Annotated[Sealed, Form()] = "",
    organisation: Annotated[Line, Form()] = "",
) -> Response:
    try:
        session = sign_ins.begin(user_name, password, address)
    except ServiceProblem as problem:
        if problem.status not in (400, 401, 429):
            raise
        return _page(request, ask, show, organisation, to, form, user_name=user_name, refused=problem)
    visit.set(session)
    return go_on(Show(replace(show.shell, session=session)), sealer, session, to, form)


def go_on(show: Show, sealer: Sealer, session: Session, to: str, form: str = "") -> Response:
    """To where somebody was going before the sign-in, with what they were sending; else to the page that is theirs."""
    kept = sealer.open("form", form) if form else None
    if isinstance(kept, dict) and isinstance(kept["fields"], list):
        fields = [(str(one[0]), str(one[1])) for one in kept["fields"] if isinstance(one, list)]
        return show(KeptView(str(kept["path"]), fields))
    path = sealer.open("to", to) if to else None
    return show.go(path if isinstance(path, str) else _home(session))


def _home(session: Session) -> str:
    """Everybody is a learner; whoever holds a permission role begins with administration."""
    return "/admin" if session.permissions else "/"


@router.post("/sign-out")
def sign_out(sign_ins: SignInsDep, show: ShowDep, visit: VisitDep) -> Response:
    """End the sign-in here and at the directory; where that is down, at least here."""
    if visit.session:
        try:
            sign_ins.end(visit.session)
        except ServiceProblem as problem:
            if problem.status != 502:
                raise
    visit.set(None)
    return show.go("/sign-in", said="signed-out")


@router.post("/language")
def choose_language(request: Request, language: Annotated[Line, Form()], to: Annotated[Line, Form()] = "/") -> Response:
    """For strangers; whoever is signed in has a language in the profile."""
    path = to if to.startswith("/") and not to.startswith(("//", "/\\")) else "/"
    answer = RedirectResponse(path, 303, headers=HEADERS)
    if language in LANGUAGES:
        secure = request.url.scheme == "https"
        answer.set_cookie(LANGUAGE_COOKIE, language, max_age=31_536_000, samesite="lax", httponly=True, secure=secure)
    return answer
