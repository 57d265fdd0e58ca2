"""One audience: who is in it, where it is assigned, and how it is changed or deleted (DIR-6)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel, Field

from services.portal.api.questions import Question, sealed_question, the_question
from services.portal.api.visitor import Ask, SealerDep, ShowDep, SignedIn, refused_in
from services.portal.client import audiences, people, structure
from services.portal.client.asking import Asking, Listed, Missing, ServiceProblem
from services.portal.client.audiences import Audience, Use
from services.portal.client.people import Person
from services.portal.client.structure import Unit
from services.portal.rendering import Show
from shared.limits import MANY, Cursor, Line, Sought

router = APIRouter(prefix="/admin/audiences/{id}")


class SoughtForm(BaseModel):
    """Whom to add."""

    first_name: Sought = ""
    last_name: Sought = ""


class MembersForm(BaseModel):
    """`person`: who was ticked; `s`: the search that found them."""

    key: UUID
    person: list[UUID] = Field(default=[], max_length=MANY)
    do: Line = "add"
    s: Question = ""


@dataclass(frozen=True)
class AudienceView:
    """`units` of its rule by their ids; `uses`: where it is assigned, None: not for whoever looks; `found`: who can be added, None:
    nobody was looked for; `s`: that search, sealed."""

    template: ClassVar[str] = "admin/audiences/audience.html"
    audience: Audience
    members: Listed[Person]
    units: dict[UUID, Unit] | Missing
    uses: Listed[Use] | Missing | None
    sought: SoughtForm
    s: str
    found: Listed[Person] | Missing | None
    following: str | None
    first: str | None
    refused: ServiceProblem | None


@dataclass(frozen=True)
class DeleteView:
    template: ClassVar[str] = "admin/audiences/delete.html"
    audience: Audience
    uses: Listed[Use] | Missing | None
    refused: ServiceProblem | None


@router.get("")
def audience(
    ask: Ask, show: ShowDep, sealer: SealerDep, id: UUID, s: Question = "", cursor: Annotated[Cursor, Query()] = ""
) -> Response:
    return _page(ask, show, id, the_question(sealer, s, SoughtForm), s, cursor)


@router.post("/find")
def find(_: SignedIn, show: ShowDep, sealer: SealerDep, id: UUID, asked: Annotated[SoughtForm, Form()]) -> Response:
    """By name: so the question is sealed before it is in an address (DIR-9)."""
    query = f"?{urlencode({'s': sealed_question(sealer, asked)})}" if asked.first_name or asked.last_name else ""
    return show.go(f"/admin/audiences/{id}{query}")


@router.post("/members")
def change(ask: Ask, show: ShowDep, sealer: SealerDep, id: UUID, asked: Annotated[MembersForm, Form()]) -> Response:
    here = f"/admin/audiences/{id}"
    if not asked.person:
        return show.go(here, said="nobody-ticked")
    add, remove = (asked.person, []) if asked.do == "add" else ([], asked.person)
    try:
        audiences.change_members(ask, id, add, remove, str(asked.key))
    except ServiceProblem as problem:
        return _page(ask, show, id, the_question(sealer, asked.s, SoughtForm), asked.s, "", refused_in(problem))
    query = f"?{urlencode({'s': asked.s})}" if asked.s and add else ""
    return show.go(f"{here}{query}", said="members-added" if add else "members-removed")


@router.get("/delete")
def ask_to_delete(ask: Ask, show: ShowDep, id: UUID) -> Response:
    return _deletion(ask, show, id)


@router.post("/delete")
def delete(
    ask: Ask, show: ShowDep, id: UUID, key: Annotated[UUID, Form()], version: Annotated[int, Form()]
) -> Response:
    try:
        audiences.delete(ask, id, version, str(key))
    except ServiceProblem as problem:
        return _deletion(ask, show, id, refused_in(problem))
    return show.go("/admin/audiences", said="audience-deleted")


def _page(
    ask: Asking,
    show: Show,
    id: UUID,
    sought: SoughtForm,
    s: str,
    cursor: str,
    refused: ServiceProblem | None = None,
) -> Response:
    there = ask.begin(lambda: audiences.members(ask, id, cursor))
    uses = ask.part(lambda: audiences.uses(ask, id)) if show.shell.may("read-assignments") else None
    audience = audiences.audience(ask, id)
    rule = audience.rule
    units = ask.part(lambda: structure.units(ask, rule.units)).result() if rule else {}
    looks = not rule and (sought.first_name or sought.last_name)
    found = ask.part(lambda: people.people_called(ask, sought.first_name, sought.last_name)).result() if looks else None
    members = there.result()
    here = f"/admin/audiences/{id}"
    following = f"{here}?{urlencode({'cursor': members.next})}" if members.next else None
    used = uses.result() if uses else None
    first = here if cursor else None
    view = AudienceView(audience, members, units, used, sought, s, found, following, first, refused)
    return show(view, refused.status if refused else 200)


def _deletion(ask: Asking, show: Show, id: UUID, refused: ServiceProblem | None = None) -> Response:
    uses = ask.part(lambda: audiences.uses(ask, id)) if show.shell.may("read-assignments") else None
    audience = audiences.audience(ask, id)
    view = DeleteView(audience, uses.result() if uses else None, refused)
    return show(view, refused.status if refused else 200)
