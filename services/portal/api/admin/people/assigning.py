"""Offerings for everybody who is selected: few who were ticked one by one at once, others after a preview (ASG-4, ASG-5, ASG-8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel, Field, JsonValue

from services.portal.api.admin.people.chosen import MOST, Chosen
from services.portal.api.questions import Question, sealed_question, the_question
from services.portal.api.visitor import Ask, SealerDep, ShowDep, SignedIn, refused_in
from services.portal.client.asking import Asking, Missing, ServiceProblem
from services.portal.client.assigning import Assigned, assign_people, preview_people
from services.portal.client.catalog import Offering, offerings_called
from services.portal.client.people import Person, people_called, people_names
from services.portal.client.person_lists import selected
from services.portal.rendering import Show
from shared.limits import Line, Remark, Sought

router = APIRouter(prefix="/admin")

MOST_OFFERINGS = 20
"""So many offerings are assigned at one time."""
MOST_AT_ONCE = 2_000
"""So many people times offerings are previewed while one waits; more by a job."""


class AssignForm(BaseModel):
    """`s`: who is selected, sealed, if they are all that match; else `person`: who is ticked. `known`: id, kind and title of each
    offering that was shown, so that what is ticked keeps its title; `do`: people, look, new, assign."""

    key: UUID | None = None
    s: Annotated[str, Field(max_length=20_000)] = ""
    person: Annotated[list[UUID], Field(max_length=MOST)] = []
    first_name: Sought = ""
    last_name: Sought = ""
    title: Sought = ""
    offering: Annotated[list[UUID], Field(max_length=MOST_OFFERINGS)] = []
    known: Annotated[list[Line], Field(max_length=100)] = []
    required: Line = ""
    access_until: Line = ""
    due_on: Line = ""
    note_title: Line = ""
    note_message: Remark = ""
    important: bool = False
    do: Line = "look"

    @property
    def ticked(self) -> list[Offering]:
        told = [one.split(" ", 2) for one in self.known]
        titles = {
            id: Offering(id=id, kind=kind, title=title) for id, kind, title in (one for one in told if len(one) == 3)
        }
        return [titles.get(str(id)) or Offering(id=str(id), title="") for id in dict.fromkeys(self.offering)]

    def draft(self) -> "AssignForm":
        """What is kept while something else is done first."""
        ids = {str(id) for id in self.offering}
        known = [one for one in self.known if one.split(" ", 1)[0] in ids]
        return self.model_copy(update={"known": known, "key": None, "first_name": "", "last_name": "", "title": ""})

    def with_person(self, id: UUID) -> "AssignForm":
        return self.model_copy(update={"person": [*self.person, id][-MOST:]})

    def body(self, people: Sequence[UUID]) -> dict[str, JsonValue]:
        """What previews keep: no free text."""
        given: dict[str, JsonValue] = {
            "required": {"required": True, "optional": False}.get(self.required),
            "access_until": self.access_until or None,
            "due": {"kind": "fixed", "on": self.due_on} if self.due_on else None,
        }
        named: dict[str, JsonValue] = {
            "offerings": [one.id for one in self.ticked],
            "people": [str(id) for id in people],
        }
        return {**named, **{name: value for name, value in given.items() if value is not None}}

    def note(self) -> dict[str, JsonValue]:
        if not (self.note_title or self.note_message):
            return {}
        return {"note": {"title": self.note_title, "message": self.note_message, "important": self.important}}


@dataclass(frozen=True)
class AssignView:
    """`names`: of those who are ticked; `others`: whom a search found besides, None: none was made; `found`: offerings whose title
    matches and that are not ticked yet."""

    template: ClassVar[str] = "admin/people/assign.html"
    asked: AssignForm
    chosen: Chosen
    names: dict[UUID, Person] | Missing
    others: list[Person] | None
    ticked: list[Offering]
    found: list[Offering]
    refused: ServiceProblem | None


class Outcome(BaseModel):
    """What came of it, row by row, sealed in the address of the result, since names are in it (DIR-9).

    `refused`: pairs of a person and an offering, by their places in the lists, under the kind of reason.
    """

    people: list[tuple[UUID, str]] = []
    offerings: list[str] = []
    refused: dict[str, list[tuple[int, int]]] = {}
    jobs: list[UUID] = []

    @classmethod
    def of(cls, told: Assigned) -> "Outcome":
        rows = [*told.created, *told.refused]
        people = {one.person: one.name or "" for one in rows if one.person}
        offerings = {one.offering_id: one.offering or "" for one in rows}
        person, offering = list(people), list(offerings)
        refused: dict[str, list[tuple[int, int]]] = {}
        for one in told.refused:
            if one.person:
                refused.setdefault(one.kind, []).append((person.index(one.person), offering.index(one.offering_id)))
        return cls(
            people=list(people.items()), offerings=list(offerings.values()), refused=refused, jobs=list(told.jobs)
        )

    def rows(self) -> list["Cell"]:
        why = {pair: kind for kind, pairs in self.refused.items() for pair in pairs}
        return [
            Cell(id, name, title, why.get((i, j), ""))
            for i, (id, name) in enumerate(self.people)
            for j, title in enumerate(self.offerings)
        ]


@dataclass(frozen=True)
class Cell:
    """A person and an offering; `why` not, empty: assigned."""

    person: UUID
    name: str
    offering: str
    why: str


@dataclass(frozen=True)
class AssignedView:
    template: ClassVar[str] = "admin/people/assigned.html"
    rows: list[Cell]
    done: int
    jobs: list[UUID]


@router.get("/assign/multiple")
def multiple(ask: Ask, show: ShowDep) -> Response:
    """Beginning with nobody."""
    return _page(ask, show, Chosen(), AssignForm())


@router.get("/people/assign")
def assigning(ask: Ask, show: ShowDep, sealer: SealerDep, s: Question = "", draft: Question = "") -> Response:
    asked = the_question(sealer, draft, AssignForm)
    chosen = the_question(sealer, s, Chosen) if s else Chosen(people=tuple(asked.person))
    if not chosen.count:
        return show.go("/admin/people", said="nobody-ticked")
    if s:
        asked = AssignForm(s=s if chosen.selection else "", person=list(chosen.people))
    return _page(ask, show, chosen, asked)


@router.post("/people/assign")
def assign(ask: Ask, show: ShowDep, sealer: SealerDep, asked: Annotated[AssignForm, Form()]) -> Response:
    """Looks for people and offerings, too, so that what was typed stays."""
    chosen = the_question(sealer, asked.s, Chosen)
    if chosen.selection is None:
        chosen = Chosen(people=tuple(dict.fromkeys(asked.person)))
    if asked.do == "new":
        return show.go(f"/admin/people/new?{urlencode({'draft': sealed_question(sealer, asked.draft())})}")
    if asked.do != "assign":
        return _page(ask, show, chosen, asked)
    if not (chosen.count and asked.offering):
        kind = "no-offering" if chosen.count else "no-person"
        return _page(ask, show, chosen, asked, ServiceProblem(422, {"type": f"urn:rollbook:problem:{kind}"}))
    try:
        if not chosen.at_once:
            preview = preview_people(ask, _everybody(ask, chosen, asked), str(asked.key))
            return show.go(f"/admin/previews/{preview}")
        told = assign_people(ask, {**asked.body(chosen.people), **asked.note()}, str(asked.key))
    except ServiceProblem as problem:
        return _page(ask, show, chosen, asked, refused_in(problem))
    return show.go(f"/admin/people/assigned?{urlencode({'s': sealed_question(sealer, Outcome.of(told))})}")


@router.get("/people/assigned")
def result(_: SignedIn, show: ShowDep, sealer: SealerDep, s: Question = "") -> Response:
    outcome = the_question(sealer, s, Outcome)
    rows = outcome.rows()
    if not rows:
        return show.go("/admin/people")
    return show(AssignedView(rows, sum(not one.why for one in rows), outcome.jobs))


def _everybody(ask: Asking, chosen: Chosen, asked: AssignForm) -> dict[str, JsonValue]:
    """By name, as long as a page can wait for them; else the selection. Raises ServiceProblem for one that has ended."""
    if chosen.selection is None:
        return asked.body(chosen.people)
    left_out = set(chosen.without)
    found = selected(ask, chosen.selection).people
    if found is not None and len(found) * len(asked.offering) <= MOST_AT_ONCE:
        return asked.body([id for id in found if id not in left_out])
    body = asked.body(())
    del body["people"]
    return {**body, "selection_id": str(chosen.selection), "without": [str(id) for id in chosen.without]}


def _page(
    ask: Asking, show: Show, chosen: Chosen, asked: AssignForm, refused: ServiceProblem | None = None
) -> Response:
    sought = bool(asked.first_name or asked.last_name)
    searching = ask.begin(lambda: people_called(ask, asked.first_name, asked.last_name).items) if sought else None
    names = ask.part(lambda: people_names(ask, chosen.people))
    ticked = asked.ticked
    qualifications_only = not show.shell.may("assign")
    found = [
        one
        for one in offerings_called(ask, asked.title, active=True)
        if str(one.id) not in {each.id for each in ticked} and (one.kind == "qualification" or not qualifications_only)
    ]
    others = [one for one in searching.result() if not chosen.has(one.id)] if searching else None
    view = AssignView(asked, chosen, names.result(), others, ticked, found, refused)
    return show(view, refused.status if refused else 200)
