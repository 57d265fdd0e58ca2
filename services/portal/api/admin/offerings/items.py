"""The courses and certifications that earn a qualification, with a warning where learners do not see one (CAT-9, CAT-11)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import APIRouter, Form, Response
from pydantic import Field

from services.portal.api.admin.offerings.choosing import chosen, items_called, titles
from services.portal.api.admin.offerings.forms import DescribedForm, wrong_field
from services.portal.api.admin.offerings.saving import Section, save
from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import offerings
from services.portal.client.asking import Asking, Missing, ServiceProblem
from services.portal.client.catalog import OfferingHead
from services.portal.client.offerings import ItemWarning, WholeOffering
from services.portal.rendering import Show
from shared.errors import NotFound
from shared.limits import Sought

router = APIRouter(prefix="/admin/offerings/{id}/items")


class ItemsForm(Section):
    """`q`: what is sought to be an item."""

    q: Sought = ""
    items: list[UUID] = Field(default_factory=list)

    @property
    def seeks(self) -> bool:
        return bool(self.q)


@dataclass(frozen=True)
class ItemsView:
    """`asked` is what the form shows; `changed`: the items as somebody else has chosen them meanwhile; `warned`: why learners do
    not see an item; `unknown`: enrollment did not say."""

    template: ClassVar[str] = "admin/offerings/items.html"
    offering: WholeOffering
    asked: ItemsForm
    changed: list[UUID] | None
    named: Mapping[UUID, OfferingHead]
    found: list[OfferingHead]
    warned: Mapping[UUID, Sequence[ItemWarning]]
    unknown: bool
    refused: ServiceProblem | None
    wrong: str


@router.get("")
def items(ask: Ask, show: ShowDep, id: UUID) -> Response:
    return _page(ask, show, id)


@router.post("")
def choose(ask: Ask, show: ShowDep, id: UUID, asked: Annotated[ItemsForm, Form()]) -> Response:
    """Finds, adds, moves and removes items, too."""
    if asked.do != "save":
        return _page(ask, show, id, asked.model_copy(update={"items": chosen(asked.items, asked.do)}))

    def send(based_on: int) -> None:
        described = DescribedForm.of(offerings.whole(ask, id)).body("qualification", asked.items)
        offerings.describe(ask, id, described, based_on, str(asked.key))

    try:
        save(ask, id, asked, lambda there: _there(there).was, send)
    except ServiceProblem as problem:
        return _page(ask, show, id, asked, refused_in(problem))
    return show.go(f"/admin/offerings/{id}/items", said="saved")


def _page(
    ask: Asking, show: Show, id: UUID, asked: ItemsForm | None = None, refused: ServiceProblem | None = None
) -> Response:
    warning = ask.part(lambda: offerings.item_warnings(ask, id))
    offering = offerings.whole(ask, id)
    if offering.kind != "qualification":
        raise NotFound("Only a qualification has items.")
    now = _there(offering)
    changed = None
    if asked and refused and refused.status == 412:
        changed, asked = now.items, asked.based_on(now)
    asked = asked or now
    naming = ask.begin(lambda: titles(ask, [*asked.items, *(changed or [])]))
    found = items_called(ask, asked.q)
    named, told = naming.result(), warning.result()
    warned = _warned(asked.items, named, [] if isinstance(told, Missing) else told)
    unknown = isinstance(told, Missing) and told.problem.status != 404
    view = ItemsView(offering, asked, changed, named, found, warned, unknown, refused, wrong_field(refused))
    return show(view, refused.status if refused else 200)


def _there(offering: WholeOffering) -> ItemsForm:
    return ItemsForm(items=list(offering.items)).as_read(offering.version)


def _warned(
    ids: Sequence[UUID], named: Mapping[UUID, OfferingHead], told: Sequence[ItemWarning]
) -> dict[UUID, list[ItemWarning]]:
    """What enrollment says, of its learners; and what the catalog knows, where there are none yet."""
    warned = {id: [one for one in told if one.item_id == id] for id in ids}
    for id in ids:
        reason = _unseen(named[id]) if id in named else ""
        if reason and reason not in {one.reason for one in warned[id]}:
            warned[id].append(ItemWarning(item_id=id, reason=reason, learners=0))
    return warned


def _unseen(item: OfferingHead) -> str:
    if not item.active:
        return "inactive"
    return "unpublished" if item.kind == "certification" and item.published is None else ""
