"""The profile of a person, changed on what was read; and moving to another home organisation (DIR-2, DIR-4)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel, JsonValue

from services.portal.api.entrance.joining import faults
from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client.asking import Asking, ServiceProblem
from services.portal.client.people import Unit
from services.portal.client.person_lists import units_called
from services.portal.client.persons import WholePerson, edit, move, whole_person
from services.portal.rendering import Show
from shared.limits import Line, Sought

router = APIRouter(prefix="/admin/people/{id}/profile")


class ProfileForm(BaseModel):
    """`version`: of the person as they were read."""

    key: UUID | None = None
    version: int = 0
    first_name: Line = ""
    last_name: Line = ""
    email: Line = ""
    user_name: Line = ""
    external_id: Line = ""
    country: Line = ""

    @classmethod
    def of(cls, found: WholePerson) -> "ProfileForm":
        told = found.model_dump(include={"version", "first_name", "last_name", "email", "user_name"})
        return cls(**told, external_id=found.external_id or "", country=found.country or "")

    def changes(self, there: "ProfileForm") -> dict[str, JsonValue]:
        """What is typed and is not so already; what is left empty stays as it is."""
        typed, now = self.model_dump(exclude={"key", "version"}), there.model_dump()
        return {name: value for name, value in typed.items() if value and value != now[name]}


class MoveForm(BaseModel):
    """`organisation`: a part of the name of the one that is sought; `do`: look, move."""

    key: UUID | None = None
    version: int = 0
    organisation: Sought = ""
    organisation_id: Line = ""
    do: Line = "look"


@dataclass(frozen=True)
class ProfileView:
    """`changed`: what is there now, where somebody else was faster; `faults`: fields that do not do."""

    template: ClassVar[str] = "admin/people/profile.html"
    found: WholePerson
    asked: ProfileForm
    changed: ProfileForm | None
    moving: MoveForm
    organisations: list[Unit]
    faults: tuple[str, ...]
    refused: ServiceProblem | None


@router.get("")
def profile(ask: Ask, show: ShowDep, id: UUID) -> Response:
    return _page(ask, show, id)


@router.post("")
def save(ask: Ask, show: ShowDep, id: UUID, asked: Annotated[ProfileForm, Form()]) -> Response:
    there = ProfileForm.of(whole_person(ask, id))
    changes = asked.changes(there)
    if changes or asked.version != there.version:
        try:
            edit(ask, id, changes, asked.version, str(asked.key))
        except ServiceProblem as problem:
            return _page(ask, show, id, asked=asked, refused=refused_in(problem))
    return show.go(f"/admin/people/{id}", said="saved")


@router.post("/organisation")
def to_organisation(ask: Ask, show: ShowDep, id: UUID, asked: Annotated[MoveForm, Form()]) -> Response:
    """Looks for organisations, too, so that what was chosen stays."""
    if asked.do != "move":
        return _page(ask, show, id, moving=asked)
    try:
        move(ask, id, asked.organisation_id or None, asked.version, str(asked.key))
    except ServiceProblem as problem:
        return _page(ask, show, id, moving=asked, refused=refused_in(problem))
    return show.go(f"/admin/people/{id}", said="unit-moved")


def _page(
    ask: Asking,
    show: Show,
    id: UUID,
    *,
    asked: ProfileForm | None = None,
    moving: MoveForm | None = None,
    refused: ServiceProblem | None = None,
) -> Response:
    sought = moving.organisation if moving else ""
    there = ask.begin(lambda: units_called(ask, "organisation", sought))
    found = whole_person(ask, id)
    now, changed = ProfileForm.of(found), None
    if refused and refused.status == 412:
        changed = now if asked else None
        asked = asked.model_copy(update={"version": now.version}) if asked else None
    wrong = faults(refused) if asked else ()
    view = ProfileView(found, asked or now, changed, moving or MoveForm(), there.result(), wrong, refused)
    return show(view, refused.status if refused else 200)
