"""The audiences that there are (DIR-6)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from services.portal.api.visitor import Ask, ShowDep
from services.portal.client import audiences
from services.portal.client.asking import Listed
from services.portal.client.audiences import Audience
from shared.limits import Cursor, Sought

router = APIRouter(prefix="/admin/audiences")


@dataclass(frozen=True)
class AudiencesView:
    """`name`: the part of it that is looked for; `following`: the address of the next page."""

    template: ClassVar[str] = "admin/audiences/audiences.html"
    found: Listed[Audience]
    name: str
    following: str | None


@router.get("")
def list_audiences(
    ask: Ask, show: ShowDep, q: Annotated[Sought, Query()] = "", cursor: Annotated[Cursor, Query()] = ""
) -> Response:
    found = audiences.audiences(ask, q, cursor)
    query = {"q": q, "cursor": found.next} if q else {"cursor": found.next}
    following = f"{router.prefix}?{urlencode(query)}" if found.next else None
    return show(AudiencesView(found, q, following))
