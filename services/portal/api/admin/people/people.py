"""People: found, selected over pages and searches, and led to what is done with them (ADM-3, ASG-4, DIR-9)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel, Field, JsonValue

from services.portal.api.admin.people.chosen import MOST, Chosen
from services.portal.api.questions import Question, sealed_question, the_question
from services.portal.api.visitor import Ask, SealerDep, ShowDep, refused_in
from services.portal.client.asking import Asking, Listed, ServiceProblem
from services.portal.client.people import Unit
from services.portal.client.person_lists import PAGE, ListedPerson, find_people, select_all, units_called
from services.portal.rendering import Show
from services.portal.sealing import Sealer
from shared.limits import Cursor, Line, Sought

router = APIRouter(prefix="/admin/people")

_YES = {"yes": True, "no": False}
_ACTIONS = ("assign", "job-role")
"""What can be done with everybody who is selected: each is a page of that name."""


class SoughtPeople(BaseModel):
    """What to look for; what is empty narrows nothing. Organisation and position are found by name, and mean all below, too."""

    first_name: Sought = ""
    last_name: Sought = ""
    organisation_name: Sought = ""
    organisation: Line = ""
    position_name: Sought = ""
    position: Line = ""
    active: Line = ""
    leads: Line = ""

    @property
    def anything(self) -> bool:
        return any(self.model_dump().values())

    def body(self) -> dict[str, JsonValue]:
        given: dict[str, JsonValue] = {
            "first_name": self.first_name,
            "last_name": self.last_name,
            "organisation": self.organisation,
            "position": self.position,
        }
        told = {name: _YES[value] for name in ("active", "leads") if (value := getattr(self, name)) in _YES}
        return {**{name: value for name, value in given.items() if value}, **told, "include_below": True}


class State(BaseModel):
    """What the address of the page holds, sealed: the question, and who is selected (DIR-9)."""

    asked: SoughtPeople = SoughtPeople()
    chosen: Chosen = Chosen()


class PeopleForm(SoughtPeople):
    """The page as it is sent. `shown`: whom it shows; `at`: its cursor; `do`: find, next, first, page, all, clear, assign."""

    s: Annotated[str, Field(max_length=20_000)] = ""
    shown: Annotated[list[UUID], Field(max_length=PAGE)] = []
    person: Annotated[list[UUID], Field(max_length=PAGE)] = []
    at: Line = ""
    next: Line = ""
    do: Line = "find"


@dataclass(frozen=True)
class PeopleView:
    """`s`: the state, sealed; `at`: the cursor of this page; `most`: how many can be ticked one by one; `ended`: the selection was
    over, and is gone."""

    template: ClassVar[str] = "admin/people/people.html"
    asked: SoughtPeople
    chosen: Chosen
    found: Listed[ListedPerson]
    organisations: list[Unit]
    positions: list[Unit]
    s: str
    at: str
    most: int
    ended: bool
    refused: ServiceProblem | None


@router.get("")
def list_people(
    ask: Ask, show: ShowDep, sealer: SealerDep, s: Question = "", cursor: Annotated[Cursor, Query()] = ""
) -> Response:
    return _page(ask, show, sealer, the_question(sealer, s, State), cursor)


@router.post("")
def act(ask: Ask, show: ShowDep, sealer: SealerDep, form: Annotated[PeopleForm, Form()]) -> Response:
    """Everything that can be pressed sends what is ticked, so nothing that is selected is lost."""
    before = the_question(sealer, form.s, State)
    asked = SoughtPeople(**{name: getattr(form, name) for name in SoughtPeople.model_fields})
    ticked = form.shown if form.do == "page" else form.person
    chosen = before.chosen.ticked(form.shown, ticked)
    if form.do == "clear" or (form.do == "find" and chosen.selection and asked != before.asked):
        chosen = Chosen()
    if form.do == "find":
        return show.go(_address(sealer, State(asked=asked, chosen=chosen)))
    state = State(asked=before.asked, chosen=chosen)
    if form.do == "all":
        try:
            state = State(asked=before.asked, chosen=_all(ask, _resolved(ask, before.asked)[0]))
        except ServiceProblem as problem:
            return _page(ask, show, sealer, state, "", refused_in(problem))
    if form.do in _ACTIONS and chosen.count:
        return show.go(f"{router.prefix}/{form.do}?{urlencode({'s': sealed_question(sealer, chosen)})}")
    cursor = {"next": form.next, "first": "", "all": ""}.get(form.do, form.at)
    return show.go(_address(sealer, state, cursor), said="nobody-ticked" if form.do in _ACTIONS else "")


def _all(ask: Asking, asked: SoughtPeople) -> Chosen:
    counted = select_all(ask, asked.body())
    return Chosen(selection=counted.selection_id, total=counted.total, counted_at=counted.counted_at)


def _address(sealer: Sealer, state: State, cursor: str = "") -> str:
    query = {"s": sealed_question(sealer, state) if state != State() else "", "cursor": cursor}
    given = urlencode({name: value for name, value in query.items() if value})
    return f"{router.prefix}?{given}" if given else router.prefix


def _resolved(ask: Asking, asked: SoughtPeople) -> tuple[SoughtPeople, list[Unit], list[Unit]]:
    """With the organisation and the position that the names mean, where each means one; and those that they may mean."""
    there = (
        ask.begin(lambda: units_called(ask, "organisation", asked.organisation_name))
        if asked.organisation_name
        else None
    )
    positions = units_called(ask, "position", asked.position_name) if asked.position_name else []
    organisations = there.result() if there else []
    meant = {"organisation": _meant(organisations, asked.organisation), "position": _meant(positions, asked.position)}
    return asked.model_copy(update=meant), organisations, positions


def _meant(found: list[Unit], id: str) -> str:
    ids = [str(one.id) for one in found]
    return ids[0] if len(ids) == 1 else id if id in ids else ""


def _page(
    ask: Asking, show: Show, sealer: Sealer, state: State, cursor: str, refused: ServiceProblem | None = None
) -> Response:
    asked, organisations, positions = _resolved(ask, state.asked)
    chosen, ended = state.chosen, False
    nowhere = (asked.organisation_name and not organisations) or (asked.position_name and not positions)
    try:
        found = (
            Listed[ListedPerson]([], None, 0)
            if nowhere and not chosen.selection
            else find_people(ask, {"selection": str(chosen.selection)} if chosen.selection else asked.body(), cursor)
        )
    except ServiceProblem as problem:
        if problem.kind != "selection-ended":
            raise
        chosen, ended, cursor = Chosen(), True, ""
        found = find_people(ask, asked.body(), "")
    s = sealed_question(sealer, State(asked=state.asked, chosen=chosen))
    view = PeopleView(asked, chosen, found, organisations, positions, s, cursor, MOST, ended, refused)
    return show(view, refused.status if refused else 200)
