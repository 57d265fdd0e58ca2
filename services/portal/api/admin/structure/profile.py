"""What an organisation sets for its people, with the contact whom they ask, edited on the version that was read (DIR-7, LRN-3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel, JsonValue

from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import structure
from services.portal.client.asking import Asking, Missing, ServiceProblem
from services.portal.client.directory import Contact
from services.portal.client.structure import Profile, Unit
from services.portal.languages import zones
from services.portal.rendering import Show
from shared.limits import Line, Remark

router = APIRouter(prefix="/admin/structure/units/{id}/profile")

Origins: TypeAlias = Mapping[UUID, Unit]
"""The organisations that values come from; those that whoever looks may not see are not in it."""


class ProfileForm(BaseModel):
    """As it was typed; empty: as the organisation above."""

    key: UUID | None = None
    version: int = 0
    access_days: Line = ""
    anonymous_registration: Line = ""
    key_field: Line = ""
    time_zone: Line = ""
    contact_name: Line = ""
    contact_email: Line = ""
    contact_telephone: Line = ""
    contact_text: Remark = ""
    record_assignment_types: Line = ""
    record_assignment_names: Line = ""

    def body(self) -> dict[str, JsonValue]:
        return {
            "access_days": self.access_days or None,
            "anonymous_registration": _choice(self.anonymous_registration),
            "key_field": _choice(self.key_field),
            "time_zone": self.time_zone or None,
            "contact": self._contact(),
            "record_assignment_types": _choice(self.record_assignment_types),
            "record_assignment_names": _choice(self.record_assignment_names),
        }

    def _contact(self) -> dict[str, JsonValue] | None:
        name, email, telephone, text = self.contact_name, self.contact_email, self.contact_telephone, self.contact_text
        if not any((name, email, telephone, text)):
            return None
        return {"name": name, "email": email or None, "telephone": telephone, "text": text}

    @classmethod
    def of(cls, profile: Profile) -> "ProfileForm":
        given = profile.set
        contact = given.contact or Contact()
        return cls(
            version=profile.version,
            access_days=str(given.access_days or ""),
            anonymous_registration=_word(given.anonymous_registration),
            key_field=_word(given.key_field),
            time_zone=given.time_zone or "",
            contact_name=contact.name,
            contact_email=contact.email or "",
            contact_telephone=contact.telephone,
            contact_text=contact.text,
            record_assignment_types=_word(given.record_assignment_types),
            record_assignment_names=_word(given.record_assignment_names),
        )


@dataclass(frozen=True)
class ProfileView:
    """`changed`: as somebody else has made it meanwhile; `above`: what holds in the organisation above, None: there is none, or it
    is not for whoever looks."""

    template: ClassVar[str] = "admin/structure/profile.html"
    unit: Unit
    asked: ProfileForm
    above: structure.Settings | None
    changed: ProfileForm | None
    zones: tuple[str, ...]
    refused: ServiceProblem | None


@router.get("")
def edit(ask: Ask, show: ShowDep, id: UUID) -> Response:
    return _page(ask, show, id)


@router.post("")
def save(ask: Ask, show: ShowDep, id: UUID, asked: Annotated[ProfileForm, Form()]) -> Response:
    try:
        structure.set_profile(ask, id, asked.body(), asked.version, str(asked.key))
    except ServiceProblem as problem:
        return _page(ask, show, id, asked, refused_in(problem))
    return show.go(f"/admin/structure/units/{id}", said="saved")


def _page(
    ask: Asking, show: Show, id: UUID, asked: ProfileForm | None = None, refused: ServiceProblem | None = None
) -> Response:
    own = ask.begin(lambda: structure.profile(ask, id))
    unit = structure.unit(ask, id)
    parent = unit.parent_id
    above = ask.part(lambda: structure.profile(ask, parent).holds).result() if parent else None
    there = ProfileForm.of(own.result())
    changed = None
    if asked and refused and refused.status == 412:
        changed, asked = there, asked.model_copy(update={"version": there.version})
    holds = None if isinstance(above, Missing) else above
    view = ProfileView(unit, asked or there, holds, changed, zones(), refused)
    return show(view, refused.status if refused else 200)


def origins(ask: Asking, profile: Profile) -> Origins:
    return structure.units(ask, list({one for one in profile.origin.values() if one}))


def _choice(typed: str) -> bool | None:
    return {"yes": True, "no": False}.get(typed)


def _word(chosen: bool | None) -> str:
    return "" if chosen is None else "yes" if chosen else "no"
