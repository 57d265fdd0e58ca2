"""All pages, as one application."""

from collections.abc import Sequence

from fastapi import APIRouter, Depends, FastAPI, Response
from starlette.middleware.gzip import GZipMiddleware

from services.portal.api.admin import (
    assign,
    audit,
    batches,
    exceptions,
    groups,
    held_changes,
    held_mails,
    histories,
    jobs,
    letters,
    mail,
    mail_ledger,
    mail_switches,
    mail_texts,
    previews,
    system,
    triggers,
)
from services.portal.api.admin import assignments as admin_assignments
from services.portal.api.admin import home as admin_home
from services.portal.api.admin import search as admin_search
from services.portal.api.admin.audiences import ROUTERS as AUDIENCE_ROUTERS
from services.portal.api.admin.imports import ROUTERS as IMPORT_ROUTERS
from services.portal.api.admin.job_roles import ROUTERS as JOB_ROLE_ROUTERS
from services.portal.api.admin.keys import ROUTERS as KEY_ROUTERS
from services.portal.api.admin.offerings import ROUTERS as OFFERING_ROUTERS
from services.portal.api.admin.people import ROUTERS as PEOPLE_ROUTERS
from services.portal.api.admin.reports import ROUTERS as REPORT_ROUTERS
from services.portal.api.admin.structure import ROUTERS as STRUCTURE_ROUTERS
from services.portal.api.approver import delegation, many, queue
from services.portal.api.approver import request as approver_request
from services.portal.api.entrance import elsewhere, join_with_key, joining, passwords, sign_in, verify
from services.portal.api.entrance.sign_in import SignIn
from services.portal.api.learner import (
    achievements,
    asking,
    browse,
    certificates,
    contact,
    dashboard,
    enrolling,
    offering,
    profile,
    purchase,
    qualifications,
    record,
    redeem,
    requests,
    training,
    transcript,
    why,
)
from services.portal.api.problems import handle, problem_page
from services.portal.api.visitor import own_form
from services.portal.assets import assets
from services.portal.client.asking import Services
from services.portal.sealing import Sealer
from services.portal.session import Sessions, SignIns
from shared.errors import NotFound
from shared.http import joined, serve
from shared.limits import Line
from shared.limits.wire import Edge

ROUTERS: tuple[APIRouter, ...] = (
    sign_in.router,
    elsewhere.router,
    join_with_key.router,
    joining.router,
    passwords.router,
    verify.router,
    dashboard.router,
    training.router,
    transcript.router,
    record.router,
    qualifications.router,
    redeem.router,
    achievements.router,
    requests.router,
    asking.router,
    contact.router,
    profile.router,
    browse.router,
    offering.router,
    enrolling.router,
    purchase.router,
    why.router,
    certificates.router,
    many.router,
    delegation.router,
    queue.router,
    approver_request.router,
    admin_home.router,
    admin_search.router,
    *REPORT_ROUTERS,
    admin_assignments.router,
    jobs.router,
    exceptions.router,
    held_changes.router,
    triggers.router,
    *PEOPLE_ROUTERS,
    assign.router,
    batches.router,
    groups.router,
    histories.router,
    audit.router,
    previews.router,
    mail.router,
    held_mails.router,
    mail_switches.router,
    mail_texts.router,
    mail_ledger.router,
    letters.router,
    system.router,
    *AUDIENCE_ROUTERS,
    *IMPORT_ROUTERS,
    *JOB_ROLE_ROUTERS,
    *KEY_ROUTERS,
    *OFFERING_ROUTERS,
    *STRUCTURE_ROUTERS,
)
"""A page is a module; a new one is a line here. Those with a word in the place of an id go first."""


def portal(
    services: Services, sealer: Sealer, cards: Sequence[SignIn], *, secure: bool, body_bytes: int, session_seconds: int
) -> FastAPI:
    """`cards`: the demo's accounts, shown on the sign-in page; `secure`: cookies go over HTTPS only."""
    app = FastAPI(title="Rollbook", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.services, app.state.sealer, app.state.demo = services, sealer, cards
    app.state.sign_ins = SignIns(services)
    handle(app)
    serve(app, PAGES)
    app.add_middleware(Sessions, sealer=sealer, sign_ins=app.state.sign_ins, secure=secure, seconds=session_seconds)
    app.add_middleware(Edge, body_bytes=body_bytes, json_depth=1, answer=problem_page)
    app.add_middleware(GZipMiddleware, minimum_size=1_000)
    return app


def _rest() -> APIRouter:
    router = APIRouter()

    @router.get("/static/{name}")
    def static(name: Line) -> Response:
        """Files whose names change with what is in them, so browsers keep them for ever."""
        for asset in assets().values():
            if asset.name == name:
                kept = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
                return Response(asset.content, media_type=asset.type, headers=kept)
        raise NotFound("There is nothing at this address.")

    return router


PAGES = joined(*ROUTERS, _rest(), dependencies=[Depends(own_form)], responses={})
"""No form of another site is taken by any of them, and what they answer is no problem document."""
