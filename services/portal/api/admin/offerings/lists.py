"""The certifications, courses and qualifications of the catalog, each kind as a list (ADM-1)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from services.portal.api.visitor import Ask, ShowDep
from services.portal.client import offerings
from services.portal.client.asking import Asking, Listed
from services.portal.client.catalog import OfferingHead
from services.portal.rendering import Show
from shared.limits import Cursor, Sought

router = APIRouter(prefix="/admin")

PATHS = {
    "certification": "/admin/certifications",
    "course": "/admin/courses",
    "qualification": "/admin/qualifications",
}
"""Where the list of each kind is."""


class Listing(BaseModel):
    """`q`: part of the title or code; `active`: empty for all."""

    q: Sought = ""
    active: Literal["", "true", "false"] = ""
    sort: Literal["title", "code"] = "title"
    cursor: Cursor = ""


@dataclass(frozen=True)
class OfferingsView:
    """`here`: the address of the list; `sorts`: by column, the address sorted by it, empty where it is; `following`: the next
    page."""

    template: ClassVar[str] = "admin/offerings/list.html"
    kind: str
    here: str
    found: Listed[OfferingHead]
    asked: Listing
    sorts: dict[str, str]
    following: str | None


@router.get("/certifications")
def certifications(ask: Ask, show: ShowDep, asked: Annotated[Listing, Query()]) -> Response:
    return _list(ask, show, "certification", asked)


@router.get("/courses")
def courses(ask: Ask, show: ShowDep, asked: Annotated[Listing, Query()]) -> Response:
    return _list(ask, show, "course", asked)


@router.get("/qualifications")
def qualifications(ask: Ask, show: ShowDep, asked: Annotated[Listing, Query()]) -> Response:
    return _list(ask, show, "qualification", asked)


def _list(ask: Asking, show: Show, kind: str, asked: Listing) -> Response:
    found = offerings.listed(ask, kind, asked.q, asked.active, asked.sort, asked.cursor)
    here = PATHS[kind]
    sorts = {one: "" if asked.sort == one else _address(here, asked, sort=one, cursor="") for one in ("title", "code")}
    following = _address(here, asked, cursor=found.next) if found.next else None
    return show(OfferingsView(kind, here, found, asked, sorts, following))


def _address(here: str, asked: Listing, **changed: str) -> str:
    query = asked.model_copy(update=changed).model_dump(exclude_defaults=True)
    return f"{here}?{urlencode(query)}" if query else here
