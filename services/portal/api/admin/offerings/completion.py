"""The learners of an offering by completion: due dates by hand, taking back, revoking (ADM-1, DUE-8, ENR-12)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel

from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import completion as client
from services.portal.client.asking import Asking, Listed, Missing, Receipt, ServiceProblem
from services.portal.client.catalog import OfferingHead, offering_head
from services.portal.client.completion import Score, Standing
from services.portal.client.people import Person, people_names
from services.portal.rendering import Show
from shared.limits import Cursor, Line, Remark

router = APIRouter(prefix="/admin/offerings/{id}/completion")

Shown = Literal["", "completed", "open"]
_COMPLETED: dict[Shown, bool | None] = {"": None, "completed": True, "open": False}


@dataclass(frozen=True)
class CompletionListView:
    """`names`, `scores`: by person and enrollment, as far as they are known now."""

    template: ClassVar[str] = "admin/offerings/completion.html"
    offering: OfferingHead
    shown: Shown
    found: Listed[Standing]
    names: dict[UUID, Person] | Missing
    scores: dict[UUID, Score] | Missing
    following: str | None


class Typed(BaseModel):
    """What the three forms send; `do` is the one that was sent."""

    key: UUID | None = None
    do: Literal["due", "take-back", "revoke", ""] = ""
    due_on: Line = ""
    reason: Remark = ""


@dataclass(frozen=True)
class OneCompletionView:
    template: ClassVar[str] = "admin/offerings/completion_of_one.html"
    offering: OfferingHead
    one: Standing
    name: str
    score: Score | None
    refused: ServiceProblem | None
    typed: Typed = field(default_factory=Typed)


@router.get("")
def completion(
    ask: Ask,
    show: ShowDep,
    id: UUID,
    shown: Annotated[Shown, Query()] = "",
    cursor: Annotated[Cursor, Query()] = "",
) -> Response:
    offering = ask.begin(lambda: offering_head(ask, id))
    found = client.standings(ask, id, completed=_COMPLETED[shown], cursor=cursor)
    names = ask.part(lambda: people_names(ask, [one.person_id for one in found.items]))
    scores = ask.part(lambda: client.scores(ask, [one.id for one in found.items]))
    query = {"shown": shown, "cursor": found.next} if shown else {"cursor": found.next}
    following = f"/admin/offerings/{id}/completion?{urlencode(query)}" if found.next else None
    return show(CompletionListView(offering.result(), shown, found, names.result(), scores.result(), following))


@router.get("/{enrollment}")
def one(ask: Ask, show: ShowDep, id: UUID, enrollment: UUID) -> Response:
    return _page(ask, show, id, enrollment, Typed())


@router.post("/{enrollment}")
def change(ask: Ask, show: ShowDep, id: UUID, enrollment: UUID, typed: Annotated[Typed, Form()]) -> Response:
    """One of the three, which each need a reason."""
    commands: dict[str, tuple[Callable[[], Receipt], str]] = {
        "due": (lambda: client.set_due(ask, enrollment, typed.due_on, typed.reason, str(typed.key)), "due-date-set"),
        "take-back": (
            lambda: client.take_back(ask, enrollment, typed.reason, str(typed.key)),
            "completion-taken-back",
        ),
        "revoke": (lambda: _revoke(ask, enrollment, typed), "certificate-revoked"),
    }
    here = f"/admin/offerings/{id}/completion/{enrollment}"
    if typed.do not in commands:
        return show.go(here)
    command, said = commands[typed.do]
    try:
        command()
    except ServiceProblem as problem:
        return _page(ask, show, id, enrollment, typed, refused_in(problem))
    return show.go(here, said=said)


def _revoke(ask: Asking, enrollment: UUID, typed: Typed) -> Receipt:
    return client.revoke(ask, client.standing(ask, enrollment).serial or "-", typed.reason, str(typed.key))


def _page(
    ask: Asking, show: Show, id: UUID, enrollment: UUID, typed: Typed, refused: ServiceProblem | None = None
) -> Response:
    offering = ask.begin(lambda: offering_head(ask, id))
    scores = ask.part(lambda: client.scores(ask, [enrollment]))
    found = client.standing(ask, enrollment)
    names = ask.part(lambda: people_names(ask, [found.person_id])).result()
    known = {} if isinstance(names, Missing) else names
    name = known[found.person_id].name if found.person_id in known else ""
    scored = scores.result()
    score = None if isinstance(scored, Missing) else scored.get(enrollment)
    view = OneCompletionView(offering.result(), found, name, score, refused, typed)
    return show(view, refused.status if refused else 200)
