"""Who looks at a page: dependencies of every route. None of them waits, so none needs a thread of its own."""

from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Depends, Query, Request

from services.portal.client.asking import Asking, Reply, ServiceProblem, Services
from services.portal.languages import LANGUAGE_COOKIE, Writing, chosen, zone
from services.portal.rendering import Shell, Show
from services.portal.sealing import Sealer
from services.portal.session import Session, SignIns, Visit
from shared.client_address import ClientAddress
from shared.limits import Line, Positions


class SignInNeeded(Exception):
    """The page is only for people who are signed in."""


class ForeignForm(Exception):
    """A form that another site sent."""


async def own_form(request: Request) -> None:
    """Forms are taken from our own pages only: a browser says so by Sec-Fetch-Site, an older one by Origin. Raises ForeignForm."""
    if request.method in ("GET", "HEAD"):
        return
    site = request.headers.get("Sec-Fetch-Site")
    own = urlsplit(request.headers.get("Origin", "")).netloc == request.headers.get("Host")
    if site != "same-origin" if site is not None else not own:
        raise ForeignForm


async def visit(request: Request) -> Visit:
    found: Visit = request.state.visit
    return found


VisitDep = Annotated[Visit, Depends(visit)]


async def signed_in(visit: VisitDep) -> Session:
    """Raises SignInNeeded."""
    if visit.session is None:
        raise SignInNeeded
    return visit.session


SignedIn = Annotated[Session, Depends(signed_in)]


def writing_to(request: Request, session: Session | None) -> Writing:
    """As whoever asks reads it."""
    language = chosen(
        session.language if session else None,
        request.cookies.get(LANGUAGE_COOKIE),
        request.headers.get("Accept-Language", ""),
    )
    return Writing(language, zone(session.zone if session else None))


async def writing(request: Request, visit: VisitDep) -> Writing:
    return writing_to(request, visit.session)


WritingDep = Annotated[Writing, Depends(writing)]


async def services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


async def sealer(request: Request) -> Sealer:
    found: Sealer = request.app.state.sealer
    return found


async def sign_ins(request: Request) -> SignIns:
    found: SignIns = request.app.state.sign_ins
    return found


ServicesDep = Annotated[Services, Depends(services)]
SealerDep = Annotated[Sealer, Depends(sealer)]
SignInsDep = Annotated[SignIns, Depends(sign_ins)]


async def ask(services: ServicesDep, session: SignedIn, writing: WritingDep, address: ClientAddress) -> Asking:
    return services.asking(session.access, writing.language, address)


async def ask_as_anybody(services: ServicesDep, visit: VisitDep, writing: WritingDep, address: ClientAddress) -> Asking:
    return services.asking(visit.session.access if visit.session else None, writing.language, address)


Ask = Annotated[Asking, Depends(ask)]
"""To ask the services as whoever is signed in; a page that has it leads others to the sign-in."""
AnybodyAsk = Annotated[Asking, Depends(ask_as_anybody)]
"""For pages that strangers may see, too."""


class _Counts(Reply):
    waiting: int


async def show(
    request: Request,
    services: ServicesDep,
    visit: VisitDep,
    writing: WritingDep,
    said: Annotated[Line, Query()] = "",
    caused: Annotated[UUID | None, Query(alias="batch")] = None,
) -> Show:
    counting = None
    if visit.session and request.method == "GET":
        asking = services.asking(visit.session.access)
        counting = asking.part(lambda: asking.one(_Counts, "/api/approvals/counts").waiting)
    demo = bool(request.app.state.demo)
    return Show(Shell(visit.session, request.url.path, writing, said, caused, counting=counting, demo=demo))


ShowDep = Annotated[Show, Depends(show)]
AtLeast = Annotated[Positions | None, Query()]
"""What a page waits for, after a command: its own change."""


def refused_in(problem: ServiceProblem, *statuses: int) -> ServiceProblem:
    """The refusal of a command that its form can tell about; anything else is a page of its own."""
    if problem.status not in (statuses or (400, 403, 404, 409, 412, 422, 429)):
        raise problem
    return problem
