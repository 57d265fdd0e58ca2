"""Find assignments learner by learner, see one, cancel it or shorten its access (ASG-16, ASG-15, ASG-14)."""

from typing import Annotated, Any, get_args
from uuid import UUID, uuid4

import httpx
from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, JsonValue

from services.portal.api.showing import OWN_FORM, Pages, SignedIn, refusal
from services.portal.client import Asked, Services
from shared.contracts.enrollment import AssignmentType
from shared.limits import Cursor, Line, Number, Positions, Remark, Sought

FOUND = "/api/reporting/learner-assignments"
TYPES = get_args(AssignmentType)
STATUSES = ("active", "expired", "cancelled", "ended")


class SoughtForm(BaseModel):
    """What to look for; what is empty narrows nothing."""

    first_name: Sought = ""
    last_name: Sought = ""
    offering_id: Line = ""
    type: Line = ""
    status: Line = ""
    created_from: Line = ""
    created_until: Line = ""
    cursor: Cursor = ""

    def given(self) -> dict[str, JsonValue]:
        several = {"type", "status"}
        return {name: [value] if name in several else value for name, value in self.model_dump().items() if value}


def assignment_pages(show: Pages, services: Services) -> APIRouter:
    router = APIRouter(prefix="/assignments")

    def listed(token: str, asked: SoughtForm) -> Response:
        found = services.found(f"{FOUND}/search", token, asked.given())
        values: dict[str, Any] = {"types": TYPES, "statuses": STATUSES, "offerings": services.offerings(token)}
        return show.render("assignments.html", token, rows=found.items, next=found.next, asked=asked, **values)

    def edited(token: str, number: Number, at_least: str | None, refused: Asked | None = None) -> Response:
        found, late = _found(services, token, number, at_least)
        own = _own(services, token, found) if found["ended_at"] is None else None
        # The same command, however often the button is pressed.
        keys, status = {"status": uuid4(), "access": uuid4()}, refused.status if refused else 200
        values: dict[str, Any] = {
            "found": found,
            "own": own,
            "keys": keys,
            "late": late,
            "refused": refused and refused.problem,
        }
        return show.render("assignment.html", token, status, **values)

    def changed(token: str, number: Number, method: str, what: str, body: dict[str, JsonValue], key: str) -> Response:
        found = services.asked(f"{FOUND}/{number}", token)
        address = f"/api/enrollment/enrollments/{found['enrollment_id']}/assignments/{found['assignment_id']}/{what}"
        try:
            done = services.commanded(method, address, token, body, key)
        except (Asked, httpx.HTTPError) as error:
            if refusal(error).status == 401:
                raise
            return edited(token, number, None, refusal(error))
        return RedirectResponse(f"/assignments/{number}?at_least={done['position']}", 303)

    @router.get("")
    def newest(token: SignedIn) -> Response:
        return listed(token, SoughtForm())

    @router.post("", dependencies=OWN_FORM)
    def find(token: SignedIn, asked: Annotated[SoughtForm, Form()]) -> Response:
        """By names, too: so it is a form in a body, never in an address."""
        return listed(token, asked)

    @router.get("/{number}")
    def show_one(token: SignedIn, number: Number, at_least: Positions | None = None) -> Response:
        return edited(token, number, at_least)

    @router.post("/{number}/status", dependencies=OWN_FORM)
    def set_status(
        token: SignedIn,
        number: Number,
        status: Annotated[Line, Form()],
        key: Annotated[UUID, Form()],
        reason: Annotated[Remark, Form()] = "",
        override: Annotated[bool, Form()] = False,
    ) -> Response:
        if status != "cancelled":
            return RedirectResponse(f"/assignments/{number}", 303)
        body: dict[str, JsonValue] = {"reason": reason.strip() or None, "override": override}
        return changed(token, number, "POST", "cancel", body, str(key))

    @router.post("/{number}/access", dependencies=OWN_FORM)
    def set_access(
        token: SignedIn,
        number: Number,
        key: Annotated[UUID, Form()],
        access_until: Annotated[Line, Form()] = "",
        access_days: Annotated[Line, Form()] = "",
    ) -> Response:
        """The field of the day has the day as it is; whoever gives a number of days means that (ASG-14)."""
        period: dict[str, JsonValue] = {"access_days": access_days} if access_days else {"access_until": access_until}
        return changed(token, number, "PUT", "access", period, str(key))

    return router


def _found(services: Services, token: str, number: Number, at_least: str | None) -> tuple[dict[str, JsonValue], bool]:
    """What the report says of it, and whether it is older than was asked for."""
    try:
        return services.asked(f"{FOUND}/{number}", token, {"at_least": at_least} if at_least else {}), False
    except Asked as error:
        if at_least is None or error.status != 503:
            raise
        return services.asked(f"{FOUND}/{number}", token), True


def _own(services: Services, token: str, found: dict[str, JsonValue]) -> dict[str, JsonValue] | None:
    """What enrollment says of it now; None: it does not hold the learner any more."""
    address = f"/api/enrollment/enrollments/{found['enrollment_id']}/assignments"
    holding = services.every(address, token)
    return next((one for one in holding if one["assignment_id"] == found["assignment_id"]), None)
