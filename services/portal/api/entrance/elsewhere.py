"""Sign in at a provider: lead there, and come back (SEC-3, DIR-7).

What has to come back with the browser is kept in a sealed cookie of these pages. No form leads to another origin: browsers apply
form-action to redirects, too, so the way there is a link of a page, which the script follows.
"""

from dataclasses import dataclass, replace
from hmac import compare_digest
from typing import Annotated, ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import BaseModel, ValidationError

from services.portal.api.entrance.sign_in import Sealed, go_on
from services.portal.api.visitor import AnybodyAsk, SealerDep, ShowDep, SignInsDep, VisitDep, refused_in
from services.portal.client.accounts import begin_elsewhere, finish_elsewhere
from services.portal.client.asking import Asking, ServiceProblem
from services.portal.client.directory import SignInOptions, sign_in_options
from services.portal.rendering import Show
from services.portal.sealing import Sealer
from services.portal.session import SignIns, Visit
from shared.limits import Code
from shared.limits.text import Text

router = APIRouter(prefix="/sign-in")

COOKIE = "elsewhere"
_SECONDS = 900
_LONGEST = 2_000
"""Of a way back; a cookie has no room for more."""
_REFUSALS = (400, 401, 403, 404, 409, 422, 429, 502, 503)


class Leaving(BaseModel):
    """A sign-in that goes on at a provider. `to`: where to go then, sealed."""

    provider: str
    name: str
    address: str
    state: str
    to: str = ""


@dataclass(frozen=True)
class LeavingView:
    template: ClassVar[str] = "entrance/elsewhere.html"
    name: str
    address: str


@dataclass(frozen=True)
class FailedView:
    """`back`: the sign-in page, from where one can start again. `name`: of the provider, empty: not known any more."""

    template: ClassVar[str] = "entrance/elsewhere_failed.html"
    name: str
    back: str
    refused: ServiceProblem


@router.post("/elsewhere")
def leave(
    request: Request,
    ask: AnybodyAsk,
    show: ShowDep,
    sealer: SealerDep,
    provider: Annotated[Code, Form()],
    to: Annotated[Sealed, Form()] = "",
) -> Response:
    to = to if len(to) <= _LONGEST else ""
    options = ask.part(lambda: sign_in_options(ask, ""))
    try:
        begun = begin_elsewhere(ask, provider)
    except ServiceProblem as problem:
        return _failed(show, provider, to, refused_in(problem, *_REFUSALS))
    told = options.result()
    names = {one.id: one.name for one in told.providers} if isinstance(told, SignInOptions) else {}
    left = Leaving(
        provider=provider, name=names.get(provider, provider), address=begun.authorization_url, state=begun.state, to=to
    )
    answer = show.go(f"/sign-in/elsewhere/{provider}")
    secure = request.url.scheme == "https"
    sealed = sealer.seal(COOKIE, left.model_dump(), _SECONDS)
    answer.set_cookie(COOKIE, sealed, max_age=_SECONDS, path="/sign-in", samesite="lax", httponly=True, secure=secure)
    return answer


@router.get("/elsewhere/{provider}")
def leaving(request: Request, show: ShowDep, sealer: SealerDep, provider: Code) -> Response:
    left = _left(request, sealer, provider)
    return show(LeavingView(left.name, left.address)) if left else _failed(show, "", "", _expired())


@router.get("/{provider}")
def come_back(
    request: Request,
    ask: AnybodyAsk,
    show: ShowDep,
    sealer: SealerDep,
    sign_ins: SignInsDep,
    visit: VisitDep,
    provider: Code,
    state: Annotated[str, Text(200), Query()] = "",
    code: Annotated[str, Text(4_000), Query()] = "",
) -> Response:
    """Only this browser's own sign-in is finished: what comes with another state is somebody else's. The provider's words about
    an error are not shown: anybody can write an address."""
    left = _left(request, sealer, provider)
    if left is None or not compare_digest(left.state.encode(), state.encode()):
        return _failed(show, "", left.to if left else "", _expired())
    answer = _finished(ask, show, sealer, sign_ins, visit, left, code)
    answer.delete_cookie(COOKIE, path="/sign-in")
    return answer


def _finished(
    ask: Asking, show: Show, sealer: Sealer, sign_ins: SignIns, visit: Visit, left: Leaving, code: str
) -> Response:
    if not code:
        return _failed(show, left.name, left.to, ServiceProblem(403, {"type": "urn:rollbook:problem:not-signed-in"}))
    try:
        session = sign_ins.with_tokens(finish_elsewhere(ask, left.provider, left.state, code))
    except ServiceProblem as problem:
        return _failed(show, left.name, left.to, refused_in(problem, *_REFUSALS))
    visit.set(session)
    return go_on(Show(replace(show.shell, session=session)), sealer, session, left.to)


def _left(request: Request, sealer: Sealer, provider: str) -> Leaving | None:
    try:
        left = Leaving.model_validate(sealer.open(COOKIE, request.cookies.get(COOKIE, "")))
    except ValidationError:
        return None
    return left if left.provider == provider else None


def _expired() -> ServiceProblem:
    return ServiceProblem(409, {"type": "urn:rollbook:problem:sign-in-expired"})


def _failed(show: Show, name: str, to: str, refused: ServiceProblem) -> Response:
    back = f"/sign-in?{urlencode({'to': to})}" if to else "/sign-in"
    headers = {"Retry-After": str(refused.retry_after)} if refused.retry_after else None
    return show(FailedView(name, back, refused), refused.status, headers)
