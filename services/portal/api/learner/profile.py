"""The own profile: language, time zone, calendar address, password, sign-ins (DIR-1, NTF-8, SEC-3)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import APIRouter, Form, Response

from services.portal.api.visitor import Ask, ShowDep, SignedIn, SignInsDep, VisitDep, WritingDep, refused_in
from services.portal.client.asking import Asking, Listed, Missing, ServiceProblem
from services.portal.client.calendars import CalendarState, calendar_state, end_calendar, make_calendar
from services.portal.client.directory import (
    Holding,
    PastSignIn,
    Profile,
    change_password,
    edit_profile,
    past_sign_ins,
    profile,
    what_holds,
)
from services.portal.languages import zones
from services.portal.rendering import Show
from shared.client_address import ClientAddress
from shared.limits import Language, Secret, Zone

router = APIRouter(prefix="/me")

_SIGN_INS = 10


@dataclass(frozen=True)
class ProfileView:
    """`entered`: what a form that was refused had in its fields; `refused`: why it was."""

    template: ClassVar[str] = "learner/profile.html"
    who: Profile
    holds: Holding | Missing
    calendar: CalendarState | Missing
    sign_ins: Listed[PastSignIn] | Missing
    zones: tuple[str, ...]
    entered: Mapping[str, str] = field(default_factory=dict)
    refused: ServiceProblem | None = None


@dataclass(frozen=True)
class CalendarView:
    """`address`: of the calendar, the only time that it is shown; None: it was before. `webcal`: the same, as calendar programs are
    opened by it."""

    template: ClassVar[str] = "learner/calendar.html"
    address: str | None
    webcal: str


@router.get("")
def show_profile(ask: Ask, show: ShowDep, session: SignedIn) -> Response:
    return _page(ask, show, session.person)


@router.post("")
def edit(
    ask: Ask,
    show: ShowDep,
    session: SignedIn,
    visit: VisitDep,
    key: Annotated[UUID, Form()],
    language: Annotated[Language, Form()] = "",
    time_zone: Annotated[Zone, Form()] = "",
) -> Response:
    """What is empty is as the browser and the organisation say. The pages follow at once."""
    try:
        edit_profile(ask, language or None, time_zone or None, str(key))
    except ServiceProblem as problem:
        return _page(ask, show, session.person, {"language": language, "time_zone": time_zone}, refused_in(problem))
    visit.set(session.reading(language or None, time_zone or None))
    return show.go(router.prefix, said="saved")


@router.post("/calendar")
def make_calendar_address(
    ask: Ask, show: ShowDep, session: SignedIn, writing: WritingDep, key: Annotated[UUID, Form()]
) -> Response:
    """The page of this form has the address; no other page does, and no address of a page."""
    try:
        address = make_calendar(ask, writing.language, str(key)).address
    except ServiceProblem as problem:
        return _page(ask, show, session.person, refused=refused_in(problem))
    return show(CalendarView(address, f"webcal:{(address or '').partition(':')[2]}"))


@router.get("/calendar")
def show_calendar_address(show: ShowDep, _session: SignedIn) -> Response:
    """There is nothing to see a second time."""
    return show.go(router.prefix)


@router.post("/calendar/end")
def end_calendar_address(ask: Ask, show: ShowDep, session: SignedIn, key: Annotated[UUID, Form()]) -> Response:
    try:
        end_calendar(ask, str(key))
    except ServiceProblem as problem:
        return _page(ask, show, session.person, refused=refused_in(problem))
    return show.go(router.prefix, said="calendar-ended")


@router.post("/password")
def set_password(
    ask: Ask,
    show: ShowDep,
    session: SignedIn,
    visit: VisitDep,
    sign_ins: SignInsDep,
    address: ClientAddress,
    present_password: Annotated[Secret, Form()],
    new_password: Annotated[Secret, Form()],
) -> Response:
    """Every sign-in with the old one ends, so whoever changes it is signed in anew, here."""
    who = profile(ask)
    try:
        change_password(ask, who.id, present_password, new_password)
    except ServiceProblem as problem:
        return _page(ask, show, session.person, refused=refused_in(problem))
    try:
        visit.set(sign_ins.begin(who.user_name, new_password, address))
    except ServiceProblem:
        visit.set(None)
        return show.go("/sign-in", said="password-changed")
    return show.go(router.prefix, said="password-changed")


def _page(
    ask: Asking,
    show: Show,
    person: UUID,
    entered: Mapping[str, str] | None = None,
    refused: ServiceProblem | None = None,
) -> Response:
    holds = ask.part(lambda: what_holds(ask))
    calendar = ask.part(lambda: calendar_state(ask))
    past = ask.part(lambda: past_sign_ins(ask, str(person), _SIGN_INS))
    who = profile(ask)
    given = entered if entered is not None else {"language": who.language or "", "time_zone": who.time_zone or ""}
    headers = {"Retry-After": str(refused.retry_after)} if refused and refused.retry_after else None
    view = ProfileView(who, holds.result(), calendar.result(), past.result(), zones(), given, refused)
    return show(view, refused.status if refused else 200, headers)
