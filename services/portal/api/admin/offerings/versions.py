"""The versions of a certification: a draft is written and published; what was published never changes (CAT-2, CAT-3, CAT-15)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar
from uuid import UUID, uuid5

from fastapi import APIRouter, Form, Response

from services.portal.api.admin.offerings.saving import save
from services.portal.api.admin.offerings.steps import StepsForm, wrong_step
from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import offerings
from services.portal.client.asking import Asking, ServiceProblem
from services.portal.client.catalog import OfferingHead
from services.portal.client.offerings import Version, WholeOffering
from services.portal.rendering import Show
from shared.errors import NotFound
from shared.limits import Place

router = APIRouter(prefix="/admin/offerings/{id}/versions")


@dataclass(frozen=True)
class VersionsView:
    """`draft`: the number of the version that can be written, the next one where there is none."""

    template: ClassVar[str] = "admin/offerings/versions.html"
    offering: WholeOffering
    draft: int


@dataclass(frozen=True)
class VersionView:
    """`there` None: not written yet; `asked` is what the form shows; `changed`: the steps as somebody else has made them meanwhile;
    `named`: the courses of steps; `found`: courses to choose from; `wrong`: the field that the refusal is about."""

    template: ClassVar[str] = "admin/offerings/version.html"
    offering: WholeOffering
    number: int
    there: Version | None
    asked: StepsForm
    changed: StepsForm | None
    named: Mapping[UUID, OfferingHead]
    found: list[OfferingHead]
    refused: ServiceProblem | None
    wrong: str


@router.get("")
def versions(ask: Ask, show: ShowDep, id: UUID) -> Response:
    found = offerings.whole(ask, id)
    drafts = [one.number for one in found.versions if one.state == "draft"]
    return show(VersionsView(found, drafts[-1] if drafts else len(found.versions) + 1))


@router.get("/{number}")
def version(ask: Ask, show: ShowDep, id: UUID, number: Place) -> Response:
    return _page(ask, show, id, number)


@router.post("/{number}")
def write(ask: Ask, show: ShowDep, id: UUID, number: Place, asked: Annotated[StepsForm, Form()]) -> Response:
    """Saves the draft, or publishes what was typed. Finds courses, adds, moves and removes steps, too."""
    if asked.do not in ("save", "publish"):
        return _page(ask, show, id, number, asked.pressed())

    def send(based_on: int) -> None:
        after = offerings.draft(ask, id, number, asked.body(), based_on, str(asked.key))
        if asked.do == "publish":
            offerings.publish(ask, id, number, after, str(uuid5(asked.key, "publish")) if asked.key else "")

    try:
        save(ask, id, asked, lambda there: StepsForm.of(there, number).was, send)
    except ServiceProblem as problem:
        return _page(ask, show, id, number, asked, refused_in(problem))
    return show.go(_at(id, number), said="version-published" if asked.do == "publish" else "saved")


@router.post("/{number}/retire")
def retire(
    ask: Ask,
    show: ShowDep,
    id: UUID,
    number: Place,
    key: Annotated[UUID, Form()],
    version: Annotated[int, Form()],
) -> Response:
    try:
        offerings.retire(ask, id, number, version, str(key))
    except ServiceProblem as problem:
        return _page(ask, show, id, number, refused=refused_in(problem))
    return show.go(_at(id, number), said="version-retired")


def _at(id: UUID, number: int) -> str:
    return f"/admin/offerings/{id}/versions/{number}"


def _page(
    ask: Asking,
    show: Show,
    id: UUID,
    number: int,
    asked: StepsForm | None = None,
    refused: ServiceProblem | None = None,
) -> Response:
    offering = offerings.whole(ask, id)
    there = offering.numbered(number)
    if offering.kind != "certification" or (there is None and number != len(offering.versions) + 1):
        raise NotFound("There is no such version.")
    now = StepsForm.of(offering, number)
    changed = None
    if asked and refused and refused.status == 412:
        changed, asked = now, asked.based_on(now)
    asked = asked or now
    naming = ask.begin(lambda: offerings.named(ask, asked.courses))
    found = offerings.found(ask, asked.q, "course") if asked.q else []
    named = naming.result()
    view = VersionView(
        offering, number, there, asked.titled(named), changed, named, found, refused, wrong_step(refused)
    )
    return show(view, refused.status if refused else 200)
