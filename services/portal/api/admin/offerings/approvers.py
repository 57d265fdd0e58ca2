"""Who decides on one kind of requests about an offering (CAT-13, APR-4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Response
from pydantic import JsonValue

from services.portal.api.admin.offerings.saving import save
from services.portal.api.admin.offerings.stages import StageRow, StagesForm
from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import offerings, people
from services.portal.client.asking import Asking, Listed, Missing, ServiceProblem
from services.portal.client.offerings import Stage, WholeOffering
from services.portal.client.people import Person
from services.portal.rendering import Show
from shared.auth import ROLES

router = APIRouter(prefix="/admin/offerings/{id}/configuration/approvals")

What = Literal["access", "later-due-date", "completion"]


@dataclass(frozen=True)
class ApproversView:
    """`what`: the kind of requests; `asked` is what the form shows; `changed`: the stages as somebody else has saved them
    meanwhile; `people`: names by id; `found`: whom the search finds, None: nothing was asked."""

    template: ClassVar[str] = "admin/offerings/approvers.html"
    offering: WholeOffering
    what: What
    asked: StagesForm
    changed: list[StageRow] | None
    people: Mapping[str, str] | Missing
    found: Listed[Person] | Missing | None
    roles: tuple[str, ...]
    refused: ServiceProblem | None


@router.get("/{what}")
def approvers(ask: Ask, show: ShowDep, id: UUID, what: What) -> Response:
    return _page(ask, show, id, what)


@router.post("/{what}")
def choose(ask: Ask, show: ShowDep, id: UUID, what: What, asked: Annotated[StagesForm, Form()]) -> Response:
    """Finds people, adds and removes stages and approvers, too."""
    if asked.do != "save":
        return _page(ask, show, id, what, asked.pressed())

    def send(based_on: int) -> None:
        there = offerings.whole(ask, id).approvals.model_dump(mode="json", exclude_none=True)
        body: dict[str, JsonValue] = {**there, _part(what): asked.body()}
        offerings.set_section(ask, id, "approvals", body, based_on, str(asked.key))

    try:
        save(ask, id, asked, lambda there: StagesForm.of(_stages(there, what), 0).was, send)
    except ServiceProblem as problem:
        return _page(ask, show, id, what, asked, refused_in(problem))
    return show.go(f"/admin/offerings/{id}/configuration", said="saved")


def _part(what: What) -> str:
    return what.replace("-", "_")


def _stages(there: WholeOffering, what: What) -> Sequence[Stage]:
    return {
        "access": there.approvals.access,
        "later-due-date": there.approvals.later_due_date,
        "completion": there.approvals.completion,
    }[what]


def _page(
    ask: Asking,
    show: Show,
    id: UUID,
    what: What,
    asked: StagesForm | None = None,
    refused: ServiceProblem | None = None,
) -> Response:
    offering = offerings.whole(ask, id)
    there = StagesForm.of(_stages(offering, what), offering.version)
    changed = None
    if asked and refused and refused.status == 412:
        changed, asked = there.stages, asked.based_on(there)
    asked = asked or there
    ids = asked.persons | there.persons
    names = ask.part(lambda: people.names(ask, ids))
    first, last = asked.first_name, asked.last_name
    found = ask.part(lambda: people.people_called(ask, first, last)).result() if first or last else None
    view = ApproversView(offering, what, asked, changed, names.result(), found, tuple(ROLES), refused)
    return show(view, refused.status if refused else 200)
