"""Who is on an offering: status, due date, and what holds each of them; a completion by hand (ADM-1, ENR-12)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, get_args
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel, JsonValue

from services.portal.api.questions import Question, sealed_question, the_question
from services.portal.api.visitor import Ask, AtLeast, SealerDep, ShowDep, SignedIn, refused_in
from services.portal.client import course_assignments
from services.portal.client.asking import Asking, Listed, Missing, ServiceProblem
from services.portal.client.catalog import OfferingHead, offering_head
from services.portal.client.people import people_names
from services.portal.client.reporting import OnOffering, on_offering, on_offering_total
from services.portal.rendering import Show
from shared.contracts.enrollment import Status
from shared.limits import Cursor, Line, Remark, Sought

router = APIRouter(prefix="/admin/offerings/{id}/learners")

STATES = tuple(state for state in get_args(Status) if state not in ("not-enrolled", "held", "certification-expired"))
"""Those that a report can be filtered by: the others are told by no event."""


class SoughtForm(BaseModel):
    """What to look for; what is empty narrows nothing."""

    name: Sought = ""
    state: Line = ""

    def given(self, id: UUID) -> dict[str, JsonValue]:
        state: list[JsonValue] = [self.state] if self.state in STATES else []
        return {"offering_id": str(id), "name": self.name or None, "state": state}


@dataclass(frozen=True)
class LearnersView:
    """`found`: each learner as often as assignments hold them; Missing: not known now. `late`: a change is not in it yet."""

    template: ClassVar[str] = "admin/offerings/learners.html"
    offering: OfferingHead
    asked: SoughtForm
    found: Listed[OnOffering] | Missing
    total: int | Missing
    states: tuple[str, ...]
    following: str | None
    late: bool


class CompletionForm(BaseModel):
    key: UUID | None = None
    completed_on: Line = ""
    valid_until: Line = ""
    evidence: Remark = ""

    def body(self, offering: UUID, person: UUID) -> dict[str, JsonValue]:
        told: dict[str, JsonValue] = {"person_id": str(person), "offering_id": str(offering)}
        told |= {"completed_on": self.completed_on, "valid_until": self.valid_until or None}
        return {**told, "evidence": self.evidence.strip() or None}


@dataclass(frozen=True)
class CompletionView:
    """`name`: empty where it is not known."""

    template: ClassVar[str] = "admin/offerings/completion_by_hand.html"
    offering: OfferingHead
    person: UUID
    name: str
    asked: CompletionForm
    refused: ServiceProblem | None


@router.get("")
def learners(
    ask: Ask,
    show: ShowDep,
    sealer: SealerDep,
    id: UUID,
    s: Question = "",
    cursor: Annotated[Cursor, Query()] = "",
    at_least: AtLeast = None,
) -> Response:
    asked = the_question(sealer, s, SoughtForm)
    given = asked.given(id)
    offering = ask.begin(lambda: offering_head(ask, id))
    total = ask.part(lambda: on_offering_total(ask, given))
    listing = ask.part(lambda: on_offering(ask, given, cursor, at_least))
    answered = listing.result()
    found, late = (answered, False) if isinstance(answered, Missing) else answered
    onward = found.next if isinstance(found, Listed) else None
    query = {"s": s, "cursor": onward} if s else {"cursor": onward}
    following = f"/admin/offerings/{id}/learners?{urlencode(query)}" if onward else None
    return show(LearnersView(offering.result(), asked, found, total.result(), STATES, following, late))


@router.post("")
def seek(_: SignedIn, show: ShowDep, sealer: SealerDep, id: UUID, asked: Annotated[SoughtForm, Form()]) -> Response:
    """By name, too: so the question is sealed before it is in an address (DIR-9)."""
    here = f"/admin/offerings/{id}/learners"
    sought = asked.name or asked.state
    return show.go(f"{here}?{urlencode({'s': sealed_question(sealer, asked)})}" if sought else here)


@router.get("/{person}/completion")
def recording(ask: Ask, show: ShowDep, id: UUID, person: UUID) -> Response:
    return _completion(ask, show, id, person, CompletionForm())


@router.post("/{person}/completion")
def record(ask: Ask, show: ShowDep, id: UUID, person: UUID, asked: Annotated[CompletionForm, Form()]) -> Response:
    try:
        receipt = course_assignments.record_completion(ask, asked.body(id, person), str(asked.key))
    except ServiceProblem as problem:
        return _completion(ask, show, id, person, asked, refused_in(problem))
    return show.go(f"/admin/offerings/{id}/learners", said="completion-recorded", receipt=receipt)


def _completion(
    ask: Asking, show: Show, id: UUID, person: UUID, asked: CompletionForm, refused: ServiceProblem | None = None
) -> Response:
    offering = ask.begin(lambda: offering_head(ask, id))
    names = ask.part(lambda: people_names(ask, [person])).result()
    known = {} if isinstance(names, Missing) else names
    name = known[person].name if person in known else ""
    view = CompletionView(offering.result(), person, name, asked, refused)
    return show(view, refused.status if refused else 200)
